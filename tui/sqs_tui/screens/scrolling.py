"""The keys of a screen that is one scrolling text."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.containers import VerticalScroll

if TYPE_CHECKING:
    from textual.dom import DOMNode

SCROLL_BINDINGS = (
    ("j", "scroll('down')", "Down"),
    ("k", "scroll('up')", "Up"),
    ("g", "scroll('home')", "Top"),
    ("G", "scroll('end')", "Bottom"),
)


class Scrolling:
    """Mixed into a screen that holds one `VerticalScroll` and the bindings above."""

    def action_scroll(self, where: str) -> None:
        """Scroll the text: down, up, home or end."""
        text = cast("DOMNode", self).query_one(VerticalScroll)
        getattr(text, f"scroll_{where}")(animate=False)
