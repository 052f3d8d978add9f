"""The deck: the demo's scenes, to choose one or to begin again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from sqs_tui.rows import Tone
from sqs_tui.screens.choosing import CHOOSING_BINDINGS, Choosing
from sqs_tui.screens.steady import Steady
from sqs_tui.summary import styled

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from sqs_core.demo.deck import Deck
    from sqs_core.demo.scene import Scene

_NAME = 21


class DeckScreen(Choosing, Steady, ModalScreen[str]):
    """Dismissed with the name of the scene to begin, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,D", "dismiss(None)", "Close"),
        ("r", "again", "Begin this one again"),
        *CHOOSING_BINDINGS,
    ]

    def __init__(self, deck: Deck) -> None:
        super().__init__()
        self._deck = deck

    def compose(self) -> ComposeResult:
        """A line for each scene; what the one under the cursor teaches; the keys."""
        with Vertical(classes="dialog tall") as dialog:
            dialog.border_title = Content("Scenes")
            dialog.border_subtitle = Content("enter begins · r begins this one again · esc closes")
            yield OptionList(*(Option(self._line(scene), id=scene.name) for scene in self._deck.scenes), id="deck")
            yield Static(id="deck-about")

    def on_mount(self) -> None:
        """The cursor is on the scene that plays."""
        scenes = self.choices
        scenes.highlighted = scenes.get_option_index(self._deck.playing.name)
        scenes.focus()

    @on(OptionList.OptionHighlighted)
    def explain(self, event: OptionList.OptionHighlighted) -> None:
        """What it shows, and what one learns by it."""
        scene = next(scene for scene in self._deck.scenes if scene.name == event.option_id)
        about = Content("\n").join((styled(scene.summary, Tone.PLAIN), styled(f"Teaches: {scene.teaches}", Tone.MUTED)))
        self.query_one("#deck-about", Static).update(about)

    @on(OptionList.OptionSelected)
    def begin(self, event: OptionList.OptionSelected) -> None:
        """This one."""
        self._choose(event.option_id)

    def action_again(self) -> None:
        """The one that plays, from its beginning."""
        self._choose(self._deck.playing.name)

    def _choose(self, name: str | None) -> None:
        """Once: keys that come faster than the screen goes choose nothing more."""
        if self.app.screen is self:
            self.dismiss(name)

    def _line(self, scene: type[Scene]) -> Content:
        playing = scene is self._deck.playing
        return Content.assemble(
            styled("▶ " if playing else "  ", Tone.ACCENT),
            styled(f"{scene.name:<{_NAME}}", Tone.STRONG),
            styled(scene.summary, Tone.MUTED),
        )
