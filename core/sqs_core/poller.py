"""The poller: one long poll a step, its messages into the buffer, its errors into one line and a pause."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqs_core.errors import REMEDY, RequestError, Trouble
from sqs_core.events import Code
from sqs_core.model import Level, Role, ThreadState
from sqs_core.policy import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.gate import PollGate
    from sqs_core.held import Held
    from sqs_core.holding import Holding
    from sqs_core.policy import LeasePolicy
    from sqs_core.pool import Slot
    from sqs_core.queue import Queue, Received

_ANSWER_LOST = (
    "the client hung up first: up to 10 messages may be invisible until their visibility timeout; "
    "check that the endpoint is up and --read-timeout longer than --wait; backing off"
)
_EARLY_ANSWERS_ALLOWED = 2
_TRANSIT_SECONDS = 5.0
"""What an answer may take beyond its wait before its leases count as shortened."""


class PollTrouble:
    """What all pollers of a queue know about errors in a row; each field is written by one poller at a time in effect."""

    def __init__(self) -> None:
        self.failures = 0
        self.early = 0


class Poller:
    """See the module. `lease` is asked for each poll, for the queue's visibility timeout may change while we run."""

    def __init__(
        self,
        queue: Queue,
        holding: Holding,
        gate: PollGate,
        trouble: PollTrouble,
        wait_seconds: int,
        lease: Callable[[], LeasePolicy],
    ) -> None:
        self._queue, self._holding, self._gate, self._trouble = queue, holding, gate, trouble
        self._wait_seconds, self._lease = wait_seconds, lease
        self._ledger, self._events = holding.ledger, holding.events
        self._backoff = Backoff()
        self._attempt_id: str | None = None

    def step(self, slot: Slot) -> None:
        """Poll once if the gate lets us."""
        maximum = self._gate.enter(slot.name, slot.stopping)
        if not maximum:
            return
        received = 0
        try:
            received = self._poll(maximum)
        except RequestError as error:
            self._failed(slot, error)
        finally:
            self._gate.leave(slot.name, received)

    def close(self, slot: Slot) -> None:
        """The thread ends on purpose."""
        self._ledger.thread_gone(slot.name)

    def _poll(self, maximum: int) -> int:
        clock, lease = self._ledger.clock, self._lease()
        if self._queue.fifo and self._attempt_id is None:
            self._attempt_id = str(uuid.uuid4())
        started, started_lease, started_wall = clock.monotonic(), clock.lease(), clock.wall()
        answer = self._receive(maximum, lease)
        elapsed = clock.monotonic() - started
        self._attempt_id = None
        self._recovered()
        # SQS answers within the wait it was asked for; an answer that was longer on its way has used up some of the lease.
        late_seconds = max(0.0, clock.lease() - started_lease - self._wait_seconds - _TRANSIT_SECONDS)
        left_seconds = lease.visibility_seconds - late_seconds
        batch = self._holding.admit(answer.messages, left_seconds, lease.margin_seconds, answer.clock_skew_seconds)
        self._note(answer, batch, elapsed, started_wall)
        return len(answer.messages)

    def _receive(self, maximum: int, lease: LeasePolicy) -> Received:
        return self._queue.receive(maximum, self._wait_seconds, lease.visibility_seconds, self._attempt_id)

    def _note(self, answer: Received, batch: list[Held], elapsed: float, started_wall: float) -> None:
        if answer.retries:
            self._ledger.count("hidden_retries", answer.retries)
            self._events.record(
                Level.WARNING, Code.POLL_HIDDEN_RETRY, self._queue.name,
                "a receive was retried below us: up to 10 messages may be invisible until their visibility timeout",
            )  # fmt: skip
        if answer.damaged:
            self._give_back(answer.damaged)
            self._gate.back_off(self._backoff.delay_seconds(1))  # it may come straight back, damaged again
        if answer.messages:
            self._trouble.early = 0
            sent = [held.sent_at for held in batch if held.sent_at is not None]
            waited = min(sent, default=0.0) + answer.clock_skew_seconds - started_wall
            self._ledger.poll_latency(elapsed - max(waited, 0.0))
        elif not answer.damaged:
            self._ledger.count("empty_polls")
            self._empty(elapsed)

    def _empty(self, elapsed: float) -> None:
        """An empty answer long before its time is no quiet queue; without a pause it would be a hot loop."""
        if elapsed >= self._wait_seconds / 2 and self._wait_seconds:
            self._trouble.early = 0
            return
        self._trouble.early += 1
        if self._wait_seconds == 0:
            self._gate.back_off(min(0.1 * self._trouble.early, 1.0))
        elif self._trouble.early > _EARLY_ANSWERS_ALLOWED:
            self._gate.back_off(self._backoff.delay_seconds(self._trouble.early - _EARLY_ANSWERS_ALLOWED))
            self._events.record(
                Level.WARNING, Code.POLL_EARLY, self._queue.name,
                f"empty answers come before their {self._wait_seconds} s are over: the server does not long-poll; backing off",
            )  # fmt: skip

    def _give_back(self, handles: tuple[str, ...]) -> None:
        self._events.record(
            Level.ERROR, Code.POLL_DAMAGED, self._queue.name,
            "messages whose body does not match its MD5 were not handled; they are given back",
        )  # fmt: skip
        with self._ledger.lock:
            self._ledger.count_locked("received", len(handles))
            self._ledger.count_locked("released", len(handles))
        try:
            self._queue.change_visibility_batch([(handle, 0) for handle in handles])
        except RequestError as error:
            self._events.record(Level.WARNING, Code.ACK_ERROR, self._queue.name, str(error), collapse=error.trouble)

    def _failed(self, slot: Slot, error: RequestError) -> None:
        if self._holding.server_gone:
            return
        trouble = self._trouble
        if error.trouble is not Trouble.TRANSPORT:
            self._attempt_id = None  # SQS promises the same batch again only after an answer that was lost
        trouble.failures += 1
        delay = self._backoff.delay_seconds(trouble.failures)
        self._gate.back_off(delay)
        self._ledger.count("poll_errors")
        self._ledger.thread(slot.name, Role.POLLER, ThreadState.BACKING_OFF, error=f"{error.trouble}: {error}"[:200])
        text = f"{error}; {_ANSWER_LOST if error.answer_lost else REMEDY[error.trouble]}"
        self._events.record(Level.ERROR, Code.POLL_ERROR, self._queue.name, text, collapse=error.trouble)

    def _recovered(self) -> None:
        trouble = self._trouble
        if not trouble.failures:
            return
        failures, trouble.failures = trouble.failures, 0
        for kind in Trouble:
            self._events.close(Code.POLL_ERROR, self._queue.name, kind)
        text = f"polls answer again after {failures} error{'s' if failures > 1 else ''}"
        self._events.record(Level.INFO, Code.POLL_RECOVERED, self._queue.name, text, collapse="")
