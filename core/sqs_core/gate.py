"""When a poll may go out: room for a full batch, one poll while idle, and a shared back-off after errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.words import Role, ThreadState

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.holding import Holding

MINIMUM_PREFETCH = 10
MAXIMUM_UNSETTLED = 100
"""Messages beyond the prefetch bound that may wait for the acker before polling stops."""
_PARKED_WAIT_SECONDS = 1.0


def prefetch_limit(workers: int) -> int:
    """How many messages may wait for so many workers."""
    return max(MINIMUM_PREFETCH, workers)


class PollGate:
    """Guarded by the ledger's lock. `open` is what pause and drain switch off."""

    def __init__(self, holding: Holding, batch: int) -> None:
        self.batch = batch
        self.open = True
        self.limit = MINIMUM_PREFETCH
        self._out: dict[str, float] = {}
        self._holding = holding
        self._busy_queue = False
        self._not_before = 0.0

    @property
    def out(self) -> int:
        """How many polls are out, those taken for stalled not counted."""
        return len(self._out)

    def enter(self, poller: str, stopping: Callable[[], bool]) -> int:
        """How many messages a poller may ask for now (`leave` must follow), or 0 after waiting a while, its state saying why."""
        holding = self._holding
        with holding.lock:
            state = self._state()
            if state is ThreadState.WAITING and not stopping():
                maximum = min(self.batch, self._wanted())
                self._out[poller] = holding.ledger.clock.lease()
                holding.ledger.thread_locked(poller, Role.POLLER, state, anew=True)
                return maximum
            holding.ledger.thread_locked(poller, Role.POLLER, state, keep_error=state is ThreadState.BACKING_OFF)
            if not stopping():
                self._set_room_at()
                holding.room.wait(self._wait_seconds())
            return 0

    def _set_room_at(self) -> None:
        self._holding.room_at = max(0, self.limit - (self.out + 1) * self.batch)

    def _state(self) -> ThreadState:
        if not self.open:
            return ThreadState.STOPPING if self._holding.draining else ThreadState.PAUSED
        if self._holding.ledger.clock.monotonic() < self._not_before:
            return ThreadState.BACKING_OFF
        if self.out and not self._busy_queue:
            return ThreadState.IDLE
        if len(self._holding.settling) > self.limit + MAXIMUM_UNSETTLED:
            self._holding.acks_block_polls = True
            return ThreadState.BLOCKED  # deletes do not get through: more messages would only pile up
        room = self.limit - self._holding.buffer.size - self.out * self.batch
        if room < self.batch and (self.out or self._holding.buffer.size):
            return ThreadState.BLOCKED if self._holding.buffer.size else ThreadState.IDLE
        return ThreadState.WAITING if self._wanted() > 0 else ThreadState.BLOCKED

    def _wanted(self) -> int:
        """A full batch, or what a run that ends after so many messages still needs beyond what is held and asked for."""
        budget = self._holding.budget
        if budget is None:
            return self.batch
        return budget - self._holding.ledger.finished_locked() - self._holding.size() - self.out * self.batch

    def _wait_seconds(self) -> float:
        pause = self._not_before - self._holding.ledger.clock.monotonic()
        return min(_PARKED_WAIT_SECONDS, pause) if pause > 0 else _PARKED_WAIT_SECONDS

    def leave(self, poller: str, received: int) -> None:
        """A poll has answered. A well-filled answer lets all pollers work, an empty one sends all but one to rest."""
        with self._holding.lock:
            self._out.pop(poller, None)  # not there if it was taken for stalled meanwhile
            if received * 2 >= self.batch:
                self._busy_queue = True
            elif not received:
                self._busy_queue = False
            self._set_room_at()
            if self._state() is ThreadState.WAITING:
                self._holding.room.notify_all()

    def stalled(self, after_seconds: float) -> dict[str, float]:
        """Pollers whose poll is out for longer, and for how many seconds; the time that this machine slept counts."""
        with self._holding.lock:
            now = self._holding.ledger.clock.lease()
            return {poller: now - since for poller, since in self._out.items() if now - since > after_seconds}

    def forget(self, poller: str) -> None:
        """No longer wait for this poller's answer."""
        with self._holding.lock:
            self._out.pop(poller, None)
            self._holding.room.notify_all()

    def back_off(self, seconds: float) -> None:
        """No poll goes out for so long, and then one only."""
        with self._holding.lock:
            self._not_before = max(self._not_before, self._holding.ledger.clock.monotonic() + seconds)
            self._busy_queue = False

    def end_pause(self) -> None:
        """Whatever it was that failed has been mended: poll at once."""
        with self._holding.lock:
            self._not_before = 0.0
            self._holding.room.notify_all()

    def set_open(self, is_open: bool) -> None:
        """Let polls out, or not. A poll that is out cannot be recalled."""
        with self._holding.lock:
            self.open = is_open
            self._holding.room.notify_all()

    def set_limit(self, workers: int) -> None:
        """The prefetch bound that goes with this many workers."""
        with self._holding.lock:
            self.limit = prefetch_limit(workers)
            self._holding.room.notify_all()
