"""A message with its timeline, as it crosses the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqs_core.message_json import message_to_json, saved_from_fields
from sqs_core.model import MessageDetail, Outcome
from sqs_core.remote.records import MalformedError, reader
from sqs_core.wire import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMELINE_ENTRIES = 10_000


def detail_to_json(detail: MessageDetail) -> dict[str, Any]:
    """The message in the contract's shape, and what the consumer saw of it."""
    return {
        "message": message_to_json(detail.message),
        "timeline": [[iso(at), text] for at, text in detail.timeline],
        "outcome": detail.outcome,
        "replayable": detail.replayable,
        "error": detail.error,
        "place": detail.place,
    }


def detail_from_json(fields: Mapping[str, Any], queue: str) -> MessageDetail:
    """The detail that another process told. Raises `MalformedError`."""
    message, timeline = fields.get("message"), fields.get("timeline")
    if not isinstance(message, dict) or not isinstance(timeline, list) or len(timeline) > _TIMELINE_ENTRIES:
        raise MalformedError("a message lacks its fields or its timeline")
    try:
        saved = saved_from_fields(message, queue)
    except ValueError as error:
        raise MalformedError(str(error)) from error
    outcome = reader(Outcome | None)(fields.get("outcome"), "outcome")
    replayable = reader(bool)(fields.get("replayable"), "replayable")
    why, place = (reader(str | None)(fields.get(name), name) for name in ("error", "place"))
    return MessageDetail(saved.message, tuple(_entry(each) for each in timeline), outcome, replayable, why, place)


def _entry(value: Any) -> tuple[float, str]:
    if not isinstance(value, list) or len(value) != 2:
        raise MalformedError("timeline has an entry that is none")
    return reader(float, is_time=True)(value[0], "timeline"), reader(str)(value[1], "timeline")
