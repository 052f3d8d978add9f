"""A message on its way out: what is sent, how large it is by SQS's count, and the digests that prove it arrived whole."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.message import AttributeValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqs_core.message import Message

LARGEST_BYTES = 2**20
"""Of a message and of a batch: body, and names, types and values of its attributes (AWS: SQS message quotas)."""
MOST_ATTRIBUTES = 10
REPLAYED_FROM = "sqs-tui.replayed-from"
_TRACE = "AWSTraceHeader"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is sent. `key` says which one it is to its sender; SQS does not see it."""

    key: str
    body: str
    attributes: Mapping[str, AttributeValue]
    group_id: str | None = None
    dedup_id: str | None = None
    trace_header: str | None = None
    delay_seconds: int | None = None

    @property
    def size_bytes(self) -> int:
        """As SQS counts it against its limit."""
        return len(_utf8(self.body)) + sum(
            len(name.encode()) + len(value.type.encode()) + len(_value_bytes(value)) for name, value in self.attributes.items()
        )

    def request(self) -> dict[str, Any]:
        """The fields of SendMessage, without its queue; a batch's entry has the same."""
        fields: dict[str, Any] = {"MessageBody": self.body}
        if self.attributes:
            fields["MessageAttributes"] = {name: _attribute_out(value) for name, value in self.attributes.items()}
        if self.trace_header:
            fields["MessageSystemAttributes"] = {_TRACE: {"DataType": "String", "StringValue": self.trace_header}}
        if self.group_id is not None:
            fields["MessageGroupId"] = self.group_id
        if self.dedup_id is not None:
            fields["MessageDeduplicationId"] = self.dedup_id
        if self.delay_seconds is not None:
            fields["DelaySeconds"] = self.delay_seconds
        return fields

    def problem(self, largest_bytes: int = LARGEST_BYTES) -> str | None:
        """Why SQS would refuse it whatever the queue, or None."""
        if not self.body:
            return "its body is empty"
        if any("\ud800" <= character <= "\udfff" for character in self.body):
            return "its body holds half a character (a lone surrogate), which no UTF-8 can say"
        if len(self.attributes) > MOST_ATTRIBUTES:
            return f"it has {len(self.attributes)} attributes; SQS takes {MOST_ATTRIBUTES}"
        if self.size_bytes > largest_bytes:
            return f"it is larger, with its attributes, than the {largest_bytes:,} bytes that the queue takes"
        return None


def same_again(message: Message, key: str, dedup_id: str | None) -> Outgoing:
    """A message as it was: body, attributes, group and trace header, and nothing added."""
    return Outgoing(key, message.body, message.typed_attributes, message.group_id, dedup_id, message.system.get(_TRACE))


def replayed(message: Message, key: str, dedup_id: str | None) -> Outgoing:
    """A message to be handled again: told so by an attribute if there is room, with a deduplication id of its own for FIFO."""
    attributes = dict(message.typed_attributes)
    if REPLAYED_FROM in attributes or len(attributes) < MOST_ATTRIBUTES:
        attributes[REPLAYED_FROM] = AttributeValue("String", message.message_id or "unknown")
    return Outgoing(key, message.body, attributes, message.group_id, dedup_id, message.system.get(_TRACE))


def body_md5(text: str) -> str:
    """What SQS answers as MD5OfMessageBody."""
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def attributes_md5(attributes: Mapping[str, AttributeValue]) -> str:
    """What SQS answers as MD5OfMessageAttributes (AWS: "SQS message metadata", calculating the MD5 digest)."""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        value = attributes[name]
        for text in (name, value.type):
            digest.update(_with_length(text.encode()))
        digest.update(b"\x02" if isinstance(value.value, bytes) else b"\x01")
        digest.update(_with_length(_value_bytes(value)))
    return digest.hexdigest()


def _with_length(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def _value_bytes(value: AttributeValue) -> bytes:
    return value.value if isinstance(value.value, bytes) else _utf8(value.value)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _attribute_out(attribute: AttributeValue) -> dict[str, Any]:
    slot = "BinaryValue" if isinstance(attribute.value, bytes) else "StringValue"
    return {"DataType": attribute.type, slot: attribute.value}
