"""The terminal's clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqs_tui.safe_text import one_line

if TYPE_CHECKING:
    from textual.screen import Screen


def copy_text(screen: Screen[Any], text: str) -> None:
    """Put a short text on the clipboard (OSC 52), and say that it was asked for: no terminal says whether it did it."""
    screen.app.copy_to_clipboard(text)
    screen.notify(f"Copied: {one_line(text)}", markup=False)
