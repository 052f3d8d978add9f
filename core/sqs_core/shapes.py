"""What kind of message it is, as far as its body tells: so that hundreds of dead letters become a few lines."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqs_core.message import Message

_KINDS = ("type", "kind", "event", "event_type", "eventType", "event_name", "eventName", "detail-type", "action", "name", "Type")
_ERRORS = (
    "error",
    "exception",
    "errorType",
    "error_type",
    "ErrorType",
    "exceptionType",
    "RequestID",
    "ErrorCode",
    "ErrorMessage",
)
_LONGEST_BODY = 64 * 2**10
_LONGEST_NAME = 60
_MOST_FIELDS = 8
_CHANGING = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d+")


@dataclass(frozen=True, slots=True)
class ShapeGroup:
    """Messages of one shape: how many, and the id of one of them."""

    shape: str
    count: int
    example: str


def group_by_shape(messages: Iterable[Message]) -> list[ShapeGroup]:
    """The largest group first."""
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for message in messages:
        shape = shape_of(message)
        counts[shape] += 1
        examples.setdefault(shape, message.message_id)
    return [ShapeGroup(shape, count, examples[shape]) for shape, count in counts.most_common()]


def shape_of(message: Message) -> str:
    """A name for what it looks like: an error that it carries, its kind, its fields, else how its text begins."""
    for name in _ERRORS:
        if name in message.typed_attributes:
            return f"{name}: {_steady(str(message.typed_attributes[name].value))}"
    if len(message.body) > _LONGEST_BODY:
        return f"a body over {_LONGEST_BODY // 1024} KiB"
    try:
        body = message.json()
    except ValueError:
        return f"text: {_steady(message.body)}" if message.body.strip() else "nothing but white space"
    if not isinstance(body, dict):
        return f"JSON {_json_name(body)}"
    return _of_object(body)


def _of_object(body: dict[str, Any]) -> str:
    for name in _KINDS:
        if isinstance(body.get(name), str):
            return f"{name}: {_steady(body[name])}"
    fields = sorted(map(str, body))
    more = ", …" if len(fields) > _MOST_FIELDS else ""
    return _cut(f"{{{', '.join(fields[:_MOST_FIELDS])}{more}}}")


def _steady(text: str) -> str:
    """Without the ids and numbers that differ from message to message."""
    return _cut(_CHANGING.sub("#", " ".join(text[: _LONGEST_NAME * 4].split())))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"


def _json_name(value: Any) -> str:
    names = {bool: "true or false", int: "number", float: "number", str: "text", list: "list", type(None): "null"}
    return names.get(type(value), "value")
