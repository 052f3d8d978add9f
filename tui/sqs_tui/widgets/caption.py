"""The strip that says what a demo's scene is about; folded it is one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_tui.caption_text import caption_lines, entry_at, keys_line
from sqs_tui.widgets.line import Line

if TYPE_CHECKING:
    from textual import events

    from sqs_core.demo.deck import Caption


class CaptionStrip(Line):
    """A click on a key is as good as the key; elsewhere it folds or unfolds the strip."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._caption: Caption | None = None
        self.folded = False

    def tell(self, caption: Caption) -> None:
        """Show this from now on."""
        self._caption = caption
        self.show(lambda width: caption_lines(caption, width, folded=self.folded))

    def fold(self) -> None:
        """Fold or unfold it."""
        self.folded = not self.folded
        if self._caption is not None:
            self.tell(self._caption)

    async def on_click(self, event: events.Click) -> None:
        """Run the command under the mouse, or fold."""
        command, width = "caption", self.size.width
        if self._caption is not None and not self.folded and event.y == keys_line(self._caption, width):
            command = entry_at(self._caption, width, event.x - self.gutter.left) or command
        await self.run_action(f"screen.command('{command}', '')")
