"""When a pool of workers grows or shrinks by itself: a decision over what was seen lately, and what looks and resizes.

It doubles where every worker is busy and messages wait for one, and halves where a third of the workers would do; between the two
lies enough for no size to ask for another at once. What was seen before a resize says nothing of the pool after it, so it is
forgotten, and that is the pause between two resizes. Somebody who resizes by hand is left alone for a while.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.model import Autoscale, PoolName, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_core.consumer import QueueConsumer

_SHARE = 0.8
"""Of the looks: a worker that is between two messages as one looks is no idle one."""
_FACTOR = 2
_MISSED = 3
"""After so many looks that were not taken, what was seen before says nothing about now."""
_SPARE = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How often it looks, what must last how long before it resizes, and how long it rests after somebody resized by hand."""

    look_seconds: float = 0.5
    grow_after_seconds: float = 3.0
    shrink_after_seconds: float = 30.0
    rest_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Sight:
    """One look, at `at` (monotonic seconds): workers wanted and busy, and messages that wait for one, here or in SQS."""

    at: float
    workers: int
    busy: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Resize:
    """How many workers there are to be, and why."""

    target: int
    why: str


def decide(minimum: int, maximum: int, pace: Pace, sights: Sequence[Sight]) -> Resize | None:
    """What to do after these sights of a pool that kept its size, oldest first; None is nothing."""
    if not sights:
        return None
    now, workers = sights[-1].at, sights[-1].workers
    seen_seconds = now - sights[0].at
    lately = [sight for sight in sights if now - sight.at <= pace.grow_after_seconds]
    pressed = sum(sight.busy >= sight.workers and sight.waiting > 0 for sight in lately)
    if workers < maximum and seen_seconds >= pace.grow_after_seconds and pressed >= _SHARE * len(lately):
        why = f"for {pace.grow_after_seconds:g} s every worker was busy and messages waited"
        return Resize(min(maximum, workers * _FACTOR), why)
    spare = sum(sight.busy * _SPARE <= sight.workers for sight in sights)
    if workers > minimum and seen_seconds >= pace.shrink_after_seconds and spare >= _SHARE * len(sights):
        why = f"for {pace.shrink_after_seconds:g} s a third of the workers would have done"
        return Resize(max(minimum, workers // _FACTOR), why)
    return None


class Autoscaler:
    """Keeps a consumer's workers between two bounds. `step` is called by its supervisor, `rest` by whoever resizes by hand."""

    def __init__(self, minimum: int, maximum: int, pace: Pace | None = None) -> None:
        self.minimum, self.maximum, self.pace = minimum, maximum, pace or Pace()
        self._sights: deque[Sight] = deque()
        self._rest: tuple[float, float] | None = None  # until when: monotonic, and as people read it
        self._look_at = 0.0

    def view(self) -> Autoscale:
        """What faces are told of it."""
        return Autoscale(self.minimum, self.maximum, self._rest[1] if self._rest else None)

    def rest(self, now: float, wall: float) -> None:
        """Leave the pool alone for a while: somebody chose its size. Times are monotonic and epoch seconds."""
        self._rest = now + self.pace.rest_seconds, wall + self.pace.rest_seconds

    def step(self, consumer: QueueConsumer) -> None:
        """Look, if it is time to, and resize if that is called for."""
        now = consumer.clock.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + self.pace.look_seconds
        if self._rest is not None and now < self._rest[0]:
            self._sights.clear()
            return
        self._rest = None
        if self._sights and now - self._sights[-1].at > _MISSED * self.pace.look_seconds:
            self._sights.clear()  # paused, or the machine slept: nothing is known of the time between
        self._see(consumer, now)
        resize = decide(self.minimum, self.maximum, self.pace, self._sights)
        if resize is not None:
            self._sights.clear()
            consumer.resize(PoolName.WORKERS, resize.target, resize.why)

    def _see(self, consumer: QueueConsumer, now: float) -> None:
        holding, depth = consumer.holding, consumer.facts.depth
        visible = 0 if depth is None or depth.is_old(consumer.clock.wall()) else depth.visible
        with holding.lock:
            busy, waiting = holding.busy_locked(), holding.buffer.size + visible
        workers = consumer.pools()[Role.WORKER].target
        if self._sights and self._sights[-1].workers != workers:
            self._sights.clear()
        self._sights.append(Sight(now, workers, busy, waiting))
        while len(self._sights) > 1 and self._sights[1].at <= now - self.pace.shrink_after_seconds:
            self._sights.popleft()
