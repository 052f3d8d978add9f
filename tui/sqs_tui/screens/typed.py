"""Questions that are answered by typing: the reason for an unlock, the name of a queue, where copies go."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from sqs_tui.safe_text import content, one_line
from sqs_tui.screens.steady import Steady

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType


class Typed(Steady, ModalScreen[bool]):
    """Asks for a text. `take` gets it and returns what was wrong with it, or None: then it is dismissed with True."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(False)", "Cancel")]
    AUTO_FOCUS = "#typed"

    def __init__(self, title: str, question: Content, placeholder: str, take: Callable[[str], str | None]) -> None:
        super().__init__()
        self._title, self._question, self._placeholder, self._take = title, question, placeholder, take

    def compose(self) -> ComposeResult:
        """The question, the box, and what was wrong."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = content(self._title)
            yield Static(self._question)
            yield Input(id="typed", placeholder=one_line(self._placeholder))
            yield Static(id="refusal")
            yield Static(Content.assemble(("enter", "bold"), " go on   ", ("esc", "bold"), " cancel"))

    @on(Input.Submitted)
    def take(self, event: Input.Submitted) -> None:
        """Go on, or say why not."""
        refusal = self._take(event.value.strip())
        if refusal is None:
            self.dismiss(True)
        else:
            self.query_one("#refusal", Static).update(content(f"✗ {refusal}", style="bold $text-error"))


def type_name(title: str, name: str, question: Content) -> Typed:
    """A question that only the queue's own name answers."""

    def take(text: str) -> str | None:
        return None if text == name else f"that is not {name}: type the queue's name to go on"

    return Typed(title, question, name, take)
