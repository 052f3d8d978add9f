"""Everything a consumer holds: the buffer, FIFO groups, what workers have, and what waits for the acker.

All of it is guarded by the ledger's lock. A message enters by `admit`, and leaves by `settle` or `lose`, exactly once.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from sqs_core.buffer import Buffer
from sqs_core.events import Code, EventLog
from sqs_core.failures import FAILED
from sqs_core.handling import Handling
from sqs_core.held import Held, Phase, Verdict
from sqs_core.masking import mask_secrets
from sqs_core.model import Level, Outcome, Role, ThreadState
from sqs_core.parking import LINGER_SECONDS, Ackers, Parking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqs_core.ledger import Ledger
    from sqs_core.model import InFlight, Message

_HANDLER_ENDED = {outcome: f"handler ended: {outcome}" for outcome in Outcome}
_SUCCESS = frozenset({Outcome.HANDLED, Outcome.DISCARDED})
_ENDS_A_TURN = frozenset({Outcome.HANDLED, Outcome.DISCARDED, Outcome.GIVEN_UP})


class Holding:
    """See the module. `maximum_receives` is the redrive policy's, or None where it is unknown or absent."""

    def __init__(self, ledger: Ledger, events: EventLog, queue: str, fifo: bool) -> None:
        self.ledger, self.events, self.queue, self.fifo = ledger, events, queue, fifo
        self.buffer = Buffer(fifo)
        self.lock = ledger.lock
        self.work, self.room = Parking(self.lock), threading.Condition(self.lock)
        self.room_at = 0  # pollers that wait for room can use it from so few buffered messages on
        self.acks_block_polls = False  # a poller found too much waiting for the ackers: they are to tell it when less does
        self.linger_seconds = 0.0 if fifo else LINGER_SECONDS
        self.acks = Ackers(self.lock, self.linger_seconds)
        self.settling: deque[Held] = deque()
        self.maximum_receives: int | None = None
        self.mask: Callable[[str, int | None], str] = mask_secrets  # of previews
        self.draining = self._overdue = False
        self.budget: int | None = None
        self.server_gone = False  # taken away on purpose: that polls fail says nothing
        self._held: dict[Held, None] = {}
        self._by_id: dict[str, Held] = {}
        self._handling = Handling()

    def admit(self, messages: Iterable[Message], lease_seconds: float, margin_seconds: float, skew_seconds: float) -> list[Held]:
        """Take responsibility for received messages, whose leases last for so long from now (≤ 0: they are lost already)."""
        clock, ledger = self.ledger.clock, self.ledger
        now, lease_now, wall = clock.monotonic(), clock.lease(), clock.wall()
        batch = [Held(message, now, wall, self.mask) for message in messages]
        server_now = wall - skew_seconds
        with self.lock:
            for held in batch:
                message_id = held.message.message_id
                if message_id in self._by_id:
                    self._delivered_again(self._by_id[message_id])
                held.grant_lease(lease_seconds, margin_seconds, lease_now, wall)
                self._held[held] = None
                self._by_id[message_id] = held
                if self.draining and (self._overdue or not self.on_last_receive(held.message)):
                    self._release(held)
                else:
                    self.buffer.place(held)
                if lease_seconds <= 0:
                    self.lose_locked(held, "its receive was answered so late that it had run out")
            ledger.count_locked("received", len(batch))
            ledger.count_locked("redelivered", sum([held.receive_count > 1 for held in batch]))
            ledger.queue_latencies_locked([server_now - held.sent_at for held in batch if held.sent_at is not None])
            self._call_workers()
        return batch

    def _call_workers(self) -> None:
        if self.buffer.ready and self.work.idle() and self._may_take():
            self.work.call()

    def _delivered_again(self, held: Held) -> None:
        """Where we were giving it back this is the proof, come faster than the answer; else our lease had run out."""
        if held.phase is Phase.SETTLING and held.verdict is not None and held.verdict.visibility_seconds is not None:
            self._withdraw(held)
            self._end(held, held.verdict.outcome, held.verdict.error, self.ledger.clock.wall())
        else:
            self.lose_locked(held, "SQS delivered it again while we held it")

    def on_last_receive(self, message: Message) -> bool:
        """True when the next receive by anyone moves the message to the dead-letter queue."""
        return self.maximum_receives is not None and message.receive_count >= self.maximum_receives

    def take(self, worker: str, stopping: Callable[[], bool], timeout_seconds: float) -> Held | None:
        """The next message for a worker, or None after the timeout or when the worker is to stop."""
        with self.lock:
            if not self._may_take() and not stopping():
                self.ledger.thread_locked(worker, Role.WORKER, ThreadState.IDLE)
                self.work.wait(timeout_seconds)
            clock = self.ledger.clock
            return self._next(worker, stopping, clock.monotonic(), clock.wall())

    def _next(self, worker: str, stopping: Callable[[], bool], now: float, wall: float) -> Held | None:
        held = self._hand_to(worker, now, wall) if self._may_take() and not stopping() else None
        self._call_workers()
        return held

    def _hand_to(self, worker: str, now: float, wall: float) -> Held:
        buffer, held = self.buffer, self.buffer.take()
        held.hand_to(worker, now, wall)
        self._handling.begin(worker, held)
        self.ledger.handling_locked(worker, held.message.message_id, wall)
        if buffer.size <= self.room_at:
            self.room.notify()
        return held

    def _may_take(self) -> bool:
        if not self.buffer.ready or self.budget is None:
            return bool(self.buffer.ready)
        return self.ledger.finished_locked() + len(self._held) - self.buffer.size < self.budget

    def conclude(self, held: Held, verdict: Verdict, stopping: Callable[[], bool] | None = None) -> Held | None:
        """A handler came to an end. Where the lease was lost meanwhile, only the late end is noted.

        With `stopping`, returns the worker's next message if one is there, which saves it a `take`.
        """
        ledger, worker, clock = self.ledger, held.worker, self.ledger.clock
        seconds = 0.0 if held.handling_since is None else clock.monotonic() - held.handling_since
        with self.lock:
            now, wall = clock.monotonic(), clock.wall()
            ledger.handler_ended_locked(worker, seconds, verdict.outcome in _SUCCESS)
            held.handler_ended(seconds, wall, _HANDLER_ENDED[verdict.outcome])
            self._handler_ended(held, verdict, now)
            return self._next(worker, stopping, now, wall) if stopping is not None and worker is not None else None

    def _handler_ended(self, held: Held, verdict: Verdict, now: float) -> None:
        held.done_handling = True
        self._handling.end(held)
        if held.phase is Phase.HANDLING:
            self._submit(held, verdict, now)
        elif held.phase is Phase.ENDED and self.fifo:
            self._end_turn(held, Outcome.LEASE_LOST)

    def _submit(self, held: Held, verdict: Verdict, now: float) -> None:
        held.submit(verdict, now)
        self.settling.append(held)
        self.acks.came(now, urgent=self.draining)

    def _release(self, held: Held) -> None:
        if self.on_last_receive(held.message):
            text = f"message {held.message.message_id} goes back unhandled with no receive left: the next receive dead-letters it"
            self.events.record(Level.WARNING, Code.FOLLOWER_SPENT, self.queue, text)
        self._submit(held, Verdict(Outcome.RELEASED, 0), self.ledger.clock.monotonic())

    def settle(self, proved: Iterable[Held]) -> None:
        """SQS confirmed what was asked: these messages end here, as their verdicts say."""
        ledger, deleted = self.ledger, 0
        latencies: list[float] = []
        with self.lock:
            now, wall = ledger.clock.monotonic(), ledger.clock.wall()
            for held in proved:
                if (verdict := held.verdict) is None or held.phase is Phase.ENDED:
                    continue
                deleted += verdict.outcome in _SUCCESS
                latencies.append(now - held.settling_since)
                self._end(held, verdict.outcome, verdict.error, wall)
            ledger.count_locked("deleted", deleted)
            ledger.ack_latencies_locked(latencies)
            if self.acks_block_polls:
                self.acks_block_polls = False
                self.room.notify_all()

    def lose(self, held: Held, why: str) -> None:
        """As `lose_locked`, for those who do not hold the lock."""
        with self.lock:
            self.lose_locked(held, why)

    def lose_locked(self, held: Held, why: str) -> None:
        """The lease is gone: SQS may deliver the message to anyone, and a late ack would prove nothing."""
        if held.phase is Phase.ENDED:
            return
        text = f"lease of {held.message.message_id} lost: {why}"
        self.events.record(Level.ERROR, Code.LEASE_LOST, self.queue, text, collapse=why)
        self._withdraw(held)
        self._end(held, Outcome.LEASE_LOST, why, self.ledger.clock.wall())

    def _withdraw(self, held: Held) -> None:
        """Ask nothing of SQS by a receipt that is dead: somebody else may hold the message now."""
        if held in self.settling:
            self.settling.remove(held)

    def _end(self, held: Held, outcome: Outcome, error: str | None, wall: float) -> None:
        was, message_id = held.phase, held.message.message_id
        if was is Phase.BUFFERED:
            self.buffer.remove(held)
        held.end(outcome, wall, error)
        self._held.pop(held, None)
        if self._by_id.get(message_id) is held:
            del self._by_id[message_id]
        self.ledger.end_locked(outcome)
        self.ledger.history.add(held)
        if outcome in FAILED:
            self.ledger.failures.add(held.finished())
        if self.fifo:
            if was is Phase.HANDLING and not held.done_handling and not held.hung:  # it runs on
                self._evict_followers(held)
            else:
                self._end_turn(held, outcome)
        if outcome not in _ENDS_A_TURN:  # a bounded run may receive and handle another in its place
            self.room.notify()
            self._call_workers()

    def _end_turn(self, held: Held, outcome: Outcome) -> None:
        if outcome not in _ENDS_A_TURN:
            self._evict_followers(held)
        self.buffer.end_turn(held)
        self._call_workers()

    def _evict_followers(self, held: Held) -> None:
        """After a failure nothing of the group may be handled before it: give the followers back."""
        for follower in self.buffer.take_followers(held):
            if follower.message.message_id == held.message.message_id:
                self.buffer.place_behind(held, follower)  # the same message, delivered again: it is nobody's follower
            else:
                self._release(follower)

    def begin_drain(self) -> None:
        """Give the buffer back, but for messages on their last allowed receive, which are handled instead."""
        with self.lock:
            self.draining = True
            for held in self.buffer.waiting():
                if not self.on_last_receive(held.message):
                    self.buffer.remove(held)
                    self._release(held)
            self.work.call_all()
            self.room.notify_all()
            self.acks.notify_all()

    def release_everything(self) -> None:
        """The deadline has come: give back also what handlers still work on. Their ends will be ignored."""
        with self.lock:
            self._overdue = True
            for held in list(self._held):
                if held.phase is Phase.BUFFERED:
                    self.buffer.remove(held)
                if held.phase is not Phase.SETTLING:
                    self._release(held)

    def forget_everything(self, why: str) -> None:
        """For a server that no longer exists: nobody is left to give anything back to."""
        with self.lock:
            for held in list(self._held):
                self._withdraw(held)
                self._end(held, Outcome.RELEASED, why, self.ledger.clock.wall())

    def mark_hung(self, timeout_seconds: float) -> list[str]:
        """Mark handlers past their time and return their workers' names. Their leases, if left, are no longer extended."""
        with self.lock:
            hung = self._handling.mark_hung(self.ledger.clock.monotonic() - timeout_seconds)
            for worker, held in hung.items():
                self.ledger.thread_locked(worker, Role.WORKER, ThreadState.HUNG, held.message.message_id)
                if held.phase is Phase.ENDED and self.fifo:
                    self._end_turn(held, Outcome.LEASE_LOST)  # its group waits for it no longer
        return list(hung)

    def release_hung(self) -> set[str]:
        """While draining nobody waits for a hung handler: its message goes back at once. The ids of such messages."""
        with self.lock:
            hung = [held for held in self._held if held.hung and held.phase is Phase.HANDLING]
            for held in hung:
                self._release(held)
        return {held.message.message_id for held in hung}

    def worker_died(self, worker: str) -> None:
        """A worker's thread ended without a verdict: its message is to be retried at once."""
        with self.lock:
            if (held := self._handling.of(worker)) is not None:
                died = Verdict(Outcome.RETRIED, 0, "the worker's thread died")
                self._handler_ended(held, died, self.ledger.clock.monotonic())

    def held_locked(self) -> Iterable[Held]:
        return self._held

    def find_locked(self, message_id: str) -> Held | None:
        return self._by_id.get(message_id)

    def size(self) -> int:
        """How many messages are held."""
        return len(self._held)

    def in_flight_locked(self) -> tuple[InFlight, ...]:
        return tuple([held.record() for held in self._held])

    def busy_locked(self) -> int:
        """Workers whose handler runs, on a lost lease too; hung ones not counted."""
        return self._handling.busy()
