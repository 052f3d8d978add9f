"""Everything a consumer holds: the buffer, FIFO groups, what workers have, and what waits for the acker.

All of it is guarded by the ledger's lock. A message enters by `admit`, and leaves by `settle` or `lose`, exactly once.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from sqs_core.buffer import Buffer
from sqs_core.events import Code, EventLog
from sqs_core.held import Held, Phase, Verdict
from sqs_core.masking import mask_secrets
from sqs_core.model import Level, Outcome, Role, ThreadState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqs_core.ledger import Ledger
    from sqs_core.model import InFlight, Message

_ENDS_A_TURN = frozenset({Outcome.HANDLED, Outcome.DISCARDED, Outcome.GIVEN_UP})


class Holding:
    """See the module. `maximum_receives` is the redrive policy's, or None where it is unknown or absent."""

    def __init__(self, ledger: Ledger, events: EventLog, queue: str, fifo: bool) -> None:
        self.ledger, self.events, self.queue, self.fifo = ledger, events, queue, fifo
        self.buffer = Buffer(fifo)
        self.lock = ledger.lock
        self.work = threading.Condition(self.lock)
        self.room = threading.Condition(self.lock)
        self.acks = threading.Condition(self.lock)
        self.settling: deque[Held] = deque()
        self.maximum_receives: int | None = None
        self.mask: Callable[[str, int | None], str] = mask_secrets  # of previews
        self.draining = False
        self.budget: int | None = None
        self.server_gone = False  # taken away on purpose: that polls fail says nothing
        self._held: dict[Held, None] = {}
        self._by_id: dict[str, Held] = {}

    @property
    def buffered(self) -> int:
        """How many messages wait for a worker."""
        return self.buffer.size

    def admit(self, messages: Iterable[Message], lease_seconds: float, margin_seconds: float, skew_seconds: float) -> None:
        """Take responsibility for received messages, whose leases last for so long from now (≤ 0: they are lost already)."""
        clock = self.ledger.clock
        now, lease_now, wall = clock.monotonic(), clock.lease(), clock.wall()
        with self.lock:
            for message in messages:
                previous = self._by_id.get(message.message_id)
                if previous is not None:
                    self._delivered_again(previous)
                held = Held(message, now, wall, self.mask)
                held.grant_lease(lease_seconds, margin_seconds, lease_now, wall)
                held.timeline.append((wall, f"received, receive count {message.receive_count}"))
                self._held[held] = None
                self._by_id[message.message_id] = held
                self._count_receive(message, wall - skew_seconds)
                self._place(held)
                if lease_seconds <= 0:
                    self.lose_locked(held, "its receive was answered so late that it had run out")
            self.work.notify(self.buffer.ready())

    def _delivered_again(self, held: Held) -> None:
        """Where we were giving it back this is the proof, come faster than the answer; else our lease had run out."""
        if held.phase is Phase.SETTLING and held.verdict is not None and held.verdict.visibility_seconds is not None:
            self._withdraw(held)
            self._end(held, held.verdict.outcome, held.verdict.error)
        else:
            self.lose_locked(held, "SQS delivered it again while we held it")

    def _count_receive(self, message: Message, server_now: float) -> None:
        self.ledger.count_locked("received")
        if message.receive_count > 1:
            self.ledger.count_locked("redelivered")
        if message.sent_at is not None:
            self.ledger.queue_latencies_locked((server_now - message.sent_at,))

    def _place(self, held: Held) -> None:
        if self.draining and not self.on_last_receive(held.message):
            self._release(held)
            return
        self.buffer.place(held)

    def on_last_receive(self, message: Message) -> bool:
        """True when the next receive by anyone moves the message to the dead-letter queue."""
        return self.maximum_receives is not None and message.receive_count >= self.maximum_receives

    def take(self, worker: str, stopping: Callable[[], bool], timeout_seconds: float) -> Held | None:
        """The next message for a worker, or None after the timeout or when the worker is to stop."""
        with self.lock:
            self.ledger.thread_locked(worker, Role.WORKER, ThreadState.IDLE)
            if not self._may_take() and not stopping():
                self.work.wait(timeout_seconds)
            if stopping() or not self._may_take():
                return None
            held = self.buffer.take()
            held.phase, held.worker, held.handling_since = Phase.HANDLING, worker, self.ledger.clock.monotonic()
            held.timeline.append((self.ledger.clock.wall(), f"handed to {worker}"))
            held.changed()
            self.ledger.thread_locked(worker, Role.WORKER, ThreadState.HANDLING, held.message.message_id)
            self.room.notify()
            return held

    def _may_take(self) -> bool:
        if not self.buffer.ready():
            return False
        if self.budget is None:
            return True
        return self.ledger.finished_locked() + len(self._held) - self.buffer.size < self.budget

    def conclude(self, held: Held, verdict: Verdict) -> None:
        """A handler came to an end. Where the lease was lost meanwhile, only the late end is noted."""
        ledger, now = self.ledger, self.ledger.clock.monotonic()
        seconds = now - (held.handling_since if held.handling_since is not None else now)
        with self.lock:
            held.done_handling, held.handler_seconds = True, seconds
            ledger.handler_latency_locked(seconds)
            if held.worker is not None:
                ledger.thread_result_locked(held.worker, verdict.outcome in (Outcome.HANDLED, Outcome.DISCARDED))
            if held.phase is Phase.HANDLING:
                held.timeline.append((ledger.clock.wall(), f"handler ended: {verdict.outcome}"))
                self._submit(held, verdict)
            elif held.phase is Phase.ENDED:
                self._end_turn(held, Outcome.LEASE_LOST)

    def _submit(self, held: Held, verdict: Verdict) -> None:
        held.phase, held.verdict = Phase.SETTLING, verdict
        held.settling_since = held.due = self.ledger.clock.monotonic()
        held.changed()
        self.settling.append(held)
        self.acks.notify()

    def _release(self, held: Held) -> None:
        if self.on_last_receive(held.message):
            self._say_spent(held)
        self._submit(held, Verdict(Outcome.RELEASED, 0))

    def _say_spent(self, held: Held) -> None:
        self.events.record(
            Level.WARNING,
            Code.FOLLOWER_SPENT,
            self.queue,
            f"message {held.message.message_id} goes back unhandled with no receive left: the next receive dead-letters it",
        )

    def settle(self, held: Held, outcome: Outcome, error: str | None) -> None:
        """SQS confirmed what was asked: the message ends here."""
        with self.lock:
            if held.phase is Phase.ENDED:
                return
            if outcome in (Outcome.HANDLED, Outcome.DISCARDED):
                self.ledger.count_locked("deleted")
            self.ledger.ack_latency_locked(self.ledger.clock.monotonic() - held.settling_since)
            self._end(held, outcome, error)

    def lose(self, held: Held, why: str) -> None:
        """The lease is gone: SQS may deliver the message to anyone, and a late ack would prove nothing."""
        with self.lock:
            self.lose_locked(held, why)

    def lose_locked(self, held: Held, why: str) -> None:
        """As `lose`, under the lock."""
        if held.phase is Phase.ENDED:
            return
        text = f"lease of {held.message.message_id} lost: {why}"
        self.events.record(Level.ERROR, Code.LEASE_LOST, self.queue, text, collapse=why)
        self._withdraw(held)
        self._end(held, Outcome.LEASE_LOST, why)

    def _withdraw(self, held: Held) -> None:
        """Ask nothing of SQS by a receipt that is dead: somebody else may hold the message now."""
        if held in self.settling:
            self.settling.remove(held)

    def _end(self, held: Held, outcome: Outcome, error: str | None) -> None:
        was = held.phase
        if was is Phase.BUFFERED:
            self.buffer.remove(held)
        held.phase = Phase.ENDED
        self._held.pop(held, None)
        if self._by_id.get(held.message.message_id) is held:
            del self._by_id[held.message.message_id]
        self.ledger.end_locked(outcome)
        wall = self.ledger.clock.wall()
        held.timeline.append((wall, outcome.value))
        finished = held.finished(outcome, wall, error)
        self.ledger.history.add(finished, held.message, tuple(held.timeline))
        self.ledger.failures.add(finished)
        still_running = was is Phase.HANDLING and not held.done_handling and not held.hung
        if still_running:
            self._evict_followers(held)
        else:
            self._end_turn(held, outcome)
        self.room.notify()
        if self.budget is not None:
            self.work.notify()  # a message that failed frees its place among those a bounded run may still take

    def _end_turn(self, held: Held, outcome: Outcome) -> None:
        if outcome not in _ENDS_A_TURN:
            self._evict_followers(held)
        self.buffer.end_turn(held)
        self.work.notify()

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
            self.work.notify_all()
            self.room.notify_all()

    def release_everything(self) -> None:
        """The deadline has come: give back also what handlers still work on. Their ends will be ignored."""
        with self.lock:
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
                self._end(held, Outcome.RELEASED, why)

    def mark_hung(self, timeout_seconds: float) -> list[str]:
        """Mark handlers past their time and return their workers' names. Their leases are no longer extended."""
        now, names = self.ledger.clock.monotonic(), []
        with self.lock:
            for held in self._held:
                if held.phase is not Phase.HANDLING or held.hung or held.handling_since is None:
                    continue
                if now - held.handling_since > timeout_seconds and held.worker is not None:
                    held.hung = True
                    names.append(held.worker)
                    self.ledger.thread_locked(held.worker, Role.WORKER, ThreadState.HUNG, held.message.message_id)
        return names

    def has_hung(self) -> bool:
        """Whether a handler past its time still holds a message."""
        with self.lock:
            return any(held.hung and held.phase is Phase.HANDLING for held in self._held)

    def release_hung(self) -> None:
        """While draining nobody waits for a hung handler: its message goes back at once."""
        with self.lock:
            for held in list(self._held):
                if held.hung and held.phase is Phase.HANDLING:
                    self._release(held)

    def worker_died(self, worker: str) -> None:
        """A worker's thread ended without a verdict: its message is to be retried at once."""
        with self.lock:
            for held in list(self._held):
                if held.worker == worker and held.phase is Phase.HANDLING:
                    held.done_handling = True
                    self._submit(held, Verdict(Outcome.RETRIED, 0, "the worker's thread died"))

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
        """Workers that have a message, hung ones not counted."""
        return sum(1 for held in self._held if held.phase is Phase.HANDLING and not held.hung)
