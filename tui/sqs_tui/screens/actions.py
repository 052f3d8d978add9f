"""The action log: what was written, by whom, when, where and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from sqs_tui.rows import Cell, Column, Row, Tone
from sqs_tui.safe_text import one_line
from sqs_tui.screens.steady import Steady
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

COLUMNS = (
    Column("at (UTC)", 14),
    Column("who", 10, needs=100),
    Column("environment", 11, needs=120),
    Column("queue", 18),
    Column("what", 10),
    Column("messages", 8, right=True),
    Column("result and reason", 8, grows=True),
)


class ActionsScreen(Steady, ModalScreen[None]):
    """The newest lines, as the file has them when this is opened."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,at", "dismiss", "Close")]
    AUTO_FOCUS = "#actions"

    def __init__(self, lines: Sequence[Mapping[str, object]], path: str) -> None:
        super().__init__()
        self._lines, self._path = lines, path

    def compose(self) -> ComposeResult:
        """A table in a frame."""
        with Vertical(classes="dialog tall wide") as dialog:
            dialog.border_title = Content("Action log")
            dialog.border_subtitle = Content(f"esc closes · {one_line(self._path, 100)}")
            yield LiveTable(COLUMNS, id="actions", empty="Nothing was written by anybody yet.")

    def on_mount(self) -> None:
        """Draw it once."""
        self.query_one(LiveTable).show(tuple(_row(number, line) for number, line in enumerate(self._lines)))


def _row(number: int, line: Mapping[str, Any]) -> Row:
    def text(name: str) -> str:
        return one_line(str(line.get(name) or ""))

    result = text("result")
    reason = f" — {text('reason')}" if line.get("reason") else ""
    tone = Tone.WARNING if result in ("uncertain", "failed") else Tone.PLAIN
    return Row(
        str(number),
        (
            Cell(text("at")[5:19].replace("T", " "), Tone.MUTED),
            Cell(text("who")),
            Cell(text("environment")),
            Cell(text("queue"), Tone.STRONG),
            Cell(text("operation")),
            Cell(text("count")),
            Cell(f"{result}{reason}", tone),
        ),
    )
