"""Pure: a queue's failures by cause, as a lens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_tui import format as shown
from sqs_tui.lens import Lens
from sqs_tui.rows import MORE_KEY, Cell, Column, Row, Tone
from sqs_tui.safe_text import one_line

if TYPE_CHECKING:
    from sqs_core.model import ConsumerSnapshot, FailureGroup, Totals

FAILURE_COLUMNS = (
    Column("count", 6, right=True),
    Column("given up", 8, right=True, needs=100),
    Column("first", 8, needs=90),
    Column("newest", 8),
    Column("what", 22),
    Column("where", 8, grows=True),
    Column("newest error", 60, needs=150),
)


def failure_lens(consumer: ConsumerSnapshot) -> Lens:
    """A row for each cause, the most frequent first."""
    failures = consumer.failures
    groups = sorted(failures.groups, key=lambda group: (-group.count, group.first_at, _key(group)))
    rows = tuple(_row(group) for group in groups)
    if failures.other:
        other = f"… {shown.plural(failures.other, 'failure')} more, of causes too rare to be kept apart"
        rows = (*rows, Row(MORE_KEY, (Cell(other, Tone.MUTED),)))
    return Lens(
        f"Failures of {one_line(consumer.queue)}",
        (
            _sums(consumer.totals),
            "Of the whole run: a message that failed three times counts three times. Clock times are UTC.",
        ),
        rows,
        {_key(group): _detail(group) for group in groups},
        "Nothing has failed here.",
    )


def _sums(totals: Totals) -> str:
    failed = f"{totals.failed:,} failed: {totals.retried:,} retried, {totals.given_up:,} given up"
    return f"{failed}; {shown.plural(totals.leases_lost, 'lease')} lost"


def _key(group: FailureGroup) -> str:
    return f"{group.kind}\0{group.place}\0{group.pattern}"


def _row(group: FailureGroup) -> Row:
    return Row(
        _key(group),
        (
            Cell(shown.count(group.count), Tone.STRONG),
            Cell(shown.count(group.given_up), Tone.BAD if group.given_up else Tone.MUTED),
            Cell(shown.clock_time(group.first_at), Tone.MUTED),
            Cell(shown.clock_time(group.last_at)),
            Cell(one_line(group.kind), Tone.WARNING),
            Cell(one_line(group.place)) if group.place else Cell(one_line(_said(group, group.pattern or "")), Tone.MUTED),
            Cell(one_line(_said(group, group.error)), Tone.MUTED),
        ),
        group.message_id,
    )


def _said(group: FailureGroup, text: str) -> str:
    """Without the exception's type, which has a column of its own."""
    return text.removeprefix(f"{group.kind}: ")


def _detail(group: FailureGroup) -> tuple[str, ...]:
    where = f" at {group.place}" if group.place else ""
    given_up = f", {group.given_up:,} given up" if group.given_up else ""
    return (
        one_line(f"{group.count:,} × {group.kind}{where}"),
        one_line(group.error),
        f"first {shown.stamp(group.first_at)}, newest {shown.stamp(group.last_at)}{given_up}",
        one_line(f"newest message {group.message_id}"),
    )
