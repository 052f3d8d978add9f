"""One queue's pools, buffer, acker and leases, and the order in which they stop.

The order of stopping: the gate shuts, so no new poll goes out. The buffer is given back. Polls that are out cannot be recalled;
what they bring is given back too. Workers end what they have, the acker proves it, and leases run until nothing is held.
Past the deadline everything still held is given back and the stop is not called clean.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqs_core.acker import Acker, ackers_for
from sqs_core.autoscale import Autoscaler
from sqs_core.bring_up import UNKNOWN_VISIBILITY_SECONDS, first_facts
from sqs_core.client import LOOK
from sqs_core.errors import ConfigurationError
from sqs_core.events import Code, EventLog
from sqs_core.gate import PollGate
from sqs_core.holding import Holding
from sqs_core.leases import LeaseKeeper
from sqs_core.ledger import Ledger
from sqs_core.model import DeadLetterQueue, Level, PoolName, Role, RunState, ThreadState  # fmt: skip
from sqs_core.policy import LeasePolicy
from sqs_core.poller import Poller, PollTrouble
from sqs_core.pool import Loop, Pool
from sqs_core.queue import SqsQueue
from sqs_core.queue_facts import QueueFacts, dead_letter_queue, resolve_queue
from sqs_core.replacing import ThreadWatch
from sqs_core.transports import make_clients
from sqs_core.views import consumer_snapshot, message_detail
from sqs_core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.client import AwsSession
    from sqs_core.clock import Clock
    from sqs_core.handlers import Handler
    from sqs_core.model import ConsumerSnapshot, MessageDetail
    from sqs_core.queue import Queue
    from sqs_core.settings import ConsumerSettings, QueueReference
    from sqs_core.transports import Clients
    from sqs_core.words import Transport

FIFO_BATCH = 1
"""A group stays locked in SQS while one of its messages is out, so nothing behind it is held that a failure would have to give
back. With two out no order of giving back is safe: LocalStack unlocks a group as soon as either is visible again (measured)."""
_GRACE_SECONDS = 0.7


class QueueConsumer:
    """See the module. Commands return at once; `supervise` moves the state on."""

    def __init__(
        self, reference: QueueReference, handler: Handler, settings: ConsumerSettings, events: EventLog, clock: Clock
    ) -> None:
        self.reference, self.handler, self.settings = reference, handler.apart(), settings
        self.events, self.clock = events, clock
        self.name = reference.name
        self.state = RunState.STARTING
        self.refused: str | None = None
        self.clean = True
        self.queue: Queue | None = None
        self.transport: Transport | None = None
        self.facts = QueueFacts()
        self.dlq: DeadLetterQueue | None = None
        self.ledger = Ledger(clock)
        fifo = reference.fifo
        self.holding = Holding(self.ledger, events, self.name, fifo)
        self.gate = PollGate(self.holding, min(settings.batch, FIFO_BATCH) if fifo else settings.batch)
        self.gate.set_limit(settings.workers)
        self._lock, self._supervising = threading.Lock(), threading.Lock()
        self._lease = LeasePolicy(settings.visibility_seconds or UNKNOWN_VISIBILITY_SECONDS)
        self._lease_wake = threading.Event()
        self._deadline: float | None = None
        self._end_at: float | None = None
        self._pools: dict[Role, Pool] = {}
        self._threads = ThreadWatch(self)
        self.autoscaler = Autoscaler(*settings.autoscale) if settings.autoscale else None

    def connect(self, session: AwsSession) -> None:
        """Find the queue and read its attributes. Raises `ConfigurationError` for good, `RequestError` for now."""
        count = self.ledger.request
        look = session.client(LOOK, count)
        url = self.reference.url or resolve_queue(self.reference, look, session.connection.region)
        self.take_facts(first_facts(self, look, url))
        clients = self._clients(session)
        self.queue = SqsQueue(self.name, url, clients.poll, clients.ack, clients.look, clients.send)

    def _clients(self, session: AwsSession) -> Clients:
        clients = make_clients(session, self.settings, self._lease.visibility_seconds, self.ledger.request)
        self.transport = clients.transport
        if clients.obstacle is not None:
            text = f"receives and deletes go through boto3, which costs more CPU: lean does not do {clients.obstacle}"
            self.events.record(Level.WARNING, Code.TRANSPORT_FALLBACK, self.name, text, collapse="")
        return clients

    def renew_clients(self, session: AwsSession) -> None:
        """Go on with another session's credentials, at once. What is held stays held."""
        if isinstance(self.queue, SqsQueue):
            clients = self._clients(session)
            self.queue.replace_clients(clients.poll, clients.ack, clients.look, clients.send)
            self.gate.end_pause()

    def credentials_expired(self) -> bool:
        """True when the server refused the credentials in use."""
        return isinstance(self.queue, SqsQueue) and self.queue.expired

    def credentials_refused(self) -> str | None:
        """What the server refuses these credentials, in words, while it does."""
        return self.queue.refusal if isinstance(self.queue, SqsQueue) else None

    def take_facts(self, facts: QueueFacts) -> None:
        """Believe newly read attributes: visibility timeout and redrive policy apply from the next poll on."""
        self.facts = facts
        self.holding.maximum_receives = facts.maximum_receives
        if self.settings.visibility_seconds is None:
            self._lease = LeasePolicy(facts.visibility_seconds or UNKNOWN_VISIBILITY_SECONDS)
        if self.dlq is None or facts.dead_letter_name != self.dlq.name:
            self.dlq = dead_letter_queue(facts, None)

    def loops(self, queue: Queue) -> dict[Role, Callable[[], Loop]]:
        """What makes a thread's loop, by role."""
        trouble = PollTrouble()
        return {
            Role.LEASE: lambda: LeaseKeeper(queue, self.holding, lambda: self._lease, self._lease_wake),
            Role.ACKER: lambda: Acker(queue, self.holding),
            Role.WORKER: lambda: Worker(self.holding, self.handler),
            Role.POLLER: lambda: self.make_poller(queue, trouble),
        }

    def make_poller(self, queue: Queue, trouble: PollTrouble) -> Poller:
        """What polls; for kinds that poll in a way of their own."""
        return Poller(queue, self.holding, self.gate, trouble, self.settings.wait_seconds, lambda: self._lease)

    def start(self) -> None:
        """Start the pools of a connected consumer."""
        with self._lock:
            if self.state is not RunState.STARTING or self.queue is None:
                return
            loops, settings = self.loops(self.queue), self.settings
            self._pools = {role: Pool(role.value, make, self._died(role), self._wake) for role, make in loops.items()}
            self._pools[Role.LEASE].resize(1)
            self._pools[Role.ACKER].resize(ackers_for(settings.workers))
            self._pools[Role.WORKER].resize(settings.workers)
            self._pools[Role.POLLER].resize(settings.pollers)
            self.state = RunState.RUNNING if self.gate.open else RunState.PAUSING  # last: from now on somebody else may resize
        text = f"consuming with {self.handler.name}, leases of {self._lease.visibility_seconds} s"
        self.events.record(Level.INFO, Code.CONSUMER_STARTED, self.name, text)

    def _died(self, role: Role) -> Callable[[str, str], None]:
        def died(name: str, error: str) -> None:
            self.ledger.thread(name, role, ThreadState.DEAD, error=error)
            text = f"{name} died and was replaced: {error}"
            self.events.record(Level.ERROR, Code.THREAD_DIED, self.name, text, collapse=role.value)
            if role is Role.WORKER:
                self.holding.worker_died(name)

        return died

    def _wake(self) -> None:
        with self.holding.lock:
            self.holding.work.call_all()
            for condition in (self.holding.room, self.holding.acks):
                condition.notify_all()
        self._lease_wake.set()

    def refuse(self, error: str) -> None:
        """The consumer cannot start, for good. Says nothing of one that was told to stop before."""
        with self._lock:
            if self.state is not RunState.STARTING:
                return
            self.refused, self.state, self.clean = error, RunState.FAILED, False
        self.events.record(Level.ERROR, Code.CONSUMER_REFUSED, self.name, error)

    def pause(self) -> None:
        """Stop receiving and work off what is held. One that is starting begins paused."""
        with self._lock:
            if self.state not in (RunState.STARTING, RunState.RUNNING) or not self.gate.open:
                return
            self.gate.set_open(False)
            self.state = RunState.PAUSING if self.state is RunState.RUNNING else self.state
        self.events.record(Level.INFO, Code.CONSUMER_PAUSING, self.name, "pausing: no new polls; what is held is worked off")

    def resume(self) -> None:
        """Receive again."""
        with self._lock:
            if self.state not in (RunState.STARTING, RunState.PAUSING, RunState.PAUSED) or self.gate.open:
                return
            self.state = self.state if self.state is RunState.STARTING else RunState.RUNNING
            self.gate.set_open(True)
        self.events.record(Level.INFO, Code.CONSUMER_RESUMED, self.name, "receiving again")

    def resize(self, pool: PoolName, target: int, why: str = "") -> None:
        """Set a pool's size; growing is immediate, shrinking waits for the current messages. Without a `why` it is by hand."""
        role = Role.WORKER if pool is PoolName.WORKERS else Role.POLLER
        if self.state not in (RunState.RUNNING, RunState.PAUSING, RunState.PAUSED):
            raise ConfigurationError(f"{self.name} is {self.state}: its pools cannot be resized now")
        if pool is PoolName.WORKERS:
            self.gate.set_limit(target)
            self._pools[Role.ACKER].resize(ackers_for(target))
        before = self._pools[role].target
        self._pools[role].resize(target)
        if self.autoscaler is not None and pool is PoolName.WORKERS and not why:
            self.autoscaler.rest(self.clock.monotonic(), self.clock.wall())
            why = f"by hand, so autoscale rests for {self.autoscaler.pace.rest_seconds:g} s"
        text = f"{pool}: {before} → {target}{f': {why}' if why else ''}"
        self.events.record(Level.INFO, Code.CONSUMER_RESIZED, self.name, text, collapse=pool.value)

    def begin_drain(self, timeout_seconds: float) -> None:
        """Begin the orderly stop, at most so long."""
        with self._lock:
            if self.state in (RunState.DRAINING, RunState.STOPPED, RunState.FAILED):
                return
            if not self._pools:
                self.state = RunState.STOPPED
                return
            # Shut first: a supervisor that saw "draining" with the gate open could stop a poller that is just going out.
            self.gate.set_open(False)
            self._deadline = self.clock.monotonic() + timeout_seconds
            self.state = RunState.DRAINING
            self.holding.begin_drain()
        text = f"draining: {self.holding.size()} held, long polls out: {self.gate.out}; at most {timeout_seconds:g} s"
        self.events.record(Level.INFO, Code.CONSUMER_DRAINING, self.name, text)

    def stop_now(self) -> None:
        """Give back what can be given back within the grace, then stop, whatever still runs."""
        self.begin_drain(0.0)
        with self._lock:
            if self.state is RunState.DRAINING:
                self._deadline = self.clock.monotonic()
        self.supervise()

    def supervise(self) -> None:
        """Move the state on, and replace workers whose handler hangs. Called a few times a second, from any thread."""
        with self._supervising:
            self._supervise()

    def _supervise(self) -> None:
        if self._pools:
            self._threads.step(self._pools)
        if self.autoscaler is not None and self.state is RunState.RUNNING:
            self.autoscaler.step(self)
        if self.state is RunState.PAUSING and self._is_empty():
            with self._lock:
                if self.state is RunState.PAUSING:
                    self.state = RunState.PAUSED
                    self.events.record(Level.INFO, Code.CONSUMER_PAUSED, self.name, "paused: nothing is held")
        elif self.state is RunState.DRAINING:
            self._supervise_drain()

    def _supervise_drain(self) -> None:
        now = self.clock.monotonic()
        if hung := self.holding.release_hung():
            self.handler.stop(hung)
        if self._is_empty():
            self._stopped()
        elif self._end_at is not None:
            if now >= self._end_at or not self.holding.size():
                self._stopped()
        elif self._deadline is not None and now >= self._deadline:
            self.clean = False
            self._end_at = now + _GRACE_SECONDS
            text = f"out of time: {self.holding.size()} held messages are given back, {self.gate.out} long polls abandoned"
            self.events.record(Level.ERROR, Code.DRAIN_OVERDUE, self.name, text)
            self.handler.stop()  # before its messages become visible to others
            self.holding.release_everything()

    def _is_empty(self) -> bool:
        """Polls are asked first: one that answers between the two questions has put what it brought where the second looks."""
        return not self.gate.out and not self.holding.size()

    def _stopped(self) -> None:
        self.handler.stop()  # first: once the state says so, whoever waits for it closes the handler and ends this process
        with self._lock:
            self.state = RunState.STOPPED
        for role, pool in self._pools.items():
            if role is not Role.ACKER or not self.gate.out:  # a poll that still comes back needs the acker to release
                pool.close()
        self.events.record(Level.INFO, Code.CONSUMER_STOPPED, self.name, f"stopped with {self.holding.size()} messages held")

    def deadline_seconds(self) -> float | None:
        """Seconds until a drain is cut short, None when none is under way."""
        if self.state is not RunState.DRAINING or self._deadline is None:
            return None
        return max(0.0, self._deadline - self.clock.monotonic())

    def message(self, message_id: str) -> MessageDetail | None:
        """A message we hold or remember, whole."""
        return message_detail(self.ledger, self.holding, message_id)

    def pools(self) -> dict[Role, Pool]:
        """The pools by role; none before `start`."""
        return dict(self._pools)

    def snapshot(self) -> ConsumerSnapshot:
        """This consumer at one moment; its numbers add up, for they are read under one lock."""
        return consumer_snapshot(self)
