"""Lenses: one question about the selected queue, answered over the whole screen and drawn anew with each frame."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from sqs_tui.failure_lens import FAILURE_COLUMNS, failure_lens
from sqs_tui.group_lens import GROUP_COLUMNS, group_lens
from sqs_tui.lens import Lens
from sqs_tui.safe_text import content
from sqs_tui.screens.steady import Steady
from sqs_tui.summary import MUTED_STYLE
from sqs_tui.widgets.line import Line
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from sqs_core.model import ConsumerSnapshot
    from sqs_tui.rows import Column
    from sqs_tui.viewer import Frame


class LensScreen(Steady, ModalScreen[None]):
    """A table, what its figures cover, and the row under the cursor whole; `enter` opens that row's message where it can."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q", "dismiss", "Close")]
    AUTO_FOCUS = "#lens-rows"
    COLUMNS: ClassVar[Sequence[Column]]

    def __init__(self, frame: Frame, open_message: Callable[[str, str], None] | None) -> None:
        super().__init__()
        self._frame = frame
        self._open_message = open_message
        self._lens = Lens("", ())

    @abstractmethod
    def look(self, consumer: ConsumerSnapshot) -> Lens:
        """The lens of a queue's consumer."""

    def compose(self) -> ComposeResult:
        """What the figures cover, the table, the row under the cursor."""
        with Vertical(id="lens") as frame:
            frame.border_subtitle = Content(f"esc closes{' · enter opens the message' if self._open_message else ''}")
            yield Line(id="lens-about")
            yield LiveTable(self.COLUMNS, id="lens-rows")
            yield Line(id="lens-detail")

    def on_mount(self) -> None:
        """Show what is known."""
        self._draw(self._frame)

    def draw_frame(self, frame: Frame) -> None:
        """Show the frame's queue; without a consumer the last one stays."""
        if self.is_mounted:
            self._draw(frame)

    def _draw(self, frame: Frame) -> None:
        consumer = frame.consumer
        if consumer is None:
            return
        self._frame, self._lens = frame, self.look(consumer)
        lens = self._lens
        box = self.query_one("#lens", Vertical)
        if box.border_title != lens.title:
            box.border_title = content(lens.title)
        self.query_one("#lens-about", Line).show(lambda _: _lines(lens.about, MUTED_STYLE))
        table = self.query_one(LiveTable)
        table.say_when_empty(lens.empty)
        table.show(lens.rows)
        self.show_detail()

    @on(LiveTable.Moved)
    def show_detail(self) -> None:
        """All that is known of the row under the cursor."""
        row = self.query_one(LiveTable).current
        detail = self._lens.details.get(row.key, ()) if row else ()
        self.query_one("#lens-detail", Line).show(lambda _: _lines(detail, ""))

    @on(LiveTable.Opened)
    def open_row(self, event: LiveTable.Opened) -> None:
        """Open the row's message, if it has one."""
        row, queue = event.table.current, self._frame.selected
        if self._open_message and row is not None and row.message_id is not None and queue is not None:
            self._open_message(queue, row.message_id)


class FailuresScreen(LensScreen):
    """Failures by cause."""

    BINDINGS: ClassVar[list[BindingType]] = [("e", "dismiss", "Close")]
    COLUMNS = FAILURE_COLUMNS

    def look(self, consumer: ConsumerSnapshot) -> Lens:
        """The lens of a queue's consumer."""
        return failure_lens(consumer)


class GroupsScreen(LensScreen):
    """Message groups."""

    BINDINGS: ClassVar[list[BindingType]] = [("L", "dismiss", "Close")]
    COLUMNS = GROUP_COLUMNS

    def look(self, consumer: ConsumerSnapshot) -> Lens:
        """The lens of a queue's consumer."""
        return group_lens(consumer)


def _lines(lines: Sequence[str], style: str) -> Content:
    return Content("\n").join(content(line, style=style) for line in lines)
