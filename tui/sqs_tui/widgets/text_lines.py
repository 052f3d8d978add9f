"""A long text of styled lines, of which only those that are seen are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.content import Content
    from textual.geometry import Size


class TextLines(Widget):
    """Shows the lines that a function makes of the width, inside something that scrolls; as tall as they are many."""

    ALLOW_SELECT = False

    def __init__(self, lines: Callable[[int], Sequence[Content]], *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._make = lines
        self._made: Sequence[Content] = ()
        self._made_for = -1

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002 - Textual's signature
        """All there is."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """One line for each."""
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        """The line, as wide as the widget."""
        width = self.size.width
        lines = self._lines(width)
        if y >= len(lines):
            return Strip.blank(width, self.visual_style.rich_style)
        return Visual.to_strips(self, lines[y], width, 1, self.visual_style)[0]

    def _lines(self, width: int) -> Sequence[Content]:
        if width != self._made_for:
            self._made, self._made_for = self._make(width), width
        return self._made
