"""Moving messages from one queue to others, proved one by one: planned first, sent, verified, and only then deleted.

The order of each message: its backup, its line in the journal, the send, the proof, the journal again, the delete. After a kill
the next run finds in the journal what was sent and only deletes it, and what may have been sent and leaves it alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.action_log import Action
from sqs_core.backups import Backup
from sqs_core.capabilities import require_write
from sqs_core.move_plan import Choice, Decider, Decision, Plan, plan_of
from sqs_core.move_report import MoveOptions, MoveReport, MoveResult, State
from sqs_core.peek import cost, visible_now
from sqs_core.putting import Pace, Putter, Wall
from sqs_core.sender import Verdict
from sqs_core.sweep import Sweep, open_sweep

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqs_core.client import AwsSession
    from sqs_core.message import Message
    from sqs_core.move_targets import Targets
    from sqs_core.outgoing import Outgoing
    from sqs_core.peek import Place
    from sqs_core.put_back_journal import Journal
    from sqs_core.selecting import Selection
    from sqs_core.sender import SendResult

ROUND_BYTES = 64 * 2**20
ROUND_MESSAGES = 10_000


class Mover:
    """One move. `stop` may be set at any time: what is being sent is finished, and the rest handed back.

    `edited` are bodies by message id to send in place of the old ones; `agree` may fill it while the messages are held, and set
    another `pace`.
    """

    def __init__(
        self,
        session: AwsSession,
        source: Place,
        targets: Targets,
        selection: Selection,
        options: MoveOptions,
        stop: threading.Event,
    ) -> None:
        self.report = MoveReport()
        self.edited: dict[str, str] = {}
        self._session, self._source, self._targets, self._selection = session, source, targets, selection
        self._options, self._stop = options, stop
        self.pace = Pace(options.rate, stop)
        self._backup = Backup(source.name)
        self._putters: dict[str, Putter] = {}
        self._wall = Wall()
        self._digests: dict[str, str] = {}
        self._halted: set[str] = set()
        self._behind: set[str] = set()
        self._canary = options.canary
        self._canary_sizes = [1, 10]

    def run(self, agree: Callable[[Plan], bool], moved: Callable[[int], None] = lambda _: None) -> MoveReport:
        """Look, say what would be done, and do it if `agree` says so. `moved` is told of each step's results.

        Raises `ConfigurationError` and `RequestError` before anything was sent; later they are in the report.
        """
        require_write(self._session.connection, f"taking messages out of {self._source.name}")
        with open_sweep(self._session, self._source) as (journal, sweep):
            decider = Decider(self._targets, self._selection, journal.steps, retry_uncertain=self._options.retry_uncertain)
            first = self._look(sweep, decider)
            if not self._stop.is_set() and agree(self._plan(first, sweep)):
                action = Action(self._session, self._source, self._options.operation)
                try:
                    self._rounds(first, sweep, decider, journal, moved)
                finally:
                    self._close(action)
        return self.report

    def _look(self, sweep: Sweep, decider: Decider) -> _Round:
        """Until nothing more comes, or enough for one round is at hand."""
        found = _Round()
        for messages in sweep.receive(self._stop):
            for message in messages:
                found.add(self._decide(decider, message), message)
            if found.full:
                return found
        found.whole = not sweep.trouble
        return found

    def _decide(self, decider: Decider, message: Message) -> Decision:
        if self._options.only is not None and message.message_id not in self._options.only:
            return Decision(Choice.LEAVE, message.message_id)
        return decider.decide(message)

    def _plan(self, first: _Round, sweep: Sweep) -> Plan:
        plan = plan_of(self._source, first.decisions, cost(self._source, "meanwhile"))
        note = "; ".join(filter(None, (self._targets.note, sweep.trouble or self._selection.example)))
        return replace(plan, whole=first.whole, note=note, hidden=sweep.hidden_from_us())

    def _rounds(self, first: _Round, sweep: Sweep, decider: Decider, journal: Journal, moved: Callable[[int], None]) -> None:
        found = first
        while found.decisions:
            self._work(found, sweep, journal, moved)
            if self._stop.is_set() or self.report.cut or (found.whole and not self._source.fifo):
                break
            found = self._look(sweep, decider)
        if self._source.fifo:
            self.report.unseen = visible_now(sweep.queue) or 0
        if self._stop.is_set() and not self.report.cut:
            self.report.cut = "cancelled"
        self.report.cut = self.report.cut or sweep.trouble

    def _work(self, found: _Round, sweep: Sweep, journal: Journal, moved: Callable[[int], None]) -> None:
        self.report.left_alone += sum(decision.choice is Choice.LEAVE for decision in found.decisions)
        self._keep_order(found.decisions)
        for decision in found.decisions:
            if decision.choice in (Choice.SKIP, Choice.UNCERTAIN):
                state = State.SKIPPED if decision.choice is Choice.SKIP else State.UNCERTAIN
                self._tell([MoveResult(decision.message_id, state, None, decision.why)], moved)
        self._finish([each for each in found.decisions if each.choice is Choice.FINISH], sweep, journal, moved)
        moves = [decision for decision in found.decisions if decision.choice is Choice.MOVE]
        if moves and self._options.backup:
            self._backup.write(found.messages[decision.message_id] for decision in moves)
        for name in dict.fromkeys(decision.target.name for decision in moves if decision.target):
            if self.report.cut:
                return
            self._move([each for each in moves if each.target and each.target.name == name], sweep, journal, moved)

    def _keep_order(self, decisions: Sequence[Decision]) -> None:
        """Of a FIFO queue's group nothing is sent behind one that stays because nobody knows whether it was sent."""
        for decision in decisions:
            if self._source.fifo and decision.group_id is not None:
                if decision.choice is Choice.UNCERTAIN:
                    self._halted.add(decision.group_id)
                elif decision.choice is Choice.MOVE and decision.group_id in self._halted:
                    self._behind.add(decision.message_id)

    def _finish(self, decisions: Sequence[Decision], sweep: Sweep, journal: Journal, moved: Callable[[int], None]) -> None:
        refused = sweep.delete([decision.message_id for decision in decisions])
        for decision in decisions:
            new_id, why = journal.steps[decision.message_id].new_id, refused.get(decision.message_id)
            state = State.SKIPPED if why is None else State.UNCERTAIN
            text = decision.why if why is None else f"sent before as {new_id}, but it cannot be deleted here: {why}"
            self._tell([MoveResult(decision.message_id, state, new_id, text)], moved)

    def _move(self, decisions: Sequence[Decision], sweep: Sweep, journal: Journal, moved: Callable[[int], None]) -> None:
        putter = self._putter(decisions[0], journal)
        outgoing = [self._as_edited(decision.outgoing) for decision in decisions if decision.outgoing is not None]
        for step in self._steps(outgoing):
            before = len(self.report.results)
            for results in putter.put(step, lambda message: self._may_go(message, putter, sweep, moved)):
                self._settle(results, sweep, journal, moved)
                if self.report.cut:
                    return
            if self._canary is not None and not self._stop.is_set():
                self.report.cut = self._after_step(self._canary, self.report.results[before:])
                if self.report.cut:
                    return

    def _after_step(self, canary: Callable[[Sequence[str]], str], results: Sequence[MoveResult]) -> str:
        """Why not to go on after a step of the canary, or an empty text."""
        amiss = next((result for result in results if result.state is not State.MOVED), None)
        if amiss is not None:
            return f"the canary {amiss.message_id} ended as {amiss.state}: the rest stays where it is"
        why = canary([result.new_id for result in results if result.new_id])
        if not self._canary_sizes:
            self._canary = None
        return why

    def _steps(self, outgoing: list[Outgoing]) -> Iterator[list[Outgoing]]:
        """All at once; with a canary one, then ten, then the rest, over the whole move and not for each target."""
        start = 0
        while start < len(outgoing):
            size = self._canary_sizes.pop(0) if self._canary is not None and self._canary_sizes else len(outgoing)
            yield outgoing[start : start + size]
            start += size

    def _as_edited(self, message: Outgoing) -> Outgoing:
        body = self.edited.get(message.key)
        out = message if body is None else replace(message, body=body)
        self._digests[message.key] = hashlib.sha256(out.body.encode("utf-8", "surrogatepass")).hexdigest()
        return out

    def _settle(self, results: Mapping[str, SendResult], sweep: Sweep, journal: Journal, moved: Callable[[int], None]) -> None:
        """Delete what was proved sent, and tell how each ended."""
        sent = {key: result for key, result in results.items() if result.verdict is Verdict.SENT}
        refused = sweep.delete(list(sent))
        journal.note({key: replace(journal.steps[key], state="deleted") for key in sent if key not in refused})
        told = [_result(key, result, refused.get(key)) for key, result in results.items()]
        self._tell([replace(each, body_sha256=self._digests.pop(each.message_id, None)) for each in told], moved)
        self.report.cut = self._wall.met(results)

    def _may_go(self, message: Outgoing, putter: Putter, sweep: Sweep, moved: Callable[[int], None]) -> bool:
        if message.key in self._behind:
            why = "one of its group before it stays, and the order is kept"
        elif sweep.holds(message.key):
            return True
        else:
            why = "its visibility timeout could not be extended, so another reader may have it: run again"
            putter.block(message.group_id)
        self._tell([MoveResult(message.key, State.FAILED, None, why)], moved)
        return False

    def _putter(self, decision: Decision, journal: Journal) -> Putter:
        assert decision.target is not None
        name = decision.target.name
        if name not in self._putters:
            retry = self._options.retry_uncertain
            session = self._targets.session or self._session
            self._putters[name] = Putter(session, decision.target, journal, self.pace, self._stop, retry_uncertain=retry)
        return self._putters[name]

    def _tell(self, results: Sequence[MoveResult], moved: Callable[[int], None]) -> None:
        self.report.results.extend(results)
        moved(len(results))

    def _close(self, action: Action) -> None:
        for putter in self._putters.values():
            putter.close()
        self.report.backup = str(self._backup.path) if self._backup.path else None
        for state in State:
            found = [result for result in self.report.results if result.state is state]
            if found:
                hashes = {result.message_id: result.body_sha256 for result in found if result.body_sha256}
                action.end(state.value, [result.message_id for result in found], hashes)


class _Round:
    """What one look brought, decided; bodies are kept only of what is to be moved."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self.messages: dict[str, Message] = {}
        self.whole = False
        self._bytes = 0

    def add(self, decision: Decision, message: Message) -> None:
        self.decisions.append(decision)
        if decision.choice is Choice.MOVE and decision.outgoing is not None:
            self.messages[message.message_id] = message
            self._bytes += decision.outgoing.size_bytes

    @property
    def full(self) -> bool:
        return self._bytes >= ROUND_BYTES or len(self.messages) >= ROUND_MESSAGES


def _result(message_id: str, result: SendResult, not_deleted: str | None) -> MoveResult:
    if result.verdict is Verdict.SENT and not_deleted is None:
        return MoveResult(message_id, State.MOVED, result.message_id)
    if result.verdict is Verdict.SENT:
        why = f"sent as {result.message_id}, but not deleted here ({not_deleted}): run again, and it is only deleted"
        return MoveResult(message_id, State.UNCERTAIN, result.message_id, why)
    state = State.FAILED if result.verdict is Verdict.REFUSED else State.UNCERTAIN
    return MoveResult(message_id, state, result.message_id, result.why)
