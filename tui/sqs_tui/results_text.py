"""Results of putting messages back, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqs_core.move_report import MoveReport, State
from sqs_core.plain_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LISTED = 50


def result_lines(report: MoveReport, moved: str = "moved") -> Iterator[str]:
    """A line for each state, then the messages that did not go as wished. `moved` is the word for those that did."""
    for state in State:
        yield f"{moved if state is State.MOVED else state.value:<10} {report.count(state)}"
    for state in (State.UNCERTAIN, State.FAILED):
        found = [result for result in report.results if result.state is state]
        for result in found[:_LISTED]:
            yield f"  {state}: {one_line(result.message_id, 60)}: {one_line(result.why)}"
        if len(found) > _LISTED:
            yield f"  … and {len(found) - _LISTED:,} more {state}; --json lists all"
    yield from reason_lines(Counter(result.why for result in report.results if result.state is State.SKIPPED))
    if report.left_alone:
        were = "was not chosen and is" if report.left_alone == 1 else "were not chosen and are"
        yield f"{report.left_alone:,} {were} untouched"
    if report.unseen:
        yield f"about {report.unseen:,} are behind others of their group that stay, and were not looked at (FIFO)"
    if report.cut:
        yield f"▲ cut short: {one_line(report.cut)}"


def result_json(report: MoveReport) -> dict[str, Any]:
    """Counts by state, and every message."""
    counts = {state.value: report.count(state) for state in State}
    results = [asdict(result) for result in report.results]
    more = {"left_alone": report.left_alone, "unseen": report.unseen, "cut": report.cut or None, "backup": report.backup}
    return {**counts, **more, "results": results}


def reason_lines(skipped: Mapping[str, int]) -> Iterator[str]:
    """What a plan leaves out, by reason."""
    for why, count in skipped.items():
        yield f"  {count:,} skipped: {one_line(why)}"
