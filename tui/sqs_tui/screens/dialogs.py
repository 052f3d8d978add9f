"""What opens over the main screen: a question, the choice of a handler, the help."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from sqs_tui.commands import Place, Situation, help_commands
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
_WORDS = (
    ("approximate", "`~12` is SQS's own approximate count; `?` is a count not read yet."),
    ("poll latency", "answer minus the later of request and send, so that idle waiting is not counted."),
    ("queue latency", "from sending to receiving: how long messages wait in the queue."),
    ("lease", "how long SQS hides a message we hold; it is extended while the message is worked on."),
    ("in, out", "messages received and deleted per second, over the last five seconds."),
    ("receives", "how often SQS has handed the message out; beyond the limit it goes to the dead-letter queue."),
    ("read", "when a queue's figures were read: each 5 s, what is on the screen first, at most 40 queues a second."),
    ("times", "clock times are UTC."),
)
_FLEET_WORDS = (
    ("answer", "members that are connected and heard of; the totals are theirs, handled and failed also of those lost."),
    ("waiting", "SQS's approximate count of visible messages; a queue that several consume is counted once."),
    ("held", "messages received and not yet ended."),
    ("rate", "messages handled, discarded or failed a second, over the last five seconds."),
    ("p95", "in how much time 95 of 100 messages are handled; of several queues the worst, in the totals the worst member's."),
    ("age", "how old a member's figures are, from three seconds on."),
    ("!", "a figure at least three times the others', or a third of theirs; or a version, identity or place unlike theirs."),
)


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


class Help(Steady, ModalScreen[None]):
    """Every key, from the command table, and what the words on the screen mean."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark", "dismiss", "Close")]

    def __init__(self, situation: Situation, place: Place = Place.MAIN) -> None:
        super().__init__()
        self._situation, self._place = situation, place

    def compose(self) -> ComposeResult:
        """A heading for each group, a line for each key."""
        with VerticalScroll(classes="dialog tall") as dialog:
            dialog.border_title = Content("Help")
            dialog.border_subtitle = Content("esc closes")
            for group, commands in help_commands(self._situation, self._place):
                yield _heading(group)
                for command in commands:
                    yield _help_line(command.key, command.title, command.help)
            yield _heading("Words")
            for word, meaning in _FLEET_WORDS if self._place is Place.FLEET else _WORDS:
                yield _help_line("", word, meaning)


def _heading(title: str) -> Static:
    return Static(Content.styled(f"\n{title}", "bold $text-primary"))


def _help_line(key: str, title: str, text: str) -> Horizontal:
    explained = Content.assemble((f"{title}  ", "bold"), (text, MUTED_STYLE))
    return Horizontal(Static(Content(key), classes="help-key"), Static(explained, classes="help-text"), classes="help-line")
