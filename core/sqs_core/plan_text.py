"""Plans and reports of moves in words, for every face. Names and reasons are foreign text: faces clean them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.move_report import MoveReport, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.move_plan import Plan


def plan_lines(plan: Plan, chosen: str = "") -> Iterator[str]:
    """What would be done; `chosen` says how the messages were chosen."""
    about = "" if plan.about is None else f" of about {plan.about:,} that are visible"
    yield f"Plan for {plan.source}{f' {chosen}' if chosen else ''}: {_one_or(plan.seen, 'message', 'messages')} seen{about}"
    for name, count in plan.moves.items():
        sent = "deleted here once it is proved sent"
        yield f"  {_one_or(count, f'goes to {name}, {sent}', f'go to {name}, each {sent}')}"
    if plan.left_alone:
        yield f"  {_one_or(plan.left_alone, 'is not chosen and stays', 'are not chosen and stay')}"
    for why, count in plan.skipped.items():
        yield f"  {count:,} skipped: {why}"
    if plan.uncertain:
        yield f"  {plan.uncertain:,} uncertain: an earlier run may have sent them; --retry-uncertain sends them again"
    if plan.finished_before:
        was = _one_or(plan.finished_before, "was sent by an earlier run and is", "were sent by an earlier run and are")
        yield f"  {was} only deleted here"
    if plan.hidden:
        more = _one_or(plan.hidden, "more is", "more are")
        yield f"  {more} hidden now: delayed, or held by a reader, which may have been killed; run again later"
    if not plan.whole and plan.seen:
        yield "  more is looked at as it goes on; what it is cannot be told now"
    if plan.note:
        yield f"  {plan.note}"
    yield f"  what the look costs: {plan.cost}"


def _one_or(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def report_line(report: MoveReport) -> str:
    """All states in one line."""
    said = ", ".join(f"{report.count(state):,} {state}" for state in State)
    return f"{said}; cut short: {report.cut}" if report.cut else said
