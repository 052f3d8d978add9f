"""Snapshots and events as JSON: the contract's names, ISO 8601 UTC times, optional fields left out when None."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqs_core.model import SCHEMA

if TYPE_CHECKING:
    from sqs_core.model import Event, Snapshot

_TIMES = frozenset(
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
_OPTIONAL = frozenset({"message_id", "error", "worker", "group_id", "error_type", "place", "pattern", "receive_count", "sent_at"})


def iso(seconds: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def snapshot_to_json(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as plain JSON types, `schema` first."""
    return {"schema": SCHEMA, **plain(asdict(snapshot))}


def event_to_json(event: Event) -> dict[str, Any]:
    """An event as plain JSON types."""
    fields: dict[str, Any] = plain(asdict(event))
    return fields


def plain(value: Any) -> Any:
    """Nested dataclass fields as JSON types: times as ISO 8601, optional fields left out when None."""
    if isinstance(value, dict):
        return {
            key: iso(item) if key in _TIMES and isinstance(item, float | int) else plain(item)
            for key, item in value.items()
            if not (item is None and key in _OPTIONAL)
        }
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
