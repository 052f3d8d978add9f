"""Pure: a queue's message groups, as a lens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.groups import GroupState, MessageGroup, message_groups
from sqs_tui import format as shown
from sqs_tui.lens import Lens
from sqs_tui.pane_rows import OUTCOMES, SHORT_ID_LENGTH, short_id, thread_name
from sqs_tui.rows import ROW_LIMIT, Cell, Column, Row, Tone, limited
from sqs_tui.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_core.model import ConsumerSnapshot

GROUP_COLUMNS = (
    Column("group", 8, grows=True),
    Column("now", 9),
    Column("since", 8),
    Column("worker", 10),
    Column("message", SHORT_ID_LENGTH),
    Column("seen", 5, right=True),
    Column("held", 5, right=True, needs=90),
    Column("done", 5, right=True),
    Column("failed", 6, right=True),
    Column("last ended", 12, needs=90),
    Column("at", 8, needs=110),
)
_TONES = {
    GroupState.HANDLING: Tone.ACCENT,
    GroupState.HUNG: Tone.BAD,
    GroupState.SETTLING: Tone.ACCENT,
    GroupState.BUFFERED: Tone.PLAIN,
    GroupState.TO_RETRY: Tone.WARNING,
    GroupState.IDLE: Tone.MUTED,
}
_FIFO = "FIFO: while one message of a group is out, or failed and is to come again, SQS gives out none behind it."
_FAIR = "Not FIFO: groups share the queue fairly, and none keeps another, or its own next message, waiting."


def group_lens(consumer: ConsumerSnapshot) -> Lens:
    """A row for each group: those with a message held first, then those to be retried, the longest on top."""
    groups = message_groups(consumer)
    kept = shown.plural(len(consumer.history), "finished message")
    return Lens(
        f"Groups of {one_line(consumer.queue)}",
        (
            f"{_sums(groups)}, in what is held now and the newest {kept}.",
            "How many wait in SQS by group is known to nobody: seen is what came here.",
            _FIFO if consumer.fifo else _FAIR,
        ),
        limited([_row(group) for group in groups[: ROW_LIMIT + 1]], len(groups)),
        {group.group_id: _detail(group) for group in groups[:ROW_LIMIT]},
        "No message seen here carries a group id.",
    )


def _sums(groups: Sequence[MessageGroup]) -> str:
    held = sum(group.held > 0 for group in groups)
    to_retry = sum(group.state is GroupState.TO_RETRY for group in groups)
    return f"{shown.plural(len(groups), 'group')} seen, {held} with messages held, {to_retry} to be retried"


def _row(group: MessageGroup) -> Row:
    glyph, tone = OUTCOMES[group.last_outcome] if group.last_outcome else ("", Tone.MUTED)
    return Row(
        group.group_id,
        (
            Cell(one_line(group.group_id), Tone.STRONG),
            Cell(group.state, _TONES[group.state]),
            Cell(shown.clock_time(group.since), Tone.MUTED),
            Cell(thread_name(group.worker) if group.worker else ""),
            Cell(short_id(group.message_id)),
            Cell(shown.count(group.seen)),
            Cell(shown.count(group.held), Tone.PLAIN if group.held else Tone.MUTED),
            Cell(shown.count(group.done)),
            Cell(shown.count(group.failed), Tone.WARNING if group.failed else Tone.MUTED),
            Cell(f"{glyph} {group.last_outcome}" if group.last_outcome else "", tone),
            Cell(shown.clock_time(group.last_at) if group.last_at is not None else "", Tone.MUTED),
        ),
        group.message_id,
    )


def _detail(group: MessageGroup) -> tuple[str, ...]:
    by = f" by {thread_name(group.worker)}" if group.worker else ""
    receives = "" if group.receive_count is None else f", receive {group.receive_count:,}"
    said = f": {group.last_error}" if group.last_error else ""
    last = "" if group.last_at is None else f"last ended {shown.stamp(group.last_at)}, {group.last_outcome}{said}"
    return (
        one_line(f"group {group.group_id}"),
        one_line(f"{group.state}{by} since {shown.clock_time(group.since)}: message {group.message_id}{receives}"),
        f"{group.seen:,} seen, {group.held:,} held, {group.done:,} done, {shown.plural(group.failed, 'failure')}",
        one_line(last),
    )
