"""Screens that settle after a resize, however fast sizes follow each other, and say so where there is no room for them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from textual.widgets import Static

from sqs_tui.notices import is_too_small, too_small

if TYPE_CHECKING:
    from textual.app import App
    from textual.events import Resize
    from textual.geometry import Size
    from textual.screen import Screen


_DRAWN_WITHIN_SECONDS = 0.2


class TooSmall(Static):
    """Lies over a screen."""


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
        else:
            _fit(cast("Screen[object]", self), event.size)


async def drawn(screen: Screen[None]) -> None:
    """Until what there is has been drawn, so that what comes next does not hold it up; not for long in any case."""
    done = asyncio.Event()
    screen.call_after_refresh(done.set)
    with suppress(TimeoutError):  # Textual calls the topmost screen, which may be gone before it has drawn
        await asyncio.wait_for(done.wait(), _DRAWN_WITHIN_SECONDS)


def _fit(screen: Screen[object], size: Size) -> None:
    small = is_too_small(size.width, size.height)
    screen.set_class(small, "-too-small")
    notes = screen.query(TooSmall)
    if not small:
        notes.remove()
        return
    if not notes:
        screen.mount(TooSmall())
    for note in screen.query(TooSmall):
        note.update(too_small(size.width, size.height, quits=not screen.is_modal))
