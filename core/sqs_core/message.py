"""A message as a handler gets it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqs_core.clock import LATEST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """A message attribute as SQS has it: `type` is String, Number or Binary with an optional custom suffix."""

    type: str
    value: str | bytes

    @property
    def python(self) -> str | int | float | bytes:
        """The value for a handler: Number becomes int or float where Python can read it, else the original string."""
        if not self.type.startswith("Number") or isinstance(self.value, bytes):
            return self.value
        for number in (int, float):
            try:
                return number(self.value)
            except ValueError:
                continue
        return self.value


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """One received message, as a handler gets it.

    `system` holds AWS's own attributes under AWS's names, as strings. `receipt_handle` is for the engine alone.
    """

    message_id: str
    body: str
    receipt_handle: str = field(repr=False)
    queue: str
    typed_attributes: Mapping[str, AttributeValue]
    system: Mapping[str, str]

    def __init__(
        self,
        message_id: str,
        body: str,
        receipt_handle: str,
        queue: str,
        typed_attributes: Mapping[str, AttributeValue] = _NOTHING,
        system: Mapping[str, str] = _NOTHING,
    ) -> None:
        # What a frozen dataclass makes looks each field up by its name, which takes twice as long; one is made per message.
        _set_message_id(self, message_id)
        _set_body(self, body)
        _set_receipt_handle(self, receipt_handle)
        _set_queue(self, queue)
        _set_typed_attributes(self, typed_attributes)
        _set_system(self, system)

    def json(self) -> Any:
        """The body parsed as JSON. Raises `ValueError` (also for bodies nested too deep to parse)."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("the body is nested too deep to parse as JSON") from error

    @property
    def attributes(self) -> dict[str, str | int | float | bytes]:
        """Message attributes by name: str, number or bytes."""
        return {name: attribute.python for name, attribute in self.typed_attributes.items()}

    @property
    def receive_count(self) -> int:
        """How often SQS says this message was received, this time included; 1 where the server does not tell."""
        return _integer(self.system, "ApproximateReceiveCount", 1)

    @property
    def sent_at(self) -> float | None:
        """When the message was sent, epoch seconds by SQS's clock; None where the server does not tell, or tells no time."""
        milliseconds = _integer(self.system, "SentTimestamp", 0)
        return milliseconds / 1000 if 0 < milliseconds <= LATEST_SECONDS * 1000 else None

    @property
    def group_id(self) -> str | None:
        """The message group id, or None."""
        group_id = self.system.get("MessageGroupId")
        return group_id if group_id is None else str(group_id)

    @property
    def dedup_id(self) -> str | None:
        """The deduplication id of a FIFO queue's message, or None."""
        return self.system.get("MessageDeduplicationId")


def _setter(name: str) -> Callable[[Message, Any], None]:
    setter: Callable[[Message, Any], None] = getattr(Message, name).__set__
    return setter


_set_message_id, _set_body, _set_receipt_handle = _setter("message_id"), _setter("body"), _setter("receipt_handle")
_set_queue, _set_typed_attributes, _set_system = _setter("queue"), _setter("typed_attributes"), _setter("system")


def _integer(texts: Mapping[str, str], name: str, otherwise: int) -> int:
    try:
        return int(texts[name])
    except (KeyError, OverflowError, TypeError, ValueError):
        return otherwise
