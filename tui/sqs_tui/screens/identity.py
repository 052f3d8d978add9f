"""Who this is and why, live: the identity with every provider of the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from sqs_tui.commands import Place
from sqs_tui.identity_text import identity_text
from sqs_tui.screens.help import Help
from sqs_tui.screens.scrolling import SCROLL_BINDINGS, Scrolling
from sqs_tui.screens.steady import Steady
from sqs_tui.widgets.line import Line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize

    from sqs_core.model import Snapshot
    from sqs_tui.commands import Situation
    from sqs_tui.viewer import Frame


class IdentityScreen(Scrolling, Steady, ModalScreen[None]):
    """Drawn anew with each frame while it is open; painted only when it says something new."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,I", "dismiss", "Close"),
        ("question_mark", "help", "Help"),
        *SCROLL_BINDINGS,
    ]
    AUTO_FOCUS = "#who"

    def __init__(self, snapshot: Snapshot, situation: Situation) -> None:
        super().__init__()
        self._snapshot, self._situation = snapshot, situation

    def compose(self) -> ComposeResult:
        """One scrolling text in a frame."""
        with VerticalScroll(id="who", classes="dialog wide") as dialog:
            dialog.border_title = Content("Identity")
            dialog.border_subtitle = Content("esc closes · ? help · `sqs-tui doctor` examines more")
            yield Line(id="identity-text")

    def action_help(self) -> None:
        """The keys, those of this text first."""
        self.app.push_screen(Help(self._situation, Place.IDENTITY))

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002 - the mixin's signature
        """The text knows its width only after the layout, also for the first time."""
        self.call_after_refresh(lambda: self.draw(self._snapshot))

    def draw_frame(self, frame: Frame) -> None:
        """Show this frame's identity."""
        if frame.snapshot is not None:
            self.draw(frame.snapshot)

    def draw(self, snapshot: Snapshot) -> None:
        """Show this snapshot's identity."""
        self._snapshot = snapshot
        if self.is_mounted:
            self.query_one("#identity-text", Line).show(lambda width: identity_text(snapshot, width))
