"""Plans of a move that receive nothing: from the emulator's own page, or of what is known without looking."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.back_door import behind
from sqs_core.move_plan import Choice, Decider, Decision, Plan, plan_of
from sqs_core.put_back_journal import open_journal

if TYPE_CHECKING:
    from sqs_core.client import AwsSession
    from sqs_core.move_report import MoveOptions
    from sqs_core.move_targets import Targets
    from sqs_core.peek import Place
    from sqs_core.selecting import Selection

_FREE = "nothing: the emulator shows its messages"


def plan_for_free(
    session: AwsSession, source: Place, targets: Targets, selection: Selection, options: MoveOptions
) -> Plan | None:
    """The whole plan; None where the endpoint does not show messages without a receive."""
    found = behind(session.connection, session.service_url(), source.name, source.url)
    if found is None:
        return None
    with open_journal(time.time(), session.service_url(), source.url) as journal:
        decider = Decider(targets, selection, journal.steps, retry_uncertain=options.retry_uncertain)
        decisions = [
            decider.decide(message)
            if options.only is None or message.message_id in options.only
            else Decision(Choice.LEAVE, message.message_id)
            for message, visible in found
            if visible
        ]
    hidden = sum(not visible for _, visible in found)
    note = "; ".join(filter(None, (targets.note, selection.example)))
    return replace(plan_of(source, decisions, _FREE), whole=True, hidden=hidden, note=note)


def plan_unseen(source: Place, targets: Targets, why: str) -> Plan:
    """A plan of what is known without a look."""
    names = ", ".join(targets.names)
    return Plan(source.name, source.waiting, "nothing: it was not looked at", note=f"{why}; messages would go to {names}")
