"""A consumer in another process behind the same façade as one in this: a face cannot tell them apart."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqs_core.absent_bench import AbsentBench
from sqs_core.errors import ConfigurationError, describe
from sqs_core.events import Code
from sqs_core.facade import Link
from sqs_core.model import EngineInfo, Event, Level, PoolName, RunState, Snapshot
from sqs_core.remote.details import detail_from_json
from sqs_core.remote.viewing import Viewing
from sqs_core.version import __version__
from sqs_core.write_lock import LockState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from sqs_core.model import MessageDetail
    from sqs_core.queue_listing import QueueDetails, QueueListing
    from sqs_core.remote.viewing import Target, View
    from sqs_core.unwrap import Pointer

ANSWER_SECONDS = 3.0
_MOST_NOTES = 20
_ELSEWHERE = "this screen is attached to a consumer and looks only at what that one does: `sqs-tui inspect` looks into queues"


class AttachedEngine:
    """Implements `EngineFacade` over a connection, its own or one that is there. Leaving it leaves the consumer as it is."""

    def __init__(self, target: Target, *, per_second: float, viewing: Viewing | None = None) -> None:
        self.viewing = viewing or Viewing(target, per_second=per_second)
        self._notes: deque[Event] = deque(maxlen=_MOST_NOTES)
        self._bench = AttachedBench(self)

    def start(self) -> None:
        """See `EngineFacade`."""
        self.viewing.start()

    def close(self) -> None:
        """Leave; the consumer goes on."""
        self.viewing.close()

    def snapshot(self) -> Snapshot:
        """The newest that the consumer has told, with what became of our commands among the events."""
        view = self.viewing.view()
        snapshot = view.snapshot or _unknown(view, self.viewing.target.name)
        notes = tuple(self._notes)
        return replace(snapshot, events=(*snapshot.events, *notes)) if notes else snapshot

    def link(self) -> Link | None:
        """See `EngineFacade`."""
        view = self.viewing.view()
        control = view.hello is not None and view.hello.control
        return Link(self.viewing.target.name, view.phase, view.age_seconds, view.problem, control, view.dropped)

    def pause(self, queue: str | None = None) -> None:
        """See `EngineFacade`."""
        self.command("pause", queue=queue)

    def resume(self, queue: str | None = None) -> None:
        """See `EngineFacade`."""
        self.command("resume", queue=queue)

    def resize(self, queue: str, pool: PoolName, target: int) -> None:
        """See `EngineFacade`."""
        self.command("resize", queue=queue, **{pool.value: target})

    def drain(self) -> None:
        """See `EngineFacade`."""
        self.command("drain")

    def drain_deadline_seconds(self) -> float | None:
        """Not told by the wire."""
        return None

    def stop_now(self) -> None:
        """Leave; who is only attached does not stop a consumer at once."""
        self.close()

    def replay(self, queue: str, message_id: str, body: str | None = None) -> None:
        """See `EngineFacade`."""
        self.command("replay", queue=queue, message_id=message_id, body=body, why="replayed from an attached screen")

    def message(self, queue: str, message_id: str) -> MessageDetail | None:
        """See `EngineFacade`; asked of the consumer, so it may take seconds: not for the thread that draws."""
        found = self.viewing.ask("message", queue=queue, message_id=message_id).result(ANSWER_SECONDS)
        return None if found is None else detail_from_json(found, queue)

    def list_queues(self, prefix: str = "", seen: Sequence[str] = ()) -> QueueListing:  # noqa: ARG002 - the façade's
        """Refused: the consumer's credentials are its own."""
        raise ConfigurationError(_ELSEWHERE)

    def queue_details(self, queue: str) -> QueueDetails:  # noqa: ARG002 - as above
        """Refused, as above."""
        raise ConfigurationError(_ELSEWHERE)

    def add_consumer(self, queue: str, handler: str) -> None:  # noqa: ARG002 - as above
        """Refused: what a consumer consumes is decided where it is started."""
        raise ConfigurationError(f"{queue} cannot be consumed from an attached screen")

    def workbench(self) -> AttachedBench:
        """See `EngineFacade`."""
        return self._bench

    def command(self, kind: str, **fields: Any) -> Future[Any]:
        """Send a command; a refusal becomes an event. Raises `ConfigurationError` at once where none is taken."""
        hello = self.viewing.view().hello
        if hello is not None and not hello.control:
            name = self.viewing.target.name
            raise ConfigurationError(f"{kind}: {name} is view only; it takes commands when it is started with --control")
        answer = self.viewing.ask(kind, **fields)
        answer.add_done_callback(lambda done: self._note(kind, done))
        return answer

    def _note(self, kind: str, done: Future[Any]) -> None:
        error = done.exception()
        if error is not None:
            text = f"{kind}: {describe(error)}"
            self._notes.append(Event(time.time(), Level.ERROR, Code.CONTROL_REFUSED, None, text))


class AttachedBench(AbsentBench):
    """Looking into queues and putting messages back are not done through a consumer; what is asked says so."""

    def __init__(self, engine: AttachedEngine) -> None:
        super().__init__(_ELSEWHERE)
        self._engine = engine

    def lock(self) -> LockState:
        """Unlocked where the consumer takes commands."""
        link = self._engine.link()
        control = link is not None and link.control
        return LockState(locked=not control, why="" if control else "this consumer is view only")

    def unmask(self, queue: str, message_id: str) -> None:
        """The consumer writes down who looks. Raises `ConfigurationError` where it cannot."""
        self._engine.viewing.ask("unmask", queue=queue, message_id=message_id).result(ANSWER_SECONDS)

    def fetch_payload(self, pointer: Pointer) -> tuple[str, str]:
        """Refused: the credentials are the consumer's."""
        raise ConfigurationError(f"{pointer} is not fetched from an attached screen")


def _unknown(view: View, name: str) -> Snapshot:
    """What is drawn before the first frame. An environment that is not known is treated like the most careful one."""
    hello = view.hello
    pid, host, version, environment = (
        (hello.pid, hello.host, hello.version, hello.environment) if hello else (0, "", __version__, "unknown")
    )
    now = time.time()
    info = EngineInfo(pid, host, now, RunState.STARTING, environment, read_only=False, endpoint=name, region="", version=version)
    return Snapshot(now, info, None, (), ())
