"""The acker: tells SQS in batches what became of messages, and ends them only on proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.errors import REMEDY, RequestError
from sqs_core.events import Code
from sqs_core.held import Held, Phase
from sqs_core.model import Level, Role, ThreadState
from sqs_core.parking import BATCH
from sqs_core.policy import Backoff

if TYPE_CHECKING:
    from sqs_core.holding import Holding
    from sqs_core.pool import Slot
    from sqs_core.queue import Queue, Refusal

_IDLE_WAIT_SECONDS = 1.0
_AFTER_DEATH_SECONDS = 1.0
_WORKERS_PER_ACKER = 16
_MAXIMUM_ACKERS = 4


class Acker:
    """Deletes and visibility changes, each in batches of 10 or after the linger.

    While there is work it looks by itself as often as the linger is long, so that nobody need wake it for a first message.
    """

    def __init__(self, queue: Queue, holding: Holding) -> None:
        self._queue, self._holding = queue, holding
        self._ledger, self._events = holding.ledger, holding.events
        self._backoff = Backoff(base_seconds=0.1, cap_seconds=5.0)
        self._failures = 0
        self._idle_at = 0.0

    def step(self, slot: Slot) -> None:
        """Send one batch that is due, or wait for one."""
        batch = self._next_batch(slot)
        if not batch:
            return
        try:
            self._answered(batch, self._send(batch))
        except RequestError as error:
            self._failed(batch, error)
        except BaseException:
            self._again(batch, _AFTER_DEATH_SECONDS)  # whatever ends this thread, its successor must find the batch
            raise

    def _send(self, batch: list[Held]) -> dict[int, Refusal]:
        verdict = batch[0].verdict
        if verdict is not None and verdict.visibility_seconds is None:
            return self._queue.delete_batch([held.message.receipt_handle for held in batch])
        return self._queue.change_visibility_batch(
            [(held.message.receipt_handle, held.verdict.visibility_seconds or 0) for held in batch if held.verdict]
        )

    def close(self, slot: Slot) -> None:
        """The thread ends on purpose."""
        self._ledger.thread_gone(slot.name)

    def _next_batch(self, slot: Slot) -> list[Held]:
        holding, clock = self._holding, self._ledger.clock
        with holding.lock:
            due, wait_seconds, ready = self._collect()
            batch = self._still_ours(due)
            if not batch:
                self._ledger.thread_locked(slot.name, Role.ACKER, ThreadState.IDLE)
                if not slot.stopping():
                    self._sleep(slot.name, wait_seconds, ready)
                return []
            for held in batch:
                holding.settling.remove(held)
            self._idle_at = clock.monotonic() + _IDLE_WAIT_SECONDS
            self._ledger.thread_locked(slot.name, Role.ACKER, ThreadState.DELETING)
            return batch

    def _still_ours(self, batch: list[Held]) -> list[Held]:
        """Those whose lease runs. Of the others somebody else may hold a newer receipt, and by ours SQS confirms what it does not
        do: a standard queue answers a delete by an old receipt with success."""
        now = self._ledger.clock.lease()
        late = [held for held in batch if held.lease_deadline <= now]
        for held in late:
            self._holding.lose_locked(held, "it ran out before its end was told")
        return [held for held in batch if held.phase is Phase.SETTLING] if late else batch

    def _sleep(self, name: str, seconds: float, ready: int) -> None:
        now, linger_seconds = self._ledger.clock.monotonic(), self._holding.linger_seconds
        if now < self._idle_at and linger_seconds:
            seconds = min(seconds, linger_seconds)
        self._holding.acks.wait(name, now, seconds, ready)

    def _collect(self) -> tuple[list[Held], float, int]:
        """A batch of one kind that is due now; else the seconds until one may be, and the most of one kind that is there."""
        now = self._ledger.clock.monotonic()
        kinds: dict[bool, list[Held]] = {True: [], False: []}
        wait_seconds = _IDLE_WAIT_SECONDS
        for held in self._holding.settling:
            if held.verdict is None or held.extending:
                continue  # an extension under way must not land after the release that follows it
            if held.due > now:
                wait_seconds = min(wait_seconds, held.due - now)
                continue
            kind = kinds[held.verdict.visibility_seconds is None]
            kind.append(held)
            if len(kind) == BATCH:
                return kind, 0.0, 0
        for kind in kinds.values():
            if kind:
                ripe_in = kind[0].settling_since + self._holding.linger_seconds - now
                if ripe_in <= 0 or self._holding.draining:
                    return kind, 0.0, 0
                wait_seconds = min(wait_seconds, ripe_in)
        return [], max(wait_seconds, 0.001), max(map(len, kinds.values()))

    def _answered(self, batch: list[Held], refusals: dict[int, Refusal]) -> None:
        if self._failures:
            self._failures = 0
            self._events.record(Level.INFO, Code.ACK_RECOVERED, self._queue.name, "deletes and releases go through again")
        self._holding.settle([held for index, held in enumerate(batch) if index not in refusals] if refusals else batch)
        for index, held in enumerate(batch) if refusals else ():
            if index in refusals:
                self._refused(held, refusals[index])

    def _refused(self, held: Held, refusal: Refusal) -> None:
        if refusal.gone:
            self._holding.lose(held, f"{refusal.code}, SQS no longer honours the receipt")
            return
        text = f"{refusal.code}: {refusal.text}; trying again"
        self._events.record(Level.WARNING, Code.ACK_REFUSED, self._queue.name, text, collapse=refusal.code)
        held.attempts += 1
        self._again([held], self._backoff.delay_seconds(held.attempts))

    def _failed(self, batch: list[Held], error: RequestError) -> None:
        self._failures += 1
        text = f"{error}; {REMEDY[error.trouble]}"
        self._events.record(Level.ERROR, Code.ACK_ERROR, self._queue.name, text, collapse=error.trouble)
        self._again(batch, self._backoff.delay_seconds(self._failures))

    def _again(self, batch: list[Held], delay_seconds: float) -> None:
        due = self._ledger.clock.monotonic() + delay_seconds
        with self._holding.lock:
            for held in batch:
                if held.phase is Phase.SETTLING and held not in self._holding.settling:
                    held.due = due
                    self._holding.settling.append(held)


def ackers_for(workers: int) -> int:
    """How many ackers keep up with this many workers: each sends 10 deletes a request."""
    return min(_MAXIMUM_ACKERS, 1 + workers // _WORKERS_PER_ACKER)
