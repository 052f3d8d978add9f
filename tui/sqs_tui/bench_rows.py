"""Pure: what the workbench saw becomes rows of its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.bench import LookState
from sqs_core.errors import ConfigurationError
from sqs_core.masking import mask_secrets
from sqs_core.matching import Query, Subject
from sqs_core.peek import Rung
from sqs_core.selecting import Selection
from sqs_core.shapes import group_by_shape, shape_of
from sqs_tui import format as shown
from sqs_tui.rows import Cell, Column, Row, Tone
from sqs_tui.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqs_core.bench import BenchView
    from sqs_core.peek import Peeked

    Mask = Callable[[str, int | None], str]

PREVIEW_CHARACTERS = 300
_WAYS = {
    Rung.BACK_DOOR: "seen on the emulator's own page, at no cost",
    Rung.OWN: "that our workers hold or have handled, at no cost",
    Rung.RECEIVE: "seen by receiving, one receive each",
}
_RUNGS = {Rung.BACK_DOOR: "page", Rung.OWN: "workers", Rung.RECEIVE: "receive"}
EXPRESSION = "="
MESSAGE_COLUMNS = (
    Column("", 1),
    Column("message", 8),
    Column("sent (UTC)", 19, needs=100),
    Column("receives", 16),
    Column("group", 12, needs=110),
    Column("state", 7, needs=90),
    Column("by", 7),
    Column("body", 8, grows=True),
)
GROUP_COLUMNS = (Column("messages", 8, right=True), Column("example", 8), Column("what they look like", 8, grows=True))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows that a filter lets through; `problem` says what is wrong with it: then it lets all through."""

    rows: tuple[Peeked, ...]
    problem: str = ""


def choose(view: BenchView, text: str, shape: str | None) -> Chosen:
    """The rows of one shape (None for all) that a filter lets through: as in the panes, or after `=` a JMESPath expression."""
    rows = view.rows if shape is None else tuple(row for row in view.rows if shape_of(row.message) == shape)
    if not text.startswith(EXPRESSION):
        query = Query(text)
        return Chosen(tuple(query.select(rows, lambda row: _subject(row, view.at))) if query else rows, query.problem or "")
    try:
        selection = Selection(text[len(EXPRESSION) :].strip() or None)
    except ConfigurationError as error:
        return Chosen(rows, str(error))
    return Chosen(tuple(row for row in rows if selection.chooses(row.message)), selection.example)


def _subject(row: Peeked, now: float) -> Subject:
    message = row.message
    values = [value.value for value in message.typed_attributes.values() if isinstance(value.value, str)]
    age_seconds = None if message.sent_at is None else now - message.sent_at
    texts = (message.message_id, message.body, message.group_id, *values)
    return Subject(texts, message.receive_count, age_seconds, message.group_id)


def message_rows(rows: Sequence[Peeked], marked: Collection[str], mask: Mask = mask_secrets) -> tuple[Row, ...]:
    """A row for each message, its body through `mask`."""
    return tuple(_message_row(row, row.message.message_id in marked, mask) for row in rows)


def group_rows(view: BenchView, mask: Mask = mask_secrets) -> tuple[Row, ...]:
    """A row for each shape, the most frequent first; its key is the shape."""
    return tuple(
        Row(
            group.shape,
            (
                Cell(shown.count(group.count), Tone.STRONG),
                Cell(one_line(group.example, 9)[:8], Tone.MUTED),
                Cell(one_line(mask(group.shape, None))),
            ),
            group.example,
        )
        for group in group_by_shape(row.message for row in view.rows)
    )


def _message_row(row: Peeked, marked: bool, mask: Mask) -> Row:
    message = row.message
    left = row.receives_left
    counted = f"{message.receive_count}" if left is None else f"{message.receive_count}, {left} left"
    return Row(
        message.message_id,
        (
            Cell("●" if marked else "", Tone.ACCENT),
            Cell(one_line(message.message_id, 9)[:8], Tone.STRONG),
            Cell(shown.stamp(message.sent_at).removesuffix(" UTC") if message.sent_at is not None else "?", Tone.MUTED),
            Cell(counted, Tone.WARNING if left is not None and left <= 1 else Tone.PLAIN),
            Cell(one_line(message.group_id or "")),
            Cell(state_text(row), Tone.MUTED if row.visible else Tone.WARNING),
            Cell(_RUNGS[row.rung], Tone.MUTED),
            Cell(one_line(mask(message.body, PREVIEW_CHARACTERS))),
        ),
        message.message_id,
    )


def state_text(row: Peeked) -> str:
    """Where the message is, in a word."""
    if row.rung is Rung.OWN:
        return "ended" if row.visible else "held"
    return "visible" if row.visible else "hidden"


def summary_text(view: BenchView, chosen: int, filtered: bool) -> str:
    """What was seen, by which way and when, in one line."""
    if view.state is not LookState.SHOWN:
        return {LookState.LOOKING: "looking …", LookState.ASKING: "not looked at yet", LookState.NONE: ""}.get(
            view.state, view.text
        )
    seen, total = len(view.rows), view.total
    of = f"{seen:,}" if total is None else f"{seen:,} of {'' if view.rung and view.rung.free else 'about '}{max(total, seen):,}"
    way = _WAYS[view.rung or Rung.RECEIVE]
    more = total is not None and total > seen
    kept = f"{chosen:,} of {'>' if more else ''}{seen:,} match · " if filtered else ""
    return f"{kept}{of} {way} · {shown.clock_time(view.at)} UTC"


def empty_text(view: BenchView, filtered: bool) -> str:
    """What stands in the table while it has no rows."""
    if view.state is LookState.LOOKING:
        return "Looking …"
    if view.state is LookState.ASKING:
        return "Press l to look by receiving."
    if view.state is LookState.FAILED:
        return "Nothing could be seen: r tries again."
    if filtered and view.rows:
        return "Nothing here matches the filter."
    return "No messages are here."
