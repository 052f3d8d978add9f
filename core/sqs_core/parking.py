"""Where workers and ackers wait, and who of them is woken when: a switch of threads costs more than quick work does."""

from __future__ import annotations

import threading
from math import inf

BATCH = 10
"""Entries of a batch request, at most."""
LINGER_SECONDS = 0.1
"""How long a message waits for others to share its request. A FIFO queue's do not: the next of the group waits for the proof."""


class _Seat:
    __slots__ = ("bell", "called")

    def __init__(self) -> None:
        self.bell = threading.Lock()
        self.bell.acquire()
        self.called = False


class Parking:
    """Where workers wait for messages. One is called at a time: it calls the next itself if it finds more than it can take.

    All methods expect `lock` to be held. The one that came last is called first: its thread is the least cold. While one that
    was called is on its way nobody else is: quick work is done by few threads, without a switch of threads for each piece.
    Whoever returns from `wait` must look for work and call again if it leaves any.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._parked: list[_Seat] = []
        self._on_their_way = 0

    def wait(self, seconds: float) -> None:
        """Give up the lock until called, or for so long; hold it again at the end."""
        seat = _Seat()
        self._parked.append(seat)
        self._lock.release()
        try:
            seat.bell.acquire(timeout=seconds)
        finally:
            self._lock.acquire()
            if seat.called:
                self._on_their_way -= 1
            else:
                self._parked.remove(seat)

    def idle(self) -> bool:
        """Whether somebody is here and nobody on its way, so that a call would not be for nothing."""
        return bool(self._parked) and not self._on_their_way

    def call(self) -> None:
        """Call one, unless one is on its way."""
        if self.idle():
            self._call_last()

    def call_all(self) -> None:
        """Call everyone."""
        while self._parked:
            self._call_last()

    def _call_last(self) -> None:
        seat = self._parked.pop()
        seat.called = True
        self._on_their_way += 1
        seat.bell.release()


class Ackers:
    """Where ackers wait for a batch. All methods expect `lock` to be held.

    Somebody who sleeps is woken when a batch may be full, and when nobody would wake in time for what has just come in.
    """

    def __init__(self, lock: threading.Lock, linger_seconds: float) -> None:
        self._condition = threading.Condition(lock)
        self._linger_seconds = linger_seconds
        self._until: dict[str, float] = {}
        self._soonest = inf  # of those
        self._fresh = 0

    def wait(self, name: str, now: float, seconds: float, ready: int) -> None:
        """Give up the lock until woken, or for so long; `ready` is the most of one kind that is there and not yet due."""
        self._fresh = ready
        self._until[name] = now + seconds
        self._soonest = min(self._until.values())
        self._condition.wait(seconds)
        self._until.pop(name, None)
        self._soonest = min(self._until.values(), default=inf)

    def came(self, now: float, *, urgent: bool) -> None:
        """One more waits for an acker."""
        self._fresh += 1
        if self._until and (urgent or self._fresh >= BATCH or now + self._linger_seconds < self._soonest):
            self._fresh = 0
            self._condition.notify()

    def notify_all(self) -> None:
        """Wake everyone."""
        self._condition.notify_all()
