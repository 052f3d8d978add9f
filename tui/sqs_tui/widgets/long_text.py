"""A long text of which only the lines that are seen are drawn, so that its length does not hold the screen up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, chop_cells, get_character_cell_size
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.style import Style
    from textual.geometry import Size
    from textual.selection import Selection

_NARROWEST = 2
"""A wide character needs two cells."""


class Piece(NamedTuple):
    """What stands on one line of the screen: a part of line `number` of the text, from its character `start` on."""

    number: int
    start: int
    text: str


class LongText(Widget):
    """Text, clean by now, folded at the width; as tall as that makes it, inside something that scrolls."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._text = ""
        self._pieces: list[Piece] = []
        self._folded_at = 0

    def update(self, text: str) -> None:
        """Show this text from now on."""
        self._text, self._folded_at = text, 0
        self.refresh(layout=True)

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002 - Textual's signature
        """All there is."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """As many lines as the folded text has."""
        return len(self._fold(width))

    def render_line(self, y: int) -> Strip:
        """The line, what is selected of it marked."""
        width = self.size.width
        pieces = self._fold(width)
        base = self.visual_style.rich_style
        if y >= len(pieces):
            return Strip.blank(width, base)
        number, start, text = pieces[y]
        strip = Strip(self._segments(pieces[y], base), cell_len(text))
        return strip.extend_cell_length(width, base).apply_offsets(start, number)

    def _segments(self, piece: Piece, base: Style) -> list[Segment]:
        span = self.text_selection.get_span(piece.number) if self.text_selection else None
        if span is None:
            return [Segment(piece.text, base)]
        start, end = (max(0, each - piece.start) for each in (span[0], len(self._text) if span[1] == -1 else span[1]))
        marked = base + self.screen.get_component_rich_style("screen--selection")
        parts = ((piece.text[:start], base), (piece.text[start:end], marked), (piece.text[max(start, end) :], base))
        return [Segment(text, style) for text, style in parts if text]

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected part of the text itself, without the folds."""
        return selection.extract(self._text), "\n"

    def _fold(self, width: int) -> list[Piece]:
        if width != self._folded_at:
            self._folded_at = width
            self._pieces = list(fold(self._text, max(width, _NARROWEST)))
        return self._pieces


def fold(text: str, width: int) -> Iterator[Piece]:
    """The text in pieces of at most `width` cells."""
    narrow = all(get_character_cell_size(character) == 1 for character in set(text) - {"\n"})
    for number, line in enumerate(text.split("\n")):
        if narrow and len(line) <= width:
            yield Piece(number, 0, line)
        else:
            yield from _fold_line(number, line, width, narrow=narrow)


def _fold_line(number: int, line: str, width: int, *, narrow: bool) -> Iterator[Piece]:
    """Broken after a space where one is near the end."""
    start = 0
    while start < len(line) or not start:
        text = line[start : start + width]
        if not narrow:
            text = next(iter(chop_cells(text, width)), text)
        end = start + len(text)
        if end < len(line) and line[end] != " " and (space := text.rfind(" ")) > width // 2:
            text = text[: space + 1]
        yield Piece(number, start, text)
        start += max(len(text), 1)
