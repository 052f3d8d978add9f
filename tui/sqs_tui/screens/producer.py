"""The producer panel: how much is sent, how large it is, and how often handlers fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from sqs_core.demo.load_desk import BURST, KNOBS, Knob
from sqs_core.errors import describe
from sqs_tui.rows import Tone
from sqs_tui.safe_text import one_line
from sqs_tui.screens.choosing import CHOOSING_BINDINGS, Panel
from sqs_tui.screens.steady import Steady
from sqs_tui.summary import styled

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from sqs_core.demo.deck import Deck

_TITLE, _VALUE = 33, 8
_LOOK_SECONDS = 0.5


class ProducerScreen(Panel, Steady, ModalScreen[None]):
    """Each key acts at once; what came of it is told in the scene's caption."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,P", "dismiss", "Close"),
        ("right,l,plus", "turn(1)", "More"),
        ("left,h,minus", "turn(-1)", "Less"),
        ("B", "burst", "Burst"),
        *CHOOSING_BINDINGS,
    ]

    def __init__(self, deck: Deck) -> None:
        super().__init__()
        self._deck = deck

    def compose(self) -> ComposeResult:
        """A line for each figure, and what was sent."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content("Producer")
            dialog.border_subtitle = Content(f"← less · → more · B burst of {BURST} · esc closes")
            yield OptionList(*(Option(self._line(knob), id=knob.id) for knob in KNOBS), id="knobs")
            yield Static(id="sent")

    def on_mount(self) -> None:
        """The first of them is under the cursor."""
        self.choices.focus()
        self.tell()
        self.set_interval(_LOOK_SECONDS, self.tell)

    def action_turn(self, by: int) -> None:
        """The figure under the cursor."""
        row = self.choices.highlighted
        if row is not None:
            self.attempt(lambda: self._deck.desk.turn(KNOBS[row].id, by))

    def action_burst(self) -> None:
        """Many at once."""
        self.attempt(self._deck.desk.burst)

    def tell(self) -> None:
        """See `Panel`."""
        knobs = self.choices
        for row, knob in enumerate(KNOBS):
            knobs.replace_option_prompt_at_index(row, self._line(knob))
        try:
            sent = self._deck.desk.sent()
        except Exception as error:  # noqa: BLE001 - told in its place
            sent = describe(error)
        self.query_one("#sent", Static).update(styled(one_line(sent), Tone.MUTED))

    def _line(self, knob: Knob) -> Content:
        value = f"{self._deck.desk.value(knob.id):>{_VALUE},}"
        return Content.assemble(
            styled(f"{knob.title:<{_TITLE}}", Tone.PLAIN), styled(value, Tone.STRONG), styled(f" {knob.unit}", Tone.MUTED)
        )
