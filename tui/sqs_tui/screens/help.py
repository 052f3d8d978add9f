"""The help: every key, from the command table, and what the words on the screen mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from sqs_tui.commands import Place, Situation, help_commands
from sqs_tui.paragraphs import hanging, heading
from sqs_tui.screens.scrolling import SCROLL_BINDINGS, Scrolling
from sqs_tui.screens.steady import Steady
from sqs_tui.summary import MUTED_STYLE
from sqs_tui.widgets.text_lines import TextLines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType

_KEY_WIDTH = 11
_NARROWEST = 20
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


class Help(Scrolling, Steady, ModalScreen[None]):
    """One text, in one widget: a widget for each line would keep the key that opens it waiting."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark", "dismiss", "Close"), *SCROLL_BINDINGS]
    AUTO_FOCUS = "#help"

    def __init__(self, situation: Situation, place: Place = Place.MAIN) -> None:
        super().__init__()
        self._situation, self._place = situation, place

    def compose(self) -> ComposeResult:
        """One scrolling text in a frame."""
        with VerticalScroll(id="help", classes="dialog tall") as dialog:
            dialog.border_title = Content("Help")
            dialog.border_subtitle = Content("esc closes")
            yield TextLines(lambda width: help_lines(self._situation, self._place, width), id="help-text")


def help_lines(situation: Situation, place: Place, width: int) -> list[Content]:
    """A heading for each group, a line for each key, and the words."""
    return list(_lines(situation, place, max(width, _NARROWEST)))


def _lines(situation: Situation, place: Place, width: int) -> Iterator[Content]:
    for group, commands in help_commands(situation, place):
        yield from heading(group, width)
        for command in commands:
            yield from _explained(command.key, command.title, command.help, width)
    yield from heading("Words", width)
    for word, meaning in _FLEET_WORDS if place is Place.FLEET else _WORDS:
        yield from _explained("", word, meaning, width)


def _explained(key: str, title: str, text: str, width: int) -> Iterator[Content]:
    head = Content.styled(f"{key:<{_KEY_WIDTH}}", "bold")
    yield from hanging(head, Content.assemble((f"{title}  ", "bold"), (text, MUTED_STYLE)), width)
