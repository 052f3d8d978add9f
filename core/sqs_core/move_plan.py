"""What a move would do, message by message, decided before anything is sent."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sqs_core.outgoing import replayed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqs_core.message import Message
    from sqs_core.move_targets import Targets
    from sqs_core.outgoing import Outgoing
    from sqs_core.peek import Place
    from sqs_core.put_back_journal import Step
    from sqs_core.putting import Target
    from sqs_core.selecting import Selection


class Choice(StrEnum):
    """What is to be done with a message of the source."""

    MOVE = "move"
    FINISH = "finish"
    """It was sent by an earlier run and only has to be deleted here."""
    SKIP = "skip"
    UNCERTAIN = "uncertain"
    LEAVE = "leave"
    """The expression does not choose it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The choice for one message; `why` explains what is skipped or uncertain."""

    choice: Choice
    message_id: str
    why: str = ""
    target: Target | None = None
    outgoing: Outgoing | None = None
    group_id: str | None = None


@dataclass(slots=True)
class Plan:
    """Counts of decisions. `moves` is by target's name, `skipped` by reason; `about` is how many the source says it has,
    `cost` what the look cost, in words,
    `hidden` how many others hold or wait for."""

    source: str
    about: int | None
    cost: str
    seen: int = 0
    moves: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    uncertain: int = 0
    finished_before: int = 0
    left_alone: int = 0
    hidden: int = 0
    whole: bool = False
    note: str = ""
    agreed: bool = False

    def add(self, decision: Decision) -> None:
        """Count one."""
        self.seen += 1
        if decision.choice is Choice.MOVE:
            name = decision.target.name if decision.target else ""
            self.moves[name] = self.moves.get(name, 0) + 1
        elif decision.choice is Choice.SKIP:
            self.skipped[decision.why] = self.skipped.get(decision.why, 0) + 1
        elif decision.choice is Choice.UNCERTAIN:
            self.uncertain += 1
        elif decision.choice is Choice.FINISH:
            self.finished_before += 1
        else:
            self.left_alone += 1

    @property
    def to_move(self) -> int:
        """How many would be sent."""
        return sum(self.moves.values())


class Decider:
    """Decides by the journal first, for what was begun is finished or left alone; then by the expression and the target."""

    def __init__(self, targets: Targets, selection: Selection, steps: Mapping[str, Step], *, retry_uncertain: bool) -> None:
        self._targets, self._selection, self._steps = targets, selection, steps
        self._retry_uncertain = retry_uncertain

    def decide(self, message: Message) -> Decision:
        """What is to be done with this one."""
        step, now = self._steps.get(message.message_id), time.time()
        if step is not None and not step.open:
            return Decision(Choice.FINISH, message.message_id, "an earlier run has sent it, and it is only deleted here")
        target, why = self._targets.of(message)
        if step is not None and not self._retry_uncertain and not _safe_again(step, target, now):
            why = "an earlier run may have sent it: no proof came back"
            return Decision(Choice.UNCERTAIN, message.message_id, why, group_id=message.group_id)
        if not self._selection.chooses(message, now):
            return Decision(Choice.LEAVE, message.message_id)
        if target is None:
            return Decision(Choice.SKIP, message.message_id, why)
        outgoing = replayed(message, message.message_id, message.message_id if target.fifo else None)
        problem = target.problem(outgoing)
        if problem:
            return Decision(Choice.SKIP, message.message_id, problem)
        return Decision(Choice.MOVE, message.message_id, "", target, outgoing, message.group_id)


def _safe_again(step: Step, target: Target | None, now: float) -> bool:
    return target is not None and step.to == target.url and step.may_be_repeated(now)


def plan_of(source: Place, decisions: Iterable[Decision], cost: str) -> Plan:
    """The plan of what was looked at, and what that cost in words."""
    plan = Plan(source.name, source.waiting, cost)
    for decision in decisions:
        plan.add(decision)
    return plan
