"""The façade over one or more consumers: what every face talks to."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING

from sqs_core.bring_up import bring_up
from sqs_core.clock import SYSTEM_CLOCK, Clock
from sqs_core.clock_watch import ClockWatch
from sqs_core.consumer import QueueConsumer
from sqs_core.credential_watch import CredentialWatch
from sqs_core.errors import ConfigurationError, describe, unreachable
from sqs_core.events import Code, EventLog
from sqs_core.handlers import Handler, load_handler
from sqs_core.model import EngineInfo, Level, RunState, Snapshot
from sqs_core.personal_data import body_mask
from sqs_core.queue_browser import QueueBrowser
from sqs_core.queue_watch import QueueWatch
from sqs_core.replay import replay_finished
from sqs_core.settings import check_threads, parse_queue, refuse_twice
from sqs_core.version import __version__
from sqs_core.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqs_core.capture import Capture
    from sqs_core.client import AwsSession
    from sqs_core.model import Event, MessageDetail, PoolName
    from sqs_core.queue_listing import QueueDetails, QueueListing
    from sqs_core.settings import ConnectionSettings, ConsumerSettings, QueueReference

_SUPERVISE_SECONDS = 0.05
_ENDED = (RunState.STOPPED, RunState.FAILED)


class Engine:
    """Implements `EngineFacade`. Nothing touches the network before `start`, and no method waits for it."""

    def __init__(
        self,
        connection: ConnectionSettings,
        settings: ConsumerSettings,
        consumers: Iterable[tuple[str, Handler]] = (),
        *,
        clock: Clock = SYSTEM_CLOCK,
        on_event: Callable[[Event], None] | None = None,
        capture: Capture | None = None,
        listed: Sequence[QueueReference] = (),
    ) -> None:
        self.connection, self.settings, self.clock = connection, settings, clock
        self.events = EventLog(clock, on_event)
        self._capture = capture
        if capture is not None:
            capture.told = lambda text: self.events.record(Level.ERROR, Code.CAPTURE_ENDED, None, text)
        self.reached = threading.Event()
        self._started_at = clock.wall()
        self._host = socket.gethostname()
        self._session: AwsSession | None = None
        self._session_lock = threading.Lock()
        self._identity = CredentialWatch(self)
        self._started = threading.Event()
        self.supervised_at: float | None = None  # on the monotonic clock, when the supervisor last went round
        self._stop = threading.Event()
        self._draining = False
        self._consumers: dict[str, QueueConsumer] = {}
        self._watch = QueueWatch(self)
        self._browser = QueueBrowser(self, listed)
        self._bench = Workbench(self)
        for queue, handler in consumers:
            self._add(queue, handler)

    def _add(self, queue: str, handler: Handler) -> QueueConsumer:
        self.connection.require_consuming()
        if self._draining:
            raise ConfigurationError("this session is ending: nothing new is consumed")
        consumer = self.make_consumer(queue, handler)
        refuse_twice(consumer.name, self._consumers)
        consumer.holding.mask = body_mask(deployed=self.connection.environment.deployed)
        consumer.ledger.history.on_add = self._capture.take if self._capture else None
        self._consumers = {**self._consumers, consumer.name: consumer}
        return consumer

    def make_consumer(self, queue: str, handler: Handler) -> QueueConsumer:
        """What consumes a queue; for those who tell queues apart."""
        return QueueConsumer(parse_queue(queue), handler, self.settings, self.events, self.clock)

    def start(self) -> None:
        """Begin in the background. A second call does nothing."""
        if self._started.is_set():
            return
        self._started.set()
        self.supervised_at = self.clock.monotonic()
        for warning in self.connection.warnings:
            self.events.record(Level.WARNING, Code.ENGINE_WARNING, None, warning)
        for consumer in self._consumers.values():
            self._start_thread(f"start {consumer.name}", lambda consumer=consumer: bring_up(self, consumer))  # type: ignore[misc]
        self._start_thread("supervisor", self._supervise)
        self._start_thread("watch", self._watch.run)
        self._start_thread("browser", self._browser.run)
        self._start_thread("identity", self._identity.run)

    def _start_thread(self, name: str, target: Callable[[], None]) -> None:
        threading.Thread(target=target, name=name, daemon=True).start()

    def session(self) -> AwsSession:
        """The SDK session, made on first use. Raises `ConfigurationError` or an SDK error."""
        from sqs_core.client import AwsSession

        with self._session_lock:
            if self._session is None:
                session = AwsSession(self.connection)
                self._identity.meet(session)
                self._session = session
            return self._session

    def known_session(self) -> AwsSession | None:
        """The session if there is one; waits for nothing."""
        return self._session

    def change_session(self, session: AwsSession) -> None:
        """Give every consumer clients with this session's credentials."""
        with self._session_lock:
            self._session = session
        for consumer in self.consumers:
            consumer.renew_clients(session)
        self._watch.forget_clients()
        self._browser.forget_clients()

    def forget_session(self) -> None:
        """The next who asks for a session gets a new one, with credentials that are found anew."""
        self._session = None

    def say_unreachable(self, error: Exception) -> str:
        """One line with the address and what to do, for the event log; returns it."""
        text = unreachable(error, self.endpoint, local=not self.connection.environment.deployed)
        self.events.record(Level.ERROR, Code.ENDPOINT_UNREACHABLE, None, text, collapse="")
        return text

    @property
    def endpoint(self) -> str:
        """The endpoint in use, or a description until it is known."""
        return (self._session.endpoint_url if self._session else None) or self.connection.endpoint

    @property
    def consumers(self) -> tuple[QueueConsumer, ...]:
        """The consumers, in the order they were added."""
        return tuple(self._consumers.values())

    def _supervise(self) -> None:
        clocks = ClockWatch(self.clock)
        while not self._stop.wait(_SUPERVISE_SECONDS):
            self.supervised_at = self.clock.monotonic()
            if (jump := clocks.step()) is not None:
                self.events.record(Level.WARNING, Code.CLOCK_JUMPED, None, jump)
            for consumer in self.consumers:
                self._supervise_one(consumer)
            if self._draining and self.ended():
                return

    def _supervise_one(self, consumer: QueueConsumer) -> None:
        try:
            consumer.supervise()
        except Exception as error:  # noqa: BLE001 - such as no more threads to be had; without a supervisor no drain would end
            text = f"the supervisor failed and goes on: {describe(error)}"
            self.events.record(Level.ERROR, Code.THREAD_DIED, consumer.name, text, collapse="supervisor")

    def _chosen(self, queue: str | None) -> Iterable[QueueConsumer]:
        if queue is None:
            return self.consumers
        if queue not in self._consumers:
            raise ConfigurationError(f"queue {queue!r} is not consumed here")
        return (self._consumers[queue],)

    def pause(self, queue: str | None = None) -> None:
        """See `EngineFacade`."""
        for consumer in self._chosen(queue):
            consumer.pause()

    def resume(self, queue: str | None = None) -> None:
        """See `EngineFacade`."""
        for consumer in self._chosen(queue):
            consumer.resume()

    def resize(self, queue: str, pool: PoolName, target: int) -> None:
        """See `EngineFacade`."""
        check_threads(pool.value, target)
        for consumer in self._chosen(queue):
            consumer.resize(pool, target)

    def drain(self, timeout_seconds: float | None = None) -> None:
        """See `EngineFacade`; the timeout is the settings' unless given."""
        self._draining = True
        for consumer in self.consumers:
            consumer.begin_drain(self.settings.drain_timeout_seconds if timeout_seconds is None else timeout_seconds)

    def drain_deadline_seconds(self) -> float | None:
        """See `EngineFacade`."""
        left = (consumer.deadline_seconds() for consumer in self.consumers)
        return max((seconds for seconds in left if seconds is not None), default=None)

    def stop_now(self) -> None:
        """See `EngineFacade`."""
        self._draining = True
        for consumer in self.consumers:
            consumer.stop_now()

    def ended(self) -> bool:
        """True once every consumer has stopped or was refused."""
        return all(consumer.state in _ENDED for consumer in self.consumers)

    def clean(self) -> bool:
        """True when no consumer was refused or cut short."""
        return all(consumer.clean for consumer in self.consumers)

    def close(self) -> None:
        """End the engine's own threads; consumers must have ended before."""
        self._stop.set()
        self._watch.wake()
        for consumer in self.consumers:
            consumer.handler.close()
        if self._capture is not None:
            self._capture.close()

    def look_at_queues(self) -> None:
        """Have the depths read now, and not only when it is time for it. Returns at once."""
        self._watch.wake()

    def stopping(self) -> threading.Event:
        """Set once the engine's own threads are to end."""
        return self._stop

    def finished_messages(self) -> int:
        """Messages handled, discarded or given up, over all queues."""
        return sum(consumer.ledger.finished_messages() for consumer in self.consumers)

    def message(self, queue: str, message_id: str) -> MessageDetail | None:
        """See `EngineFacade`."""
        consumer = self._consumers.get(queue)
        return consumer.message(message_id) if consumer else None

    def replay(self, queue: str, message_id: str, body: str | None = None, *, allowed: bool = False) -> None:
        """See `EngineFacade`; `allowed` says that leave to write was given otherwise than by unlocking."""
        self._start_thread("replay", replay_finished(self, queue, message_id, body, allowed=allowed))

    def link(self) -> None:
        """None: it is of this process."""

    def workbench(self) -> Workbench:
        """See `EngineFacade`."""
        return self._bench

    def list_queues(self, prefix: str = "", seen: Sequence[str] = ()) -> QueueListing:
        """See `EngineFacade`."""
        return self._browser.listing(prefix, seen)

    def queue_details(self, queue: str) -> QueueDetails:
        """See `EngineFacade`."""
        return self._browser.details(queue)

    def add_consumer(self, queue: str, handler: str) -> None:
        """See `EngineFacade`."""
        self.workbench().require_write(f"consuming {queue}")
        consumer = self._add(queue, load_handler(handler, self.settings.handler_timeout_seconds))
        if self._started.is_set():
            self._start_thread(f"start {consumer.name}", lambda: bring_up(self, consumer))

    def state(self) -> RunState:
        """The engine's word: the busiest of its consumers' states."""
        states = {consumer.state for consumer in self.consumers}
        order = (RunState.DRAINING, RunState.RUNNING, RunState.STARTING, RunState.PAUSING, RunState.PAUSED)
        for state in (*order, RunState.FAILED, RunState.STOPPED):
            if state in states:
                return state
        return RunState.STOPPED if self._draining else RunState.RUNNING

    def snapshot(self) -> Snapshot:
        """See `EngineFacade`."""
        consumers = tuple([consumer.snapshot() for consumer in self.consumers])
        return Snapshot(self.clock.wall(), self.info(), self._identity.report, consumers, self.events.snapshot())

    def info(self) -> EngineInfo:
        """The process: what a snapshot says of it."""
        return EngineInfo(
            pid=os.getpid(),
            host=self._host,
            started_at=self._started_at,
            state=self.state(),
            environment=self.connection.environment.value,
            read_only=self.connection.read_only,
            endpoint=self.endpoint,
            region=self.connection.region,
            version=__version__,
            environment_decided_by=self.connection.decided_by,
        )
