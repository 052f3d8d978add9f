"""The first screen of `sqs-tui` alone: what one can do from here, and the command for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from sqs_core.version import __version__
from sqs_tui.rows import Tone
from sqs_tui.screens.choosing import CHOOSING_BINDINGS, Choosing
from sqs_tui.screens.steady import Steady
from sqs_tui.start_choices import Choice, start_choices
from sqs_tui.summary import styled
from sqs_tui.widgets.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from sqs_tui.start_choices import Around

_WELCOME = "Watch and steer Amazon SQS consumers. Nothing is received, sent or deleted before you say so."


class StartScreen(Choosing, Steady, Screen[None]):
    """Calls `choose` once, with the choice."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("d", "press('d')", "Demo"),
        ("l", "press('l')", "LocalStack"),
        ("a", "press('a')", "Attach"),
        ("h,question_mark", "press('h')", "Help"),
        *CHOOSING_BINDINGS,
    ]
    AUTO_FOCUS = "#start"

    def __init__(self, around: Around, choose: Callable[[Choice], None]) -> None:
        super().__init__()
        self._around, self._choose = around, choose
        self._choices = start_choices(around)

    def compose(self) -> ComposeResult:
        """What this is, the choices, the keys."""
        yield Line(id="start-header")
        yield Line(id="start-welcome")
        yield OptionList(*(_option(choice) for choice in self._choices), id="start")
        yield Line(id="start-keys")

    def on_mount(self) -> None:
        """The lines stay as they are."""
        environment = self._around.deployed or "local"
        header = Content.assemble(("sqs-tui", "bold"), f" {__version__}  ", styled(environment.upper(), Tone.ACCENT))
        self.query_one("#start-header", Line).show(lambda _: header)
        self.query_one("#start-welcome", Line).show(lambda width: Content("\n").join(Content(_WELCOME).wrap(max(width, 10))))
        keys = (("enter", "Run it"), ("j/k", "Move"), *((choice.key, "Quit") for choice in self._choices[-1:]))
        parts = [Content.assemble((key, "bold $text-primary"), " ", styled(word, Tone.MUTED)) for key, word in keys]
        self.query_one("#start-keys", Line).show(lambda _: Content("  ").join(parts))

    def draw(self, around: Around) -> None:
        """Show what there is now; the cursor stays on its choice."""
        if around == self._around or not self.is_mounted:
            return
        self._around, before = around, self._choices
        self._choices = start_choices(around)
        options = self.choices
        at = None if options.highlighted is None else before[options.highlighted].arguments
        options.set_options([_option(choice) for choice in self._choices])
        places = [number for number, choice in enumerate(self._choices) if choice.possible and choice.arguments == at]
        options.highlighted = places[0] if places else 0

    def action_press(self, key: str) -> None:
        """The choice with this key, where it is possible now."""
        for choice in self._choices:
            if choice.key == key and choice.possible:
                self._choose(choice)
                return

    @on(OptionList.OptionSelected)
    def take(self, event: OptionList.OptionSelected) -> None:
        """The one under the cursor, or under the mouse."""
        self._choose(self._choices[event.option_index])


def _option(choice: Choice) -> Option:
    tone = Tone.PLAIN if choice.possible else Tone.MUTED
    key = Content.styled(f"{choice.key:<3}", "bold $text-primary" if choice.possible else "")
    command = ("\n   ", styled(choice.command, Tone.MUTED)) if choice.command else ()
    return Option(Content.assemble(key, styled(choice.title, tone), *command), disabled=not choice.possible)
