"""The lease keeper: extends the visibility of everything held, the buffer included, before it runs out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.errors import REMEDY, RequestError
from sqs_core.events import Code
from sqs_core.held import Held, Phase
from sqs_core.model import Level, Role, ThreadState

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sqs_core.holding import Holding
    from sqs_core.policy import LeasePolicy
    from sqs_core.pool import Slot
    from sqs_core.queue import Queue, Refusal

BATCH = 10
_LONGEST_SLEEP_SECONDS = 1.0
_SHORTEST_SLEEP_SECONDS = 0.02


class LeaseKeeper:
    """See the module. `policy` is asked each time, for the queue's visibility timeout may change while we run."""

    def __init__(self, queue: Queue, holding: Holding, policy: Callable[[], LeasePolicy], wake: threading.Event) -> None:
        self._policy, self._wake = policy, wake
        self._queue, self._holding = queue, holding
        self._ledger, self._events = holding.ledger, holding.events

    def step(self, slot: Slot) -> None:
        """Extend what is due, then sleep until the next is."""
        batches = self._due_batches()
        try:
            while batches:
                slot.moved()
                self._ledger.thread(slot.name, Role.LEASE, ThreadState.EXTENDING)
                self._extend(batches[0])
                self._let_go(batches.pop(0))
        finally:  # whatever ends this thread, its successor must be able to extend these, and the acker to release them
            for batch in batches:
                self._let_go(batch)
        self._ledger.thread(slot.name, Role.LEASE, ThreadState.IDLE)
        if not slot.stopping():
            self._wake.wait(self._sleep_seconds())
            self._wake.clear()

    def close(self, slot: Slot) -> None:
        """The thread ends on purpose."""
        self._ledger.thread_gone(slot.name)

    def _let_go(self, batch: list[Held]) -> None:
        with self._holding.lock:
            for held in batch:
                held.extending = False
            self._holding.acks.notify_all()

    def _due_batches(self) -> list[list[Held]]:
        now = self._ledger.clock.lease()
        due: list[Held] = []
        with self._holding.lock:
            expired = [held for held in self._holding.held_locked() if held.lease_deadline <= now]
            for held in self._holding.held_locked():
                if held.next_extension <= now < held.lease_deadline and self._wants_extension(held):
                    held.extending = True
                    due.append(held)
        for held in expired:
            self._holding.lose(held, "it ran out before it was extended" if not held.hung else "its handler hangs")
        return [due[start : start + BATCH] for start in range(0, len(due), BATCH)]

    def _sleep_seconds(self) -> float:
        now = self._ledger.clock.lease()
        with self._holding.lock:
            soonest = min(
                (
                    held.next_extension if self._wants_extension(held) else held.lease_deadline
                    for held in self._holding.held_locked()
                ),
                default=now + _LONGEST_SLEEP_SECONDS,
            )
        fresh = self._policy().margin_seconds / 2  # a message that comes in while we sleep
        return max(_SHORTEST_SLEEP_SECONDS, min(soonest - now, fresh, _LONGEST_SLEEP_SECONDS))

    def _extend(self, batch: list[Held]) -> None:
        now, lease_now = self._ledger.clock.monotonic(), self._ledger.clock.lease()
        entries: list[tuple[Held, int]] = []
        for held in batch:
            seconds = self._policy().extension_seconds(now - held.received)
            if seconds:
                entries.append((held, seconds))
            else:
                self._used_up(held)
        if not entries:
            return
        try:
            refusals = self._queue.change_visibility_batch([(held.message.receipt_handle, seconds) for held, seconds in entries])
        except RequestError as error:
            text = f"{error}; {REMEDY[error.trouble]}"
            self._events.record(Level.WARNING, Code.LEASE_ERROR, self._queue.name, text, collapse=error.trouble)
            self._later([held for held, _ in entries])
        else:
            self._extended(entries, refusals, lease_now)

    def _used_up(self, held: Held) -> None:
        """Twelve hours are over: SQS allows no further extension, and the message will come again."""
        text = f"message {held.message.message_id} was held for SQS's 12 hours; its lease cannot be extended further"
        self._events.record(Level.WARNING, Code.LEASE_LIMIT, self._queue.name, text)
        with self._holding.lock:
            held.next_extension = held.lease_deadline + 1

    def _extended(self, entries: list[tuple[Held, int]], refusals: dict[int, Refusal], lease_now: float) -> None:
        """`lease_now` is from before the request: an answer that was long on its way must not make a lease look longer."""
        gone, wall = [], self._ledger.clock.wall()
        with self._holding.lock:
            for index, (held, seconds) in enumerate(entries):
                refusal = refusals.get(index)
                if refusal is None:
                    held.extensions += 1
                    held.grant_lease(seconds, min(self._policy().margin_seconds, seconds / 2), lease_now, wall)
                    held.timeline.append((wall, f"lease extended by {seconds} s"))
                elif refusal.gone and held.phase is not Phase.SETTLING:
                    gone.append((held, refusal))
                else:
                    held.next_extension = lease_now + self._policy().retry_seconds
        for held, refusal in gone:
            self._holding.lose(held, f"{refusal.code}, SQS no longer honours the receipt")
        self._say_refused(refusals)

    def _say_refused(self, refusals: dict[int, Refusal]) -> None:
        for refusal in refusals.values():
            if not refusal.gone:
                text = f"an extension was refused: {refusal.code} {refusal.text}; trying again"
                self._events.record(Level.WARNING, Code.LEASE_ERROR, self._queue.name, text, collapse=refusal.code)

    def _later(self, batch: list[Held]) -> None:
        again = self._ledger.clock.lease() + self._policy().retry_seconds
        with self._holding.lock:
            for held in batch:
                held.next_extension = again

    def _wants_extension(self, held: Held) -> bool:
        """Not where the handler hangs, nor where we are about to give the message back ourselves."""
        if held.hung or held.extending:
            return False
        if held.phase is Phase.SETTLING:
            return held.verdict is not None and held.verdict.visibility_seconds is None
        return held.phase is not Phase.ENDED
