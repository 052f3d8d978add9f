"""What opens over the main screen: a question, the choice of a handler, an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from sqs_tui.format import stamp
from sqs_tui.safe_text import content, many_lines
from sqs_tui.screens.steady import Steady
from sqs_tui.summary import MUTED_STYLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from sqs_core.model import Event

EVENT_LIMIT = 4_000
HANDLERS = "builtin:echo · builtin:sleep?seconds=0.2&fail=0.1 · module:function · exec:COMMAND · http://…"


class Confirm(Steady, ModalScreen[bool]):
    """A question whose safe answer is the default; dismissed with whether it was answered yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("y", "dismiss(True)", "Yes"),
        ("n,escape,q", "dismiss(False)", "No"),
        ("left,right", "app.focus_next", "Other answer"),
    ]
    AUTO_FOCUS = "#no"

    def __init__(self, title: str, question: Content, yes: str) -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._yes = yes

    def compose(self) -> ComposeResult:
        """The question and two buttons."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = content(self._title)
            yield Static(self._question)
            with Horizontal(classes="answers"):
                yield Button(Content("No, leave it (n)"), id="no")
                yield Button(content(f"{self._yes} (y)"), id="yes", variant="warning")

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """A button is an answer."""
        self.dismiss(event.button.id == "yes")


class ChooseHandler(Steady, ModalScreen[None]):
    """Asks for a handler for a queue. `consume` gets the specification and returns what was wrong, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Cancel")]

    def __init__(self, queue: str, consume: Callable[[str], str | None]) -> None:
        super().__init__()
        self._queue = queue
        self._consume = consume

    def compose(self) -> ComposeResult:
        """What consuming means, the handler, and how to go on."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content("Consume a queue")
            yield Static(
                Content.assemble(
                    "Consume ",
                    content(self._queue, style="bold"),
                    " with this handler.\n",
                    ("▲ This receives messages and DELETES each one its handler succeeds with.", "bold $text-warning"),
                )
            )
            yield Input("builtin:echo", id="handler", placeholder="handler")
            yield Static(Content.styled(HANDLERS, MUTED_STYLE))
            yield Static(id="refusal")
            yield Static(Content.assemble(("enter", "bold"), " consume   ", ("esc", "bold"), " cancel"))

    @on(Input.Submitted)
    def try_handler(self, event: Input.Submitted) -> None:
        """Start, or say why not."""
        refusal = self._consume(event.value.strip())
        if refusal is None:
            self.dismiss()
        else:
            self.query_one("#refusal", Static).update(content(f"✗ {refusal}", style="bold $text-error"))


class ReadEvent(Steady, ModalScreen[None]):
    """An event whole: its text may be longer than a line."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,enter", "dismiss", "Close")]

    def __init__(self, event: Event) -> None:
        super().__init__()
        self._event = event

    def compose(self) -> ComposeResult:
        """When, how often, where, and the text."""
        event = self._event
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = content(f"{event.level}: {event.code}")
            dialog.border_subtitle = Content("esc closes")
            times = "" if event.count == 1 else f"  ×{event.count:,}, this is the newest"
            yield Static(content(f"{stamp(event.at)}  {event.queue or ''}{times}", style=MUTED_STYLE))
            yield Static(Content(f"\n{many_lines(event.text[:EVENT_LIMIT])}"))
