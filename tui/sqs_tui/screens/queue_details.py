"""One queue in full, live: every attribute in words, its dead letters, its tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from sqs_tui.queue_text import queue_text
from sqs_tui.safe_text import content
from sqs_tui.screens.scrolling import SCROLL_BINDINGS, Scrolling
from sqs_tui.screens.steady import Steady
from sqs_tui.widgets.line import Line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize

    from sqs_core.facade import EngineFacade
    from sqs_tui.viewer import Frame


class QueueScreen(Scrolling, Steady, ModalScreen[bool]):
    """Drawn anew with each frame; dismissed with whether the queue is to be consumed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,enter", "dismiss(False)", "Close"),
        ("c", "consume", "Consume"),
        *SCROLL_BINDINGS,
    ]
    AUTO_FOCUS = "#queue"

    def __init__(self, facade: EngineFacade, queue: str, *, may_consume: bool) -> None:
        super().__init__()
        self._facade = facade
        self._queue = queue
        self._may_consume = may_consume

    def compose(self) -> ComposeResult:
        """One scrolling text in a frame."""
        with VerticalScroll(id="queue", classes="dialog tall wide") as dialog:
            dialog.border_title = content(f"Queue {self._queue}", 90)
            dialog.border_subtitle = Content(f"esc closes{' · c consumes' if self._may_consume else ''}")
            yield Line(id="queue-text")

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002 - the mixin's signature
        """The text knows its width only after the layout, also for the first time."""
        self.call_after_refresh(self.draw_frame, None)

    def draw_frame(self, _: Frame | None) -> None:
        """Show what is known by now; asking keeps it refreshed."""
        details = self._facade.queue_details(self._queue)
        if self.is_mounted:
            self.query_one("#queue-text", Line).show(lambda width: queue_text(details, width))

    def action_consume(self) -> None:
        """Choose a handler, where that is possible."""
        if self._may_consume:
            self.dismiss(True)
