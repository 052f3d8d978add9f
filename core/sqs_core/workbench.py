"""The workbench of an engine: looks and work on threads of their own, one piece of work at a time."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.action_log import newest_lines, record
from sqs_core.bench import BenchView, JobState, JobView, LookState
from sqs_core.bench_jobs import BenchJobs
from sqs_core.errors import ConfigurationError, describe
from sqs_core.events import Code
from sqs_core.model import Level
from sqs_core.payloads import fetch_payload
from sqs_core.peek import Look, Peeked, Rung, cost, find_place, peek_behind, peek_by_receiving
from sqs_core.putting import check_rate
from sqs_core.settings import parse_queue
from sqs_core.write_lock import WriteLock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqs_core.bench_jobs import Job
    from sqs_core.client import AwsSession
    from sqs_core.consumer import QueueConsumer
    from sqs_core.engine import Engine
    from sqs_core.peek import Place
    from sqs_core.unwrap import Pointer
    from sqs_core.write_lock import LockState

MOST_SHOWN = 1000
MOST_RECEIVED = 100
_LOGGED = 200


class Workbench:
    """See `WorkbenchFacade`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = WriteLock(engine.connection, engine.clock)
        self._guard = threading.Lock()
        self._view = BenchView()
        self._job: Job | None = None
        self._number = 0
        self._look_number = 0
        self._looked: tuple[str, bool] | None = None
        self._jobs = BenchJobs(engine, self)

    def view(self) -> BenchView:
        """See `WorkbenchFacade`."""
        with self._guard:
            return self._view

    def show(self, **changed: object) -> None:
        """Change the view. From any thread."""
        with self._guard:
            self._view = replace(self._view, **changed)  # type: ignore[arg-type]

    def look(self, queue: str, *, receive: bool = False, dead_letters: bool = False) -> None:
        """See `WorkbenchFacade`."""
        name = parse_queue(queue).name
        again = (name, dead_letters) == self._looked
        self._looked = (name, dead_letters)
        if again:
            self.show(state=LookState.LOOKING, text="")  # what was seen stays until more is known
        else:
            self.show(queue=None if dead_letters else name, state=LookState.LOOKING, text="", rows=(), rung=None, total=None)
        number = self._next_look()
        self._start("look", lambda: self._look(number, queue, receive=receive, dead_letters=dead_letters))

    def _next_look(self) -> int:
        """What an older look finds is shown no more."""
        with self._guard:
            self._look_number += 1
            return self._look_number

    def _saw(self, number: int, **changed: object) -> None:
        with self._guard:
            if number == self._look_number:
                self._view = replace(self._view, **changed)  # type: ignore[arg-type]

    def _look(self, number: int, queue: str, *, receive: bool, dead_letters: bool) -> None:
        try:
            session = self.session()
            place = find_place(session, parse_queue(queue))
            if dead_letters:
                place = self._dead_letters(session, place)
                self._saw(number, queue=place.name)
            look = None if receive else peek_behind(session, place, MOST_SHOWN)
            if look is None and not receive:
                self._saw(number, state=LookState.ASKING, text=cost(place), rows=())
                return
            if look is None:
                look = peek_by_receiving(self.writing_session(f"a look at {place.name}, which receives,"), place, MOST_RECEIVED)
        except Exception as error:  # noqa: BLE001 - shown instead of the messages
            self._saw(number, state=LookState.FAILED, text=describe(error), rows=())
        else:
            self._shown(number, look, place.waiting)

    def look_again(self) -> None:
        """The same look once more, where it is free."""
        view, looked = self.view(), self._looked
        if looked is not None and view.state is LookState.SHOWN and view.rung is not None and view.rung.free:
            self.look(looked[0], dead_letters=looked[1])

    def look_at_own(self, queue: str) -> None:
        """See `WorkbenchFacade`."""
        self._looked = None
        consumer = next((each for each in self._engine.consumers if each.name == queue), None)
        if consumer is None:
            self.show(queue=queue, state=LookState.FAILED, text=f"{queue} is not consumed here", rows=(), rung=None, total=None)
            return
        self.show(queue=queue, state=LookState.LOOKING, text="", rows=(), rung=None, total=None)
        number = self._next_look()
        self._start("look", lambda: self._look_at_own(number, consumer))

    def _look_at_own(self, number: int, consumer: QueueConsumer) -> None:
        snapshot = consumer.snapshot()
        held = {each.message_id for each in snapshot.in_flight}
        known = dict.fromkeys([*held, *(each.message_id for each in reversed(snapshot.history))])
        details = [detail for message_id in known if (detail := consumer.message(message_id)) is not None]
        rows = tuple(Peeked(detail.message, Rung.OWN, detail.message.message_id not in held, None) for detail in details)
        at = self._engine.clock.wall()
        self._saw(number, state=LookState.SHOWN, rows=rows, rung=Rung.OWN, total=len(rows), at=at)

    def _dead_letters(self, session: AwsSession, place: Place) -> Place:
        if place.dead_letter_name is None:
            why = "has no dead-letter queue" if place.redrive_readable else "may not be asked for its dead-letter queue"
            raise ConfigurationError(f"{place.name} {why}: m looks at its own messages")
        return find_place(session, parse_queue(place.dead_letter_name))

    def _shown(self, number: int, look: Look, waiting: int | None) -> None:
        hidden = f"{look.not_handed_back} are still hidden, for at most 30 s: {look.why}" if look.not_handed_back else look.why
        total = waiting if look.total is None else look.total
        at = self._engine.clock.wall()
        self._saw(number, state=LookState.SHOWN, text=hidden, rows=look.messages, rung=look.rung, total=total, at=at)

    def session(self) -> AwsSession:
        """The engine's session. Raises `ConfigurationError` or an SDK error."""
        return self._engine.session()

    def writing_session(self, what: str) -> AwsSession:
        """The session with leave to write. Raises `ConfigurationError` while locked."""
        return self.session().acting_as(self._lock.require(what))

    def put_back(self, message_ids: frozenset[str], to: str | None = None) -> None:
        """See `WorkbenchFacade`."""
        source = self._source("putting messages back")
        self._begin(f"Put back {len(message_ids):,} of {source}", lambda job: self._jobs.move(job, source, message_ids, to))

    def copy(self, message_ids: frozenset[str], to: str) -> None:
        """See `WorkbenchFacade`."""
        rows = {row.message.message_id: row.message for row in self.view().rows}
        messages = [rows[message_id] for message_id in rows if message_id in message_ids]
        if self._engine.connection.read_only:
            raise ConfigurationError("this session is read-only: copying sends messages")
        if not messages:
            raise ConfigurationError("none of these are on the bench any more: look again")
        parse_queue(to)
        self._begin(f"Copy {len(messages):,} to {to}", lambda job: self._jobs.copy(job, messages, to))

    def delete(self, message_ids: frozenset[str]) -> None:
        """See `WorkbenchFacade`."""
        source = self._source("deleting messages")
        self._begin(f"Delete {len(message_ids):,} of {source}", lambda job: self._jobs.delete(job, source, message_ids))

    def purge(self, queue: str) -> None:
        """See `WorkbenchFacade`."""
        self._lock.require("a purge")
        self._begin(f"Purge {queue}", lambda job: self._jobs.purge(job, queue))

    def answer(
        self, *, yes: bool, canary: bool = False, edited: Mapping[str, str] | None = None, rate: float | None = None
    ) -> None:
        """See `WorkbenchFacade`."""
        check_rate("a rate of", rate)
        if self._job is not None:
            self._job.rate = rate
            self._job.answer(yes=yes, canary=canary, edited=dict(edited or {}))

    def cancel(self) -> None:
        """See `WorkbenchFacade`."""
        if self._job is not None:
            self._job.cancel()

    def lock(self) -> LockState:
        """See `WorkbenchFacade`."""
        return self._lock.state()

    def unlock(self, reason: str) -> None:
        """See `WorkbenchFacade`."""
        self._lock.unlock(reason)
        self._engine.events.record(Level.WARNING, Code.WRITES_UNLOCKED, None, f"writes are unlocked for 10 minutes: {reason}")

    def relock(self) -> None:
        """See `WorkbenchFacade`."""
        self._lock.lock()

    def require_write(self, what: str) -> None:
        """Raise `ConfigurationError` while locked; `what` is the deed in words."""
        self._lock.require(what)

    def unmask(self, queue: str, message_id: str) -> None:
        """See `WorkbenchFacade`."""
        endpoint = self._engine.endpoint
        reason = self._lock.state().reason
        ids = [message_id]
        record(self._engine.connection, "unmask", endpoint=endpoint, queue=queue, result="shown", message_ids=ids, reason=reason)

    def fetch_payload(self, pointer: Pointer) -> tuple[str, str]:
        """See `WorkbenchFacade`."""
        return fetch_payload(self.session(), pointer)

    def actions(self) -> list[dict[str, object]]:
        """See `WorkbenchFacade`."""
        return newest_lines(_LOGGED)

    def _source(self, what: str) -> str:
        self._lock.require(what)
        queue = self.view().queue
        if queue is None:
            raise ConfigurationError("no queue is on the bench: look into one first")
        return queue

    def _begin(self, title: str, work: Callable[[Job], None]) -> None:
        with self._guard:
            if self._job is not None and not self._job.ended:
                raise ConfigurationError(f"still at work: {self._job.title}; let it end, or cancel it")
            self._number += 1
            self._job = job = self._jobs.new(title)
            self._view = replace(self._view, job=JobView(title, JobState.PLANNING, number=self._number))
        self._start(title, lambda: self._jobs.run(job, work))

    def _start(self, name: str, target: Callable[[], None]) -> None:
        threading.Thread(target=target, name=name, daemon=True).start()
