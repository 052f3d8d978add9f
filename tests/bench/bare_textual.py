"""A Textual application with next to nothing in it: the least time that a first frame can take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.widgets import DataTable, Footer, Header, Static

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Bare(App[None]):
    """A header, a line, a table and a footer."""

    def compose(self) -> ComposeResult:
        """Textual's."""
        yield Header()
        yield Static("first frame")
        yield DataTable()
        yield Footer()


if __name__ == "__main__":
    Bare().run()
