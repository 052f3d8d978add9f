"""What a run did, in the contract's columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from sqs_core.model import Level, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqs_core.model import ConsumerSnapshot, Event, Snapshot

MOST_TROUBLES = 20
COLUMNS = (*(field.name for field in fields(Totals)), "in_flight_at_exit")
"""What is counted of messages and polls."""


def make_report(snapshot: Snapshot, duration_seconds: float) -> dict[str, Any]:
    """The sums over all queues; with several queues also `queues`, the same columns for each. `troubles` are the newest
    warnings and errors, `{code, queue, text, count}` each, oldest first."""
    parts = {consumer.queue: _columns(consumer) for consumer in snapshot.consumers}
    totals: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    for part in parts.values():
        requests.update(part["requests"])
        totals.update({name: value for name, value in part.items() if name != "requests"})
    report: dict[str, Any] = {**totals, "requests": dict(requests), "duration_seconds": round(duration_seconds, 3)}
    report["troubles"] = troubles_of(snapshot.events)[-MOST_TROUBLES:]
    if len(parts) > 1:
        report["queues"] = parts
    return report


def troubles_of(events: Iterable[Event]) -> list[dict[str, Any]]:
    """The warnings and errors among them."""
    return [
        {"code": event.code, "queue": event.queue, "text": event.text, "count": event.count}
        for event in events
        if event.level in (Level.WARNING, Level.ERROR)
    ]


def _columns(consumer: ConsumerSnapshot) -> dict[str, Any]:
    return {**asdict(consumer.totals), "in_flight_at_exit": consumer.held, "requests": dict(consumer.requests)}
