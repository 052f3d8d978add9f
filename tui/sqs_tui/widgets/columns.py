"""Where the cells of a table's line stand, and the line as text with as few changes of style as it takes.

A change of style costs more bytes than most cells have text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from sqs_tui.safe_text import ELLIPSIS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.style import Style

    from sqs_tui.rows import Column

_GAP = " "


class Place(NamedTuple):
    """A column that is shown: which one, where it begins, and how wide it is here, the gap behind it not counted."""

    number: int
    x: int
    width: int
    right: bool
    both_ends: bool


def placed(columns: Sequence[Column], width: int) -> list[Place]:
    """The columns that are shown in a table of this width."""
    visible = [(index, column) for index, column in enumerate(columns) if width >= column.needs]
    taken = sum(column.width for _, column in visible if not column.grows) + len(_GAP) * (len(visible) - 1)
    places: list[Place] = []
    x = 0
    for index, column in visible:
        cells = max(1, width - taken) if column.grows else column.width
        places.append(Place(index, x, cells, column.right, column.both_ends))
        x += cells + len(_GAP)
    return places


def line(places: Sequence[Place], cells: Sequence[tuple[str, Style]], base: Style, width: int) -> Strip:
    """A line of exactly `width` cells; a line of a single cell has all of it."""
    if len(cells) == 1:
        return Strip([Segment(fit(cells[0][0], width), cells[0][1])], width)
    shown = [(*cells[place.number], place) for place in places if place.number < len(cells)]
    segments: list[Segment] = []
    style = base
    for number, (text, own_style, place) in enumerate(shown):
        # What is blank looks the same in any style that has this background: it keeps the one before.
        style = own_style if text.strip() or not segments else style
        gap = _GAP if number < len(shown) - 1 else ""
        whole = both_ends(text, place.width) if place.both_ends else text
        segments.append(Segment(fit(whole, place.width, place.right) + gap, style))
    reached = places[-1].x + places[-1].width if shown and len(shown) == len(places) else None
    return Strip(Segment.simplify(segments), reached).adjust_cell_length(width, base)


def reach(places: Sequence[Place], changed: Iterable[int]) -> int:
    """How many cells of a line to paint when these columns have changed.

    From its beginning: Textual writes a widget's line from there, whatever part of it is asked for.
    """
    wanted = set(changed)
    return max((place.x + place.width for place in places if place.number in wanted), default=0)


def fit(text: str, width: int, right: bool = False) -> str:
    """The text in exactly so many cells."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + ELLIPSIS if width > 0 else ""
    return " " * (width - length) + text if right else text + " " * (width - length)


def both_ends(text: str, width: int) -> str:
    """The text in at most so many cells, cut in the middle: names that begin alike are told apart by their ends."""
    if cell_len(text) <= width:
        return text
    tail = max(0, width - 1) // 2
    beginning = set_cell_size(text, max(0, width - 1 - tail)) + ELLIPSIS
    end = set_cell_size(text[::-1], tail)[::-1]
    while end and cell_len(beginning + end) > width:  # backwards, characters that belong together can have another width
        end = end[1:]
    return beginning + end if width > 0 else ""
