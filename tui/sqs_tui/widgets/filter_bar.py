"""The line in which a filter is typed: what is wrong with it at its end, and the filters of before on the arrow keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.containers import Horizontal
from textual.geometry import Region
from textual.widgets import Input, Static

from sqs_core.saved_filters import LONGEST_FILTER, load_filters, remember_filter
from sqs_tui.safe_text import content

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

_PLACEHOLDER = "text  /pattern/  receives>3  age>60  group:id  outcome:retried  ↑ earlier ones"


class FilterInput(Input):
    """A text that may be fetched from those used before: up is older, down is newer, at the end what was being typed."""

    BINDINGS: ClassVar[list[BindingType]] = [("up", "walk(1)", "Earlier"), ("down", "walk(-1)", "Later")]

    def __init__(self, *, id: str, placeholder: str = _PLACEHOLDER) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, placeholder=placeholder, compact=True, max_length=LONGEST_FILTER)
        self._texts = [""]
        self._at = 0

    def on_resize(self) -> None:
        """A note beside it has come or gone: what is typed stays in sight."""
        column = cell_len(self.value[: self.cursor_position])
        self.scroll_to_region(Region(column, 0, 1, 1), force=True, animate=False)

    def begin(self) -> None:
        """What was used before is read anew: other runs may have added to it."""
        self._texts, self._at = ["", *load_filters()], 0

    def action_walk(self, by: int) -> None:
        """Go to an older (1) or a newer (-1) text."""
        if self._at == 0:
            self._texts[0] = self.value
        self._at = max(0, min(self._at + by, len(self._texts) - 1))
        self.value = self._texts[self._at]
        self.cursor_position = len(self.value)


class FilterBar(Horizontal):
    """The input `#filter` and what is to be said about it; shown while a filter is typed."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._note = ""

    def compose(self) -> ComposeResult:
        """The text, and what is wrong with it."""
        yield FilterInput(id="filter")
        yield Static(id="filter-note")

    def on_mount(self) -> None:
        """Nothing is typed yet."""
        self.display = False

    def begin(self) -> None:
        """Type."""
        self.display = True
        box = self.query_one(FilterInput)
        box.begin()
        box.focus()

    def end(self, keep: str | None = None) -> None:
        """Away; `keep` is a filter to remember."""
        self.display = False
        if keep is not None:
            remember_filter(keep)

    def clear(self) -> None:
        """Forget the text."""
        self.query_one(FilterInput).value = ""

    def say(self, problem: str | None) -> None:
        """What is wrong with the text, in one line."""
        note = "" if problem is None else f"▲ {problem}"
        if note != self._note:
            self._note = note
            self.query_one("#filter-note", Static).update(content(note))
