"""Snapshots and events as JSON: the contract's names, ISO 8601 UTC times, optional fields left out when None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqs_core.model import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqs_core.model import Event, Snapshot

TIMES = frozenset(
    {
        "at",
        "started_at",
        "received_at",
        "sent_at",
        "lease_expires_at",
        "finished_at",
        "first_at",
        "last_at",
        "expires_at",
        "last_refresh_at",
        "since",
    }
)
"""Fields that hold epoch seconds."""
OPTIONAL = frozenset({"message_id", "error", "worker", "group_id", "error_type", "place", "pattern", "receive_count", "sent_at"})
"""Fields that are left out when None."""


def iso(seconds: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def snapshot_to_json(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as plain JSON types, `schema` first."""
    return {"schema": SCHEMA, **to_plain(snapshot)}


def event_to_json(event: Event) -> dict[str, Any]:
    """An event as plain JSON types."""
    fields_of_it: dict[str, Any] = to_plain(event)
    return fields_of_it


def to_plain(record: Any) -> Any:
    """A record, or a tuple, mapping or value of one, as JSON types. In a mapping, names tell what a value is, as in a record."""
    if isinstance(record, str):
        return record
    if is_dataclass(record) and not isinstance(record, type):
        return _named((name, getattr(record, name)) for name in _names(type(record)))
    if isinstance(record, Mapping):
        return _named(record.items())
    if isinstance(record, tuple | list):
        return [to_plain(item) for item in record]
    return record


def _named(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {
        name: iso(value) if name in TIMES and isinstance(value, float | int) else to_plain(value)
        for name, value in pairs
        if not (value is None and name in OPTIONAL)
    }


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
