"""Snapshots as lines for viewers: rendered once for all of them, and only what has changed since the line before.

A record that has not changed is the same object from one snapshot to the next, so its text is kept; a list is told as runs of
the list before, `[start, count]`, and new records. That keeps the price of a viewer off the price of a message.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqs_core.model import ConsumerSnapshot
from sqs_core.wire import iso, to_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqs_core.model import Finished, Snapshot

LISTS = ("threads", "in_flight", "history")
HISTORY_IN_FRAMES = 200
NEW_HISTORY_IN_A_FRAME = 24
"""A busy consumer finishes more between two frames than anybody reads: then only the newest are told."""
_FORGOTTEN_SECONDS = 3.0
EVENTS_IN_SUMMARY = 5
_SCALARS = tuple(field.name for field in fields(ConsumerSnapshot) if field.name not in (*LISTS, "queue"))

_encode = json.JSONEncoder(separators=(",", ":")).encode
Entry = tuple[Any, str]
Part = str | tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A snapshot as texts: `top` has engine, credentials and events, `consumers` the parts of each by queue."""

    number: int
    at: str
    top: Mapping[str, Part]
    consumers: Mapping[str, Mapping[str, Part]]


class FrameMaker:
    """Renders snapshots in turn. `summary` leaves out threads, messages and all but the newest events.

    `plain` makes JSON types of a record or a value.
    """

    def __init__(self, *, summary: bool, plain: Callable[[object], Any] = to_plain) -> None:
        self._summary = summary
        self._plain = plain
        self._entries: dict[int, Entry] = {}
        self._number = 0
        self._at = 0.0

    def render(self, snapshot: Snapshot) -> Rendered:
        """The texts of a snapshot; those of records that were in the one before are taken from there."""
        self._number += 1
        if not 0 <= snapshot.at - self._at <= _FORGOTTEN_SECONDS:
            self._entries = {}
        self._at = snapshot.at
        kept: dict[int, Entry] = {}
        events = snapshot.events[-EVENTS_IN_SUMMARY:] if self._summary else snapshot.events
        top: dict[str, Part] = {
            "engine": self._text(snapshot.engine),
            "credentials": self._entry(snapshot.credentials, kept)[1],
            "events": self._list(events, kept),
        }
        consumers = {consumer.queue: self._consumer(consumer, kept) for consumer in snapshot.consumers}
        self._entries = kept
        return Rendered(self._number, iso(snapshot.at), top, consumers)

    def _consumer(self, consumer: ConsumerSnapshot, kept: dict[int, Entry]) -> dict[str, Part]:
        parts: dict[str, Part] = {name: self._text(getattr(consumer, name)) for name in _SCALARS}
        if not self._summary:
            parts["threads"] = self._list(consumer.threads, kept)
            parts["in_flight"] = self._list(consumer.in_flight, kept)
            parts["history"] = self._list(self._newest(consumer.history), kept)
        return parts

    def _newest(self, history: Sequence[Finished]) -> Sequence[Finished]:
        """The newest without a gap: as many as are known already, and a few new ones; all at first."""
        history = history[-HISTORY_IN_FRAMES:]
        room = NEW_HISTORY_IN_A_FRAME if self._entries else len(history)
        for taken, finished in enumerate(reversed(history)):
            entry = self._entries.get(id(finished))
            room -= entry is None or entry[0] is not finished
            if room < 0:
                return history[len(history) - taken :]
        return history

    def _list(self, records: Iterable[object], kept: dict[int, Entry]) -> tuple[Entry, ...]:
        return tuple([self._entry(record, kept) for record in records])

    def _entry(self, record: object, kept: dict[int, Entry]) -> Entry:
        """The entry holds on to its record, so that no other can have the same id while it is looked up by it."""
        entry = self._entries.get(id(record))
        if entry is None or entry[0] is not record:
            entry = (record, self._text(record))
        kept[id(record)] = entry
        return entry

    def _text(self, value: object) -> str:
        return _encode(self._plain(value))


def frame_line(now: Rendered, before: Rendered | None, dropped: int) -> bytes:
    """The line that takes a viewer from `before` to `now`; complete where there is no before. `dropped` frames were left out."""
    head = {"type": "frame", "number": now.number, "base": before.number if before else None, "at": now.at, "dropped": dropped}
    parts = [_encode(head)[:-1]]
    parts += _changes(now.top, before.top if before else {})
    if before is None or now.consumers != before.consumers:
        consumers = [_consumer_change(queue, now, before) for queue in now.consumers]
        parts.append(f'"consumers":[{",".join(consumers)}]')
    return (",".join(parts) + "}\n").encode()


def _consumer_change(queue: str, now: Rendered, before: Rendered | None) -> str:
    known = before.consumers.get(queue, {}) if before else {}
    return "{" + ",".join([f'"queue":{_encode(queue)}', *_changes(now.consumers[queue], known)]) + "}"


def _changes(now: Mapping[str, Part], before: Mapping[str, Part]) -> list[str]:
    changed: list[str] = []
    for name, part in now.items():
        known = before.get(name)
        if isinstance(part, str):
            if part != known:
                changed.append(f'"{name}":{part}')
        elif part != known:
            changed.append(f'"{name}":{_patch(part, known if isinstance(known, tuple) else ())}')
    return changed


def _patch(now: tuple[Entry, ...], before: tuple[Entry, ...]) -> str:
    """A list as runs of the one before and new records."""
    places = {id(entry): place for place, entry in enumerate(before)}
    pieces: list[str] = []
    start = count = 0
    for entry in now:
        place = places.get(id(entry))
        if count and place == start + count:
            count += 1
            continue
        if count:
            pieces.append(f"[{start},{count}]")
            count = 0
        if place is None:
            pieces.append(entry[1])
        else:
            start, count = place, 1
    if count:
        pieces.append(f"[{start},{count}]")
    return f"[{','.join(pieces)}]"
