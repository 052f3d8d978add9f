"""Consumers with one thing wrong each, made of our own parts so that the same screen shows them: for scenes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.consumer import QueueConsumer
from sqs_core.gate import PollGate
from sqs_core.leases import LeaseKeeper
from sqs_core.model import Role, ThreadState
from sqs_core.policy import Backoff
from sqs_core.poller import Poller, PollTrouble
from sqs_core.worker import Worker

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sqs_core.clock import Clock
    from sqs_core.errors import RequestError
    from sqs_core.events import EventLog
    from sqs_core.handlers import Handler
    from sqs_core.held import Held, Verdict
    from sqs_core.policy import LeasePolicy
    from sqs_core.pool import Loop, Slot
    from sqs_core.queue import Queue
    from sqs_core.settings import ConsumerSettings, QueueReference

_BREATH_SECONDS = 0.02
"""A loop that is hot without end would take a whole core of the machine that shows it."""


class MortalConsumer(QueueConsumer):
    """What a scene's queues have unless they ask for another kind: its workers may be killed."""

    _doomed = 0

    def kill_worker(self) -> None:
        """The next worker that begins a message dies with it."""
        with self.holding.lock:
            self._doomed += 1

    def claim_death(self) -> bool:
        """Whether the worker that asks is to die."""
        with self.holding.lock:
            dies = self._doomed > 0
            self._doomed -= dies
        return dies

    def loops(self, queue: Queue) -> dict[Role, Callable[[], Loop]]:
        """See `QueueConsumer`."""
        return {**super().loops(queue), Role.WORKER: lambda: _MortalWorker(self)}


class WorkerKilledError(Exception):
    """Somebody killed a worker."""


class _MortalWorker(Worker):
    def __init__(self, consumer: MortalConsumer) -> None:
        super().__init__(consumer.holding, consumer.handler)
        self._consumer = consumer

    def _handle(self, held: Held) -> Verdict:
        if self._consumer.claim_death():
            raise WorkerKilledError("it was killed")
        return super()._handle(held)


class BarrierGate(PollGate):
    """Lets a poll out only when the whole batch before it has ended."""

    def _state(self) -> ThreadState:
        state = super()._state()
        return ThreadState.BLOCKED if state is ThreadState.WAITING and self._holding.size() else state


class BarrierConsumer(MortalConsumer):
    """Receives a batch, handles all of it at once, and waits for its slowest message before it receives again."""

    def __init__(
        self, reference: QueueReference, handler: Handler, settings: ConsumerSettings, events: EventLog, clock: Clock
    ) -> None:
        super().__init__(reference, handler, settings, events, clock)
        self.gate = BarrierGate(self.holding, settings.batch)


class HotConsumer(MortalConsumer):
    """After an error it polls again at once. `log_lines` is what it would have written into a log; `hot` may be switched."""

    hot = True
    log_lines = 0

    def loops(self, queue: Queue) -> dict[Role, Callable[[], Loop]]:
        """See `QueueConsumer`."""
        return {**super().loops(queue), Role.POLLER: lambda: _HotPoller(self, queue, lambda: self._lease)}


class _HotPoller(Poller):
    def __init__(self, consumer: HotConsumer, queue: Queue, lease: Callable[[], LeasePolicy]) -> None:
        wait_seconds = consumer.settings.wait_seconds
        super().__init__(queue, consumer.holding, consumer.gate, PollTrouble(), wait_seconds, lease)
        self._consumer = consumer

    def _failed(self, slot: Slot, error: RequestError) -> None:
        hot = self._consumer.hot
        self._backoff = Backoff(_BREATH_SECONDS, _BREATH_SECONDS) if hot else Backoff()
        self._consumer.log_lines += hot
        super()._failed(slot, error)


class UnextendedConsumer(MortalConsumer):
    """Extends no lease until `extending` is switched on, as most consumers that are written by hand."""

    extending = False

    def loops(self, queue: Queue) -> dict[Role, Callable[[], Loop]]:
        """See `QueueConsumer`."""
        return {**super().loops(queue), Role.LEASE: lambda: _LeaseSleeper(self, queue, lambda: self._lease, self._lease_wake)}


class _LeaseSleeper(LeaseKeeper):
    def __init__(
        self, consumer: UnextendedConsumer, queue: Queue, policy: Callable[[], LeasePolicy], wake: threading.Event
    ) -> None:
        super().__init__(queue, consumer.holding, policy, wake)
        self._consumer = consumer

    def _wants_extension(self, held: Held) -> bool:
        return self._consumer.extending and super()._wants_extension(held)


class ShortPollingConsumer(MortalConsumer):
    """Asks again and again, and SQS answers at once, until `short` is switched off; `pause_seconds` between empty answers."""

    short = True
    pause_seconds = _BREATH_SECONDS

    def loops(self, queue: Queue) -> dict[Role, Callable[[], Loop]]:
        """See `QueueConsumer`."""
        return {**super().loops(queue), Role.POLLER: lambda: _ShortPoller(self, queue, lambda: self._lease)}


class _ShortPoller(Poller):
    def __init__(self, consumer: ShortPollingConsumer, queue: Queue, lease: Callable[[], LeasePolicy]) -> None:
        super().__init__(queue, consumer.holding, consumer.gate, PollTrouble(), 0, lease)
        self._consumer = consumer

    def step(self, slot: Slot) -> None:
        self._wait_seconds = 0 if self._consumer.short else self._consumer.settings.wait_seconds
        super().step(slot)

    def _empty(self, elapsed: float) -> None:
        if self._consumer.short:
            self._gate.back_off(self._consumer.pause_seconds)
        else:
            super()._empty(elapsed)
