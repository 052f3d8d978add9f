"""The pieces of work of the workbench: each plans, asks, works and says what came of it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.action_log import Action
from sqs_core.answers import call
from sqs_core.backups import kept_for
from sqs_core.bench import JobState
from sqs_core.client import PURGE
from sqs_core.deleting import Deleter
from sqs_core.elsewhere import session_of
from sqs_core.errors import describe
from sqs_core.events import Code
from sqs_core.model import Level, Outcome
from sqs_core.move_report import MoveOptions, MoveReport, MoveResult, State
from sqs_core.move_targets import find_targets
from sqs_core.mover import Mover
from sqs_core.outgoing import replayed
from sqs_core.peek import find_place
from sqs_core.plan_text import plan_lines, report_line
from sqs_core.put_back_journal import Journal
from sqs_core.putting import Pace, Putter, find_target
from sqs_core.selecting import Selection
from sqs_core.sender import Verdict
from sqs_core.settings import parse_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqs_core.client import AwsSession
    from sqs_core.engine import Engine
    from sqs_core.message import Message
    from sqs_core.move_plan import Plan
    from sqs_core.outgoing import Outgoing
    from sqs_core.putting import Target
    from sqs_core.workbench import Workbench

CANARY_SECONDS = 60.0
_LOOK_SECONDS = 0.2
_LISTED = 200
_STATES = {Verdict.SENT: State.MOVED, Verdict.REFUSED: State.FAILED, Verdict.UNCERTAIN: State.UNCERTAIN}


class Job:
    """One piece of work: asks its question once and waits for the answer or for being cancelled."""

    def __init__(self, title: str) -> None:
        self.title, self.ended = title, False
        self.stop = threading.Event()
        self.canary = False
        self.rate: float | None = None
        self.edited: dict[str, str] = {}
        self._answered = threading.Event()
        self._yes = False

    def answer(self, *, yes: bool, canary: bool, edited: dict[str, str]) -> None:
        """From the face."""
        self._yes, self.canary, self.edited = yes, canary, edited
        self._answered.set()

    def cancel(self) -> None:
        """From the face."""
        self.stop.set()
        self._answered.set()

    def wait(self) -> bool:
        """The answer; no answer for as long as nobody gives one."""
        self._answered.wait()
        return self._yes and not self.stop.is_set()


class BenchJobs:
    """Runs jobs and shows them on the bench."""

    def __init__(self, engine: Engine, bench: Workbench) -> None:
        self._engine, self._bench = engine, bench

    def new(self, title: str) -> Job:
        """A job that has not begun."""
        return Job(title)

    def run(self, job: Job, work: Callable[[Job], None]) -> None:
        """The body of a job's thread. Never raises."""
        try:
            work(job)
        except Exception as error:  # noqa: BLE001 - shown, whatever it is
            self._end(job, f"✗ {describe(error)}", (), failed=True)
        finally:
            job.ended = True

    def move(self, job: Job, queue: str, only: frozenset[str], to: str | None) -> None:
        """Move messages out of a queue, back to where they came from or to one that is named."""
        session = self._bench.writing_session("putting messages back")
        source = find_place(session, parse_queue(queue))
        options = MoveOptions(only=only, operation="put back", canary=lambda new_ids: self._canary(job, targets.names, new_ids))
        targets = find_targets(session, source, to)
        mover = Mover(session, source, targets, Selection(None), options, job.stop)

        def agree(plan: Plan) -> bool:
            self._ask(list(plan_lines(plan)), plan.to_move + plan.finished_before, sends=plan.to_move > 0)
            if not plan.to_move + plan.finished_before or not job.wait():
                return False
            self._bench.require_write("putting messages back")  # the plan may have waited longer than writes were unlocked
            mover.edited.update(job.edited)
            mover.pace = Pace(job.rate, job.stop)
            self._work()
            return True

        report = mover.run(agree, self._advance)
        self._tell(job, report, "moved")

    def copy(self, job: Job, messages: Sequence[Message], to: str) -> None:
        """Send copies to a queue, here or at a local endpoint."""
        session = self._session_of(to)
        target = find_target(session, to)
        report, fitting = _copies(messages, target)
        skipped = [f"  {len(report.results):,} skipped, such as: {report.results[0].why}"] if report.results else []
        place = f"{target.name} at {session.service_url()}"
        self._ask([f"Plan: {len(fitting):,} copies go to {place}; the originals stay", *skipped], len(fitting), sends=True)
        if fitting and job.wait():
            session = self._session_of(to)
            self._work()
            edited = [replace(each, body=job.edited.get(each.key, each.body)) for each in fitting]
            self._send(job, session, target, edited, report)
        self._tell(job, report, "sent")

    def _send(self, job: Job, session: AwsSession, target: Target, messages: Sequence[Outgoing], report: MoveReport) -> None:
        action = Action(session, target, "copy")
        putter = Putter(session, target, Journal(None, time.time()), Pace(job.rate, job.stop), job.stop)
        try:
            for results in putter.put(messages):
                report.results += [
                    MoveResult(key, _STATES[each.verdict], each.message_id, each.why) for key, each in results.items()
                ]
                self._advance(len(results))
            report.cut = "cancelled" if job.stop.is_set() else ""
        finally:
            putter.close()
            action.end(report_line(report), [result.message_id for result in report.results if result.new_id])

    def delete(self, job: Job, queue: str, only: frozenset[str]) -> None:
        """Delete messages, after a backup."""
        session = self._bench.writing_session("deleting messages")
        source = find_place(session, parse_queue(queue))

        def agree(count: int) -> bool:
            self._ask([f"Plan: {count:,} messages of {source.name} are held meanwhile, written to a backup, and deleted"], count)
            if not job.wait():
                return False
            self._bench.require_write("deleting messages")
            self._work()
            return True

        self._tell(job, Deleter(session, source, only, job.stop).run(agree), "deleted")

    def purge(self, job: Job, queue: str) -> None:
        """Delete all of a queue, once its name was typed and the number of messages was seen."""
        session = self._bench.writing_session("a purge")
        place = find_place(session, parse_queue(queue))
        about = "an unknown number of messages" if place.waiting is None else f"about {place.waiting:,} visible messages"
        hidden = "and all that are in flight or delayed"
        self._ask([f"Plan: {about} of {place.name}, {hidden}, are deleted; there is no backup and no undo"], 1)
        if not job.wait():
            self._end(job, "nothing was changed", ())
            return
        self._bench.require_write("a purge")
        client = session.client(PURGE)
        action = Action(session, place, "purge")
        try:
            call("PurgeQueue", lambda: client.purge_queue(QueueUrl=place.url))
        finally:
            client.close()
        action.end("purged", [])
        self._end(job, f"{queue} is being purged: SQS takes up to 60 s", ())

    def _session_of(self, to: str) -> AwsSession:
        return session_of(to, self._bench.session(), lambda: self._bench.writing_session("sending copies"))

    def _canary(self, job: Job, queues: Sequence[str], new_ids: Sequence[str]) -> str:
        """Wait until our own consumer has ended these; why not to go on, or an empty text."""
        if not job.canary:
            return ""
        left, give_up = set(new_ids), time.monotonic() + CANARY_SECONDS
        while left and not job.stop.wait(_LOOK_SECONDS):
            for message_id in list(left):
                outcome = self._outcome(queues, message_id)
                if outcome in (Outcome.HANDLED, Outcome.DISCARDED):
                    left.discard(message_id)
                elif outcome is not None:
                    return f"the canary {message_id} ended as {outcome}: the rest stays where it is"
            if time.monotonic() > give_up:
                return f"after {CANARY_SECONDS:g} s our consumer had not ended {len(left)} of the canaries: the rest stays"
        return ""

    def _outcome(self, queues: Sequence[str], message_id: str) -> Outcome | None:
        found = (self._engine.message(queue, message_id) for queue in queues)
        return next((detail.outcome for detail in found if detail is not None and detail.outcome is not None), None)

    def _ask(self, lines: Sequence[str], total: int, *, sends: bool = False) -> None:
        state = JobState.ASKING if total else JobState.PLANNING
        self._change(state=state, lines=tuple(lines), total=total, sends=sends)

    def _work(self) -> None:
        self._change(state=JobState.WORKING)

    def _advance(self, count: int) -> None:
        job = self._bench.view().job
        self._change(done=(job.done if job else 0) + count)

    def _tell(self, job: Job, report: MoveReport, word: str) -> None:
        lines = [f"backup, kept {kept_for()}: {report.backup}"] if report.backup else []
        lines += _result_lines(report, word)
        said = report_line(report).replace(State.MOVED.value, word) if report.results else "nothing was changed"
        self._end(job, said, lines, failed=not report.clean)
        if report.results:
            self._bench.look_again()

    def _end(self, job: Job, said: str, lines: Sequence[str], *, failed: bool = False) -> None:
        plan = job_view.lines if (job_view := self._bench.view().job) else ()
        self._change(state=JobState.ENDED, lines=(*plan, said, *lines), failed=failed)
        self._engine.events.record(Level.ERROR if failed else Level.INFO, Code.WORK_ENDED, None, f"{job.title}: {said}")

    def _change(self, **changed: object) -> None:
        job = self._bench.view().job
        if job is not None:
            self._bench.show(job=replace(job, **changed))  # type: ignore[arg-type]


def _result_lines(report: MoveReport, word: str) -> Iterator[str]:
    """A line for each message, what went amiss first."""
    results = sorted(report.results, key=lambda result: result.state is State.MOVED)
    for result in results[:_LISTED]:
        state = word if result.state is State.MOVED else result.state
        new = f" → {result.new_id}" if result.state is State.MOVED and result.new_id else ""
        yield f"  {state}: {result.message_id}{new}{f': {result.why}' if result.why else ''}"
    if len(results) > _LISTED:
        yield f"  … and {len(results) - _LISTED:,} more"


def _copies(messages: Sequence[Message], target: Target) -> tuple[MoveReport, list[Outgoing]]:
    """What cannot be sent, and what can."""
    report, fitting = MoveReport(), []
    for message in messages:
        dedup_id = f"{message.message_id}-{time.time_ns()}" if target.fifo else None
        each = replayed(message, message.message_id, dedup_id)
        if why := target.problem(each):
            report.results.append(MoveResult(each.key, State.SKIPPED, None, why))
        else:
            fitting.append(each)
    return report, fitting
