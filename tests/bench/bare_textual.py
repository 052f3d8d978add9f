"""A Textual application with next to nothing in it: the least time that a first frame can take."""

from __future__ import annotations

import os
import select
import sys
import threading
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


def leave_with_the_terminal() -> None:
    """End when the terminal is gone: Textual would go on reading its end, as fast as it can."""
    gone = select.poll()
    gone.register(sys.stdin.fileno(), 0)  # a hang-up is told in any case
    gone.poll()
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=leave_with_the_terminal, daemon=True).start()
    Bare().run()
