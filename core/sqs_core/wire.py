"""Snapshots and events as JSON: the contract's names, ISO 8601 UTC times, optional fields left out when None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        "rests_until",
        "since",
    }
)
"""Fields that hold epoch seconds."""
OPTIONAL = frozenset(
    {"message_id", "error", "worker", "group_id", "error_type", "place", "pattern", "receive_count", "sent_at", "settling"}
)
"""Fields that are left out when None."""

_PLAIN = frozenset({str, int, float, bool})


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


def to_plain(value: Any) -> Any:
    """A record, or a sequence, mapping or value of one, as JSON types. In a mapping, names tell what is what, as in a record."""
    if isinstance(value, str):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return _named([(name, getattr(value, name)) for name in _names(type(value))])
    if isinstance(value, Mapping):
        return _named(value.items())
    if isinstance(value, tuple | list | Sequence):
        return [to_plain(item) for item in value]
    return value


def _named(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in pairs:
        if value is None:
            if name not in OPTIONAL:
                plain[name] = None
        elif name in TIMES and isinstance(value, float | int):
            plain[name] = iso(value)
        else:  # most values are plain already, and this is done for every message that is shown
            plain[name] = value if type(value) in _PLAIN else to_plain(value)
    return plain


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
