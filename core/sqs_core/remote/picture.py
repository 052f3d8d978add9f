"""What a viewer knows of a consumer: frames put together into snapshots. Whatever does not fit is refused, not guessed at."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from sqs_core.model import ConsumerSnapshot, CredentialReport, EngineInfo, Event, Snapshot
from sqs_core.remote.frames import LISTS
from sqs_core.remote.records import MOST_ITEMS, TYPE_NAMES, MalformedError, reader
from sqs_core.spending import requests_per_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqs_core.remote.records import Reader

_HINTS = get_type_hints(ConsumerSnapshot, localns=TYPE_NAMES)
_SCALARS = {name: reader(hint) for name, hint in _HINTS.items() if name not in LISTS}
_RECORDS = {name: reader(get_args(_HINTS[name])[0]) for name in LISTS}
_NEEDED = frozenset(field.name for field in fields(ConsumerSnapshot) if field.default is MISSING and field.name not in LISTS)


class Picture:
    """Frames in the order in which they came. `dropped` is how many the consumer left out for this viewer."""

    def __init__(self) -> None:
        self.dropped = 0
        self._number: int | None = None
        self._engine: EngineInfo | None = None
        self._credentials: CredentialReport | None = None
        self._events: tuple[Event, ...] = ()
        self._consumers: dict[str, dict[str, Any]] = {}

    def apply(self, frame: Mapping[str, Any]) -> Snapshot:
        """The snapshot after this frame. Raises `MalformedError`; then a complete frame is needed."""
        base = frame.get("base")
        if base is None:
            self.__init__()  # type: ignore[misc]
        elif base != self._number:
            raise MalformedError(f"a frame builds on frame {base!r}, and the last was {self._number}")
        self._number = reader(int)(frame.get("number"), "number")
        self.dropped = reader(int)(frame.get("dropped", 0), "dropped")
        self._read_top(frame)
        if "consumers" in frame:
            self._read_consumers(frame["consumers"])
        if self._engine is None:
            raise MalformedError("a frame lacks engine")
        at = reader(float, is_time=True)(frame.get("at"), "at")
        consumers = tuple(map(_snapshot, self._consumers.values()))
        return Snapshot(at, self._engine, self._credentials, consumers, self._events)

    def _read_top(self, frame: Mapping[str, Any]) -> None:
        if "engine" in frame:
            self._engine = reader(EngineInfo)(frame["engine"], "engine")
        if "credentials" in frame:
            value = frame["credentials"]
            self._credentials = None if value is None else reader(CredentialReport)(value, "credentials")
        if "events" in frame:
            self._events = _patched(self._events, frame["events"], reader(Event), "events")

    def _read_consumers(self, value: Any) -> None:
        if not isinstance(value, list):
            raise MalformedError("consumers is no list")
        consumers: dict[str, dict[str, Any]] = {}
        for each in value:
            if not isinstance(each, dict):
                raise MalformedError("a consumer is no object")
            queue = reader(str)(each.get("queue"), "queue")
            consumers[queue] = _consumer(self._consumers.get(queue, {}), each)
        self._consumers = consumers


def _snapshot(known: Mapping[str, Any]) -> ConsumerSnapshot:
    """What older consumers and recordings do not tell is made of what they do."""
    if "requests_per_message" in known:
        return ConsumerSnapshot(**known)
    spent = requests_per_message(sum(known["requests"].values()), known["totals"].received)
    return ConsumerSnapshot(**known, requests_per_message=spent)


def _consumer(known: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    now = dict.fromkeys(LISTS, ()) | dict(known)
    for name, read in _SCALARS.items():
        if name in changed:
            now[name] = read(changed[name], name)
    for name, read in _RECORDS.items():
        if name in changed:
            now[name] = _patched(now[name], changed[name], read, name)
    if lacking := _NEEDED - now.keys():
        raise MalformedError(f"a consumer lacks {', '.join(sorted(lacking))}")
    return now


def _patched(before: tuple[Any, ...], pieces: Any, read: Reader, name: str) -> tuple[Any, ...]:
    if not isinstance(pieces, list):
        raise MalformedError(f"{name} is no list")
    now: list[Any] = []
    for piece in pieces:
        if isinstance(piece, list):
            now.extend(_run(before, piece, name))
        else:
            now.append(read(piece, name))
        if len(now) > MOST_ITEMS:
            raise MalformedError(f"{name} has too many entries")
    return tuple(now)


def _run(before: tuple[Any, ...], piece: list[Any], name: str) -> tuple[Any, ...]:
    whole = len(piece) == 2 and all(isinstance(each, int) and not isinstance(each, bool) for each in piece)
    if not whole or piece[0] < 0 or piece[1] < 0 or piece[0] + piece[1] > len(before):
        raise MalformedError(f"{name} takes a run that was not there")
    return before[piece[0] : piece[0] + piece[1]]
