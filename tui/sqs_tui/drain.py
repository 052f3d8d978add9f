"""What remains of a drain, in words and as a fraction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqs_core.words import Role, RunState, ThreadState
from sqs_tui import format as shown

if TYPE_CHECKING:
    from sqs_core.model import ConsumerSnapshot, Snapshot

LONGEST_POLL_SECONDS = 20.0
_MOST_NAMES = 3
_BUSY = frozenset({ThreadState.HANDLING, ThreadState.HUNG})
ENDED = frozenset({RunState.STOPPED, RunState.FAILED})
PAUSED = frozenset({RunState.PAUSING, RunState.PAUSED})


class Drain(NamedTuple):
    """A drain as it is drawn: of which queues, what is still to end, how far it is (0–1), and when it is cut short (None: not
    known), as seconds and as epoch seconds."""

    queues: str
    remains: str
    fraction: float
    cut_short_in_seconds: float | None
    cut_short_at: float | None = None


class _Remainder(NamedTuple):
    busy: int
    held: int
    polls: int
    poll_seconds: float

    @property
    def work(self) -> float:
        # A poll cannot be hurried: what it still takes counts as well, so that the bar moves while one waits.
        return self.held + self.polls + self.poll_seconds


class DrainProgress:
    """Follows a drain from its first snapshot to the last."""

    def __init__(self) -> None:
        self._most_work = 0.0
        self._furthest = 0.0
        self._deadline_at: float | None = None

    def observe(self, snapshot: Snapshot, deadline_seconds: float | None) -> Drain:
        """The drain at this snapshot; `deadline_seconds` is what the engine says is left."""
        if deadline_seconds is not None and self._deadline_at is None:
            self._deadline_at = snapshot.at + deadline_seconds
        rest = _remainder(snapshot)
        self._most_work = max(self._most_work, rest.work)
        done = 1.0 if self._most_work == 0 else 1.0 - rest.work / self._most_work
        # The bar never runs backwards, even when an outstanding poll brings messages.
        self._furthest = max(self._furthest, min(done, 1.0))
        return Drain(_queues(snapshot), _words(rest, deadline_seconds), self._furthest, deadline_seconds, self._deadline_at)

    def is_clean(self, snapshot: Snapshot) -> bool:
        """Whether the engine ended by itself, within its deadline and with nothing held."""
        in_time = self._deadline_at is None or snapshot.at < self._deadline_at
        held = sum(consumer.held for consumer in snapshot.consumers)
        return snapshot.engine.state is RunState.STOPPED and in_time and held == 0


def _remainder(snapshot: Snapshot) -> _Remainder:
    threads = [(consumer, thread) for consumer in snapshot.consumers for thread in consumer.threads]
    ends_in_seconds = [
        _wait_seconds(consumer) - (snapshot.at - thread.since)
        for consumer, thread in threads
        if thread.role is Role.POLLER and thread.state is ThreadState.WAITING
    ]
    return _Remainder(
        busy=sum(1 for _, thread in threads if thread.role is Role.WORKER and thread.state in _BUSY),
        held=sum(consumer.held for consumer in snapshot.consumers),
        polls=len(ends_in_seconds),
        poll_seconds=max(0.0, min(max(ends_in_seconds, default=0.0), LONGEST_POLL_SECONDS)),
    )


def _queues(snapshot: Snapshot) -> str:
    names = [consumer.queue for consumer in snapshot.consumers if consumer.state not in ENDED]
    more = f" and {shown.plural(len(names) - _MOST_NAMES, 'more queue')}" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _wait_seconds(consumer: ConsumerSnapshot) -> float:
    return LONGEST_POLL_SECONDS if consumer.wait_seconds is None else consumer.wait_seconds


def _words(rest: _Remainder, deadline_seconds: float | None) -> str:
    parts = []
    if rest.busy:
        parts.append(f"{shown.plural(rest.busy, 'worker')} busy")
    if rest.held:
        parts.append(f"{rest.held:,} held")
    if rest.polls:
        verb = "ends" if rest.polls == 1 else "end"
        too_long = deadline_seconds is not None and rest.poll_seconds > deadline_seconds
        when = "too late, and not waited for" if too_long else f"in {int(rest.poll_seconds)} s"
        parts.append(f"{shown.plural(rest.polls, 'long poll')} {verb} {when}")
    return " · ".join(parts) or "nothing left to do, the last threads are ending"
