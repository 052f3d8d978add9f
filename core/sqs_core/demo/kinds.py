"""Consumers with one thing wrong each, made of our own parts so that the same screen shows them: for scenes alone."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqs_core.consumer import QueueConsumer
from sqs_core.gate import PollGate
from sqs_core.leases import LeaseKeeper
from sqs_core.model import Role, ThreadState
from sqs_core.policy import Backoff
from sqs_core.poller import Poller, PollTrouble
from sqs_core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.clock import Clock
    from sqs_core.errors import RequestError
    from sqs_core.events import EventLog
    from sqs_core.handlers import Handler
    from sqs_core.held import Held, Verdict
    from sqs_core.policy import LeasePolicy
    from sqs_core.pool import Loop, Slot
    from sqs_core.queue import Queue, Received
    from sqs_core.settings import ConsumerSettings, QueueReference

_BREATH_SECONDS = 0.02
"""A loop that is hot without end would take a whole core of the machine that shows it."""


FROZEN = "frozen in the middle of a receive: what SQS answered is not taken in"


class MortalConsumer(QueueConsumer):
    """What a scene's queues have unless they ask for another kind: its workers may be killed, and its pollers frozen."""

    _doomed = 0
    _thaw: threading.Event | None = None
    _frozen: str | None = None

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

    @property
    def frozen(self) -> str | None:
        """The name of the poller that is frozen, None while there is none."""
        return self._frozen

    @property
    def freezing(self) -> bool:
        """Whether a poller is frozen, or the next one is to be."""
        return self._thaw is not None

    def freeze_poller(self) -> None:
        """The next poller that gets an answer does not come back with it, until `thaw_poller`."""
        with self.holding.lock:
            self._thaw = self._thaw or threading.Event()

    def thaw_poller(self) -> None:
        """The frozen poller goes on, and none is to freeze."""
        with self.holding.lock:
            thaw, self._thaw, self._frozen = self._thaw, None, None
        if thaw is not None:
            thaw.set()

    def freeze_here(self, poller: str) -> None:
        """Where a poller has its answer: if one is to freeze it is this one."""
        with self.holding.lock:
            thaw = self._thaw
            if thaw is None or self._frozen is not None:
                return
            self._frozen = poller
            self.ledger.thread_locked(poller, Role.POLLER, ThreadState.HUNG, error=FROZEN)
        thaw.wait()

    def begin_drain(self, timeout_seconds: float) -> None:
        """See `QueueConsumer`; what was frozen for show holds up no end."""
        self.thaw_poller()
        super().begin_drain(timeout_seconds)

    def loops(self, queue: Queue) -> dict[Role, Callable[[], Loop]]:
        """See `QueueConsumer`."""
        return {**super().loops(queue), Role.WORKER: lambda: _MortalWorker(self)}

    def make_poller(self, queue: Queue, trouble: PollTrouble) -> Poller:
        """See `QueueConsumer`."""
        return _MortalPoller(self, queue, trouble, lambda: self._lease)


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


class _MortalPoller(Poller):
    def __init__(self, consumer: MortalConsumer, queue: Queue, trouble: PollTrouble, lease: Callable[[], LeasePolicy]) -> None:
        super().__init__(queue, consumer.holding, consumer.gate, trouble, consumer.settings.wait_seconds, lease)
        self._mortal = consumer
        self._name = ""

    def step(self, slot: Slot) -> None:
        self._name = slot.name
        super().step(slot)

    def _receive(self, maximum: int, lease: LeasePolicy) -> Received:
        answer = super()._receive(maximum, lease)
        self._mortal.freeze_here(self._name)
        return answer


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

    def make_poller(self, queue: Queue, trouble: PollTrouble) -> Poller:
        """See `QueueConsumer`."""
        return _HotPoller(self, queue, trouble, lambda: self._lease)


class _HotPoller(_MortalPoller):
    def __init__(self, consumer: HotConsumer, queue: Queue, trouble: PollTrouble, lease: Callable[[], LeasePolicy]) -> None:
        super().__init__(consumer, queue, trouble, lease)
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

    def make_poller(self, queue: Queue, trouble: PollTrouble) -> Poller:
        """See `QueueConsumer`."""
        return _ShortPoller(self, queue, trouble, lambda: self._lease)


class _ShortPoller(_MortalPoller):
    def __init__(
        self, consumer: ShortPollingConsumer, queue: Queue, trouble: PollTrouble, lease: Callable[[], LeasePolicy]
    ) -> None:
        super().__init__(consumer, queue, trouble, lease)
        self._consumer = consumer

    def step(self, slot: Slot) -> None:
        self._wait_seconds = 0 if self._consumer.short else self._consumer.settings.wait_seconds
        super().step(slot)

    def _empty(self, elapsed: float) -> None:
        if self._consumer.short:
            self._gate.back_off(self._consumer.pause_seconds)
        else:
            super()._empty(elapsed)
