"""Screens with one list of choices, which j and k move in as the arrows do."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.widgets import OptionList

from sqs_core.errors import describe
from sqs_tui.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.binding import BindingType
    from textual.screen import Screen

CHOOSING_BINDINGS: list[BindingType] = [("j", "next", "Down"), ("k", "previous", "Up")]
"""For a screen's own `BINDINGS`."""


class Choosing:
    """Mixed into a screen, before Textual's class."""

    @property
    def choices(self) -> OptionList:
        """The list."""
        return cast("Screen[object]", self).query_one(OptionList)

    def action_next(self) -> None:
        """One line down."""
        self.choices.action_cursor_down()

    def action_previous(self) -> None:
        """One line up."""
        self.choices.action_cursor_up()


class Panel(Choosing):
    """One whose keys act at once; what cannot be done is said, and the panel stays."""

    def attempt(self, command: Callable[[], None]) -> None:
        """Run a command, and tell what is so now."""
        try:
            command()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown and the panel stays
            cast("Screen[object]", self).notify(one_line(describe(error)), severity="error", markup=False)
        self.tell()

    def tell(self) -> None:
        """Draw what is so now."""
        raise NotImplementedError
