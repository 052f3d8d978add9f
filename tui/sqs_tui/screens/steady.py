"""Screens that settle after a resize, however fast sizes follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App
    from textual.events import Resize


class Steady:
    """Mixed into a screen, before Textual's class: it takes no notice of a size that the terminal no longer has.

    A screen answers each size with a layout, and each layout that changes its size with a new event. Two sizes under way
    at once would replace each other for ever.
    """

    app: App[object]

    def on_resize(self, event: Resize) -> None:
        """Drop a stale size before Textual's own handler sees it."""
        if event.size != self.app.size:
            event.prevent_default()
            event.stop()
