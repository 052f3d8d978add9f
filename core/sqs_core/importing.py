"""Messages of a file sent to a queue: as they were (import), or told to be replays and in their old rhythm (replay)."""

from __future__ import annotations

import contextlib
import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqs_core.action_log import Action
from sqs_core.capabilities import require_write
from sqs_core.errors import ConfigurationError
from sqs_core.message_file import Rhythm, digest_of, read_messages
from sqs_core.move_report import MoveReport, MoveResult, State
from sqs_core.outgoing import replayed, same_again
from sqs_core.put_back_journal import Journal, open_journal
from sqs_core.putting import Pace, Putter, Wall
from sqs_core.sender import BATCH, Verdict

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqs_core.client import AwsSession
    from sqs_core.message_json import Saved
    from sqs_core.outgoing import Outgoing
    from sqs_core.put_back_journal import Step
    from sqs_core.putting import Target
    from sqs_core.selecting import Selection


@dataclass(slots=True)
class FilePlan:
    """What a file holds for a target: `skipped` by reason, `unreadable` lines as `line 3: why`, counts of earlier runs."""

    digest: str
    lines: int = 0
    to_send: int = 0
    left_alone: int = 0
    done_before: int = 0
    uncertain: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`replay` marks each message as one; `speed` keeps the rhythm of the file, so many times as fast."""

    rate: float | None = None
    replay: bool = False
    speed: float | None = None
    retry_uncertain: bool = False
    skip_unreadable: bool = False
    again: bool = False


class Importer:
    """One file to one queue. Run again after it was cut, an import goes on where it was; a replay begins at its start."""

    def __init__(
        self,
        session: AwsSession,
        path: Path,
        target: Target,
        selection: Selection,
        options: ImportOptions,
        stop: threading.Event,
    ) -> None:
        self.report = MoveReport()
        self._session, self._path, self._target = session, path, target
        self._selection, self._options, self._stop = selection, options, stop
        self._pace = Pace(options.rate, stop, 1 if options.speed else BATCH)
        self._seen: set[str] = set()
        self._old_ids: dict[str, str] = {}
        self._wall = Wall()

    def run(self, agree: Callable[[FilePlan], bool], told: Callable[[int], None] = lambda _: None) -> MoveReport:
        """Read the file, say what would be done, and do it if `agree` says so. `told` hears of results as they come.

        Raises `ConfigurationError` before anything was sent, for a file that cannot be read too.
        """
        digest = digest_of(self._path)
        with self._journal(digest) as journal:
            if agree(self._plan(digest, {} if self._options.again else journal.steps)):
                if self._options.again:
                    journal.forget(list(journal.steps))
                what = "replay" if self._options.replay else "import"
                require_write(self._session.connection, f"sending to {self._target.name}")
                action = Action(self._session, self._target, what)
                try:
                    self._send(digest, journal, told)
                finally:
                    for state in State:
                        ids = [result.new_id or result.message_id for result in self.report.results if result.state is state]
                        if ids:
                            action.end(state.value, ids)
        return self.report

    def _journal(self, digest: str) -> contextlib.AbstractContextManager[Journal]:
        if self._options.replay:
            return contextlib.nullcontext(Journal(None, time.time()))
        return open_journal(time.time(), "file", digest, self._session.service_url(), self._target.url)

    def _plan(self, digest: str, steps: Mapping[str, Step]) -> FilePlan:
        plan = FilePlan(digest)
        for number, saved in self._lines():
            plan.lines += 1
            if isinstance(saved, str):
                plan.unreadable.append(f"line {number}: {saved}")
            elif not self._selection.chooses(saved.message):
                plan.left_alone += 1
            elif (state := self._state_before(steps.get(str(number)))) is not None:
                plan.done_before += state is State.SKIPPED
                plan.uncertain += state is State.UNCERTAIN
            elif problem := self._target.problem(self._outgoing(number, saved, digest)):
                plan.skipped[problem] = plan.skipped.get(problem, 0) + 1
            else:
                plan.to_send += 1
        if plan.unreadable and not self._options.skip_unreadable:
            raise ConfigurationError(
                f"{self._path} {plan.unreadable[0]}; {len(plan.unreadable)} of {plan.lines} lines cannot be read: nothing "
                "was sent; mend them, or leave them out with --skip-unreadable"
            )
        return plan

    def _state_before(self, step: Step | None) -> State | None:
        """How an earlier run of this file ended for a line; None where it is still to be sent."""
        if step is None:
            return None
        if not step.open:
            return State.SKIPPED
        return None if self._options.retry_uncertain or step.may_be_repeated(time.time()) else State.UNCERTAIN

    def _send(self, digest: str, journal: Journal, told: Callable[[int], None]) -> None:
        retry = self._options.retry_uncertain
        putter = Putter(self._session, self._target, journal, self._pace, self._stop, retry_uncertain=retry)
        try:
            for results in putter.put(self._to_send(digest, journal.steps, told)):
                found = [self._result(key, result.verdict, result.message_id, result.why) for key, result in results.items()]
                self._tell(found, told)
                if why := self._wall.met(results):
                    self.report.cut = why
                    return
        finally:
            putter.close()
        if self._stop.is_set():
            self.report.cut = "cancelled; run it again to go on" if not self._options.replay else "cancelled"

    def _to_send(self, digest: str, steps: Mapping[str, Step], told: Callable[[int], None]) -> Iterator[Outgoing]:
        rhythm = Rhythm(self._options.speed, self._stop)
        for number, saved in self._lines():
            if isinstance(saved, str):
                self._tell([MoveResult(f"line {number}", State.SKIPPED, None, saved)], told)
                continue
            if not self._selection.chooses(saved.message):
                self.report.left_alone += 1
                continue
            before = self._state_before(steps.get(str(number)))
            outgoing = self._outgoing(number, saved, digest)
            why = self._target.problem(outgoing)
            if before is not None:
                said = "an earlier run has sent it"
                said = said if before is State.SKIPPED else "an earlier run may have sent it: no proof came back"
                self._tell([MoveResult(f"line {number}", before, steps[str(number)].new_id, said)], told)
            elif why:
                self._tell([MoveResult(f"line {number}", State.SKIPPED, None, why)], told)
            else:
                rhythm.wait(saved)
                self._old_ids[outgoing.key] = saved.message.message_id
                yield outgoing

    def _outgoing(self, number: int, saved: Saved, digest: str) -> Outgoing:
        own = hashlib.sha256(f"{digest} {number} {time.time() if self._options.replay else ''}".encode()).hexdigest()
        if self._options.replay:
            return replayed(saved.message, str(number), own if self._target.fifo else None)
        return same_again(saved.message, str(number), self._dedup_id(saved, own))

    def _dedup_id(self, saved: Saved, own: str) -> str | None:
        """The message's own; a FIFO queue that makes none gets one that is the same when the file is imported again."""
        if not self._target.fifo:
            return None
        return saved.message.dedup_id or (None if self._target.by_content else own)

    def _result(self, key: str, verdict: Verdict, new_id: str | None, why: str) -> MoveResult:
        old_id = self._old_ids.pop(key, "")
        if verdict is Verdict.SENT and (new_id in self._seen or new_id == old_id):
            swallowed = f"SQS took it for one it had within 5 minutes (the same deduplication id): {new_id}"
            return MoveResult(f"line {key}", State.SKIPPED, new_id, swallowed)
        if verdict is Verdict.SENT and new_id:
            self._seen.add(new_id)
            return MoveResult(f"line {key}", State.MOVED, new_id)
        return MoveResult(f"line {key}", State.FAILED if verdict is Verdict.REFUSED else State.UNCERTAIN, new_id, why)

    def _tell(self, results: list[MoveResult], told: Callable[[int], None]) -> None:
        self.report.results += results
        told(len(results))

    def _lines(self) -> Iterator[tuple[int, Saved | str]]:
        return read_messages(self._path, self._target.name)
