"""A message as a JSON object: the contract's shape for export, import, capture and replay."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from sqs_core.model import SCHEMA
from sqs_core.wire import iso

if TYPE_CHECKING:
    from sqs_core.message import AttributeValue, Message


def message_to_json(message: Message) -> dict[str, Any]:
    """`schema, message_id, body, attributes{name: {type, value}}, system, group_id, dedup_id, sent_at, receive_count`.

    Binary values are base64; `sent_at` is ISO 8601 in UTC, or null.
    """
    return {
        "schema": SCHEMA,
        "message_id": message.message_id,
        "body": message.body,
        "attributes": {name: _attribute(value) for name, value in message.typed_attributes.items()},
        "system": dict(message.system),
        "group_id": message.group_id,
        "dedup_id": message.system.get("MessageDeduplicationId"),
        "sent_at": None if message.sent_at is None else iso(message.sent_at),
        "receive_count": message.receive_count,
    }


def _attribute(value: AttributeValue) -> dict[str, str]:
    text = base64.b64encode(value.value).decode() if isinstance(value.value, bytes) else value.value
    return {"type": value.type, "value": text}
