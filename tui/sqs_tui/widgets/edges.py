"""Words in a border that change with every frame: only the border's line is painted for them, not all that it holds."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from textual.geometry import Region

from sqs_tui.safe_text import content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    _Base = Widget
else:
    _Base = object


class Edged(_Base):
    """Mixed into a widget with a border, before Textual's class."""

    _title_text = ""
    _subtitle_text = ""
    _edge: int | None = None

    def write_title(self, text: str) -> None:
        """What stands in the border above."""
        if text != self._title_text:
            self._title_text = text
            with self._painting_line(0):
                self.border_title = content(text)

    def write_subtitle(self, text: str) -> None:
        """What stands in the border below."""
        if text != self._subtitle_text:
            self._subtitle_text = text
            with self._painting_line(self.outer_size.height - 1):
                self.border_subtitle = content(text)

    @contextmanager
    def _painting_line(self, y: int) -> Iterator[None]:
        self._edge = y
        try:
            yield
        finally:
            self._edge = None

    def refresh(self, *regions: Region, **how: Any) -> Self:
        """As Textual's, but for a word in the border, for which Textual would paint everything."""
        if self._edge is not None and not regions and not how:
            x, y = self.content_offset
            regions = (Region(-x, self._edge - y, self.outer_size.width, 1),)
        return super().refresh(*regions, **how)
