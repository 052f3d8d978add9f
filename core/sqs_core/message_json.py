"""A message as a JSON object: the contract's shape for export, import, capture and replay."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.message import AttributeValue, Message
from sqs_core.model import SCHEMA
from sqs_core.wire import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_LINE_BYTES = 16 * 2**20
"""More than a message of 1 MiB takes, were every character escaped."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A message read from a line. `received_at` is as it was written, ISO 8601; `outcome` how a handler ended it then."""

    message: Message
    received_at: str | None = None
    outcome: str | None = None
    handler_ms: float | None = None


def message_to_json(message: Message, received_at: float | None = None) -> dict[str, Any]:
    """The contract's fields; `received_at` in epoch seconds, None for a message that was seen without a receive.

    `schema, message_id, body, attributes{name: {type, value}}, system, group_id, dedup_id, sent_at, received_at, receive_count`.
    Binary values are base64; times are ISO 8601 in UTC, or null.
    """
    return {
        "schema": SCHEMA,
        "message_id": message.message_id,
        "body": message.body,
        "attributes": {name: _attribute(value) for name, value in message.typed_attributes.items()},
        "system": dict(message.system),
        "group_id": message.group_id,
        "dedup_id": message.dedup_id,
        "sent_at": None if message.sent_at is None else iso(message.sent_at),
        "received_at": None if received_at is None else iso(received_at),
        "receive_count": message.receive_count,
    }


def message_from_json(line: bytes | str, queue: str = "") -> Saved:
    """The message of one line. Raises `ValueError` with what is wrong with which field; unknown fields are left alone."""
    if len(line) > LONGEST_LINE_BYTES:
        raise ValueError(f"it has {len(line):,} bytes, more than a message can have")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON ({error})") from error
    if not isinstance(fields, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - one kind of error for a line that cannot be read
    return saved_from_fields(fields, queue)


def saved_from_fields(fields: Mapping[str, Any], queue: str = "") -> Saved:
    """The message of a line that is parsed already. Raises `ValueError`."""
    if fields.get("schema") != SCHEMA:
        raise ValueError(f"schema is {fields.get('schema')!r}, not {SCHEMA}")
    typed = {name: _attribute_from(name, value) for name, value in _object(fields, "attributes").items()}
    system = {name: _text({name: value}, name) or "" for name, value in _object(fields, "system").items()}
    for name, key in (("group_id", "MessageGroupId"), ("dedup_id", "MessageDeduplicationId")):
        if (value := _text(fields, name)) is not None:
            system[key] = value
    body = _text(fields, "body")
    if body is None:
        raise ValueError("body is missing")
    message = Message(_text(fields, "message_id") or "", body, "", queue, typed, system)
    handler_ms = fields.get("handler_ms")
    took = float(handler_ms) if isinstance(handler_ms, int | float) else None
    return Saved(message, _text(fields, "received_at"), _text(fields, "outcome"), took)


def _attribute(value: AttributeValue) -> dict[str, str]:
    text = base64.b64encode(value.value).decode() if isinstance(value.value, bytes) else value.value
    return {"type": value.type, "value": text}


def _attribute_from(name: str, raw: Any) -> AttributeValue:
    if not isinstance(raw, dict):
        raise ValueError(f"attributes.{name} is no object")  # noqa: TRY004 - as above
    kind, text = _text(raw, "type"), _text(raw, "value")
    if not kind or text is None:
        raise ValueError(f"attributes.{name} lacks {'type' if not kind else 'value'}")
    if not kind.startswith("Binary"):
        return AttributeValue(kind, text)
    try:
        return AttributeValue(kind, base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"attributes.{name} is no base64 ({error})") from error


def _object(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{name} is no object")  # noqa: TRY004 - as above
    return value


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value
