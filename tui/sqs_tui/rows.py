"""What a table shows: rows of cells under columns, and the lines of it that differ from one frame to the next."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, overload

if TYPE_CHECKING:
    from collections.abc import Callable

ROW_LIMIT = 200
MORE_KEY = "\0more"


class Tone(StrEnum):
    """How loud a cell is. The words say it too: a tone never carries meaning alone."""

    PLAIN = "plain"
    MUTED = "muted"
    STRONG = "strong"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    ACCENT = "accent"


class Cell(NamedTuple):
    """Text that went through `safe_text`, and its tone."""

    text: str
    tone: Tone = Tone.PLAIN


Cells = tuple[Cell, ...]


class Row:
    """A line of a table; `key` says which one, wherever it moves, and `message_id` what message it is about.

    Its cells are given, or made by a function of some arguments: of some hundred rows a screen shows a dozen, and nobody looks
    at the others. (A closure would be five objects more for the collector to look through, for each row of each frame.)
    """

    __slots__ = ("_arguments", "_cells", "_make", "key", "message_id")

    def __init__(
        self,
        key: str,
        cells: Cells | None = None,
        message_id: str | None = None,
        make: Callable[..., Cells] | None = None,
        arguments: tuple[object, ...] = (),
    ) -> None:
        self.key = key
        self.message_id = message_id
        self._cells = cells
        self._make = make
        self._arguments = arguments

    @property
    def cells(self) -> Cells:
        """What stands in it."""
        if self._cells is None:
            self._cells = self._make(*self._arguments) if self._make else ()
        return self._cells

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Row) and (self.key, self.message_id) == (other.key, other.message_id) and self.cells == other.cells
        )

    def __hash__(self) -> int:
        return hash((self.key, self.message_id))

    def __repr__(self) -> str:
        return f"Row({self.key!r}, {self.cells!r}, {self.message_id!r})"


class Column(NamedTuple):
    """A fixed width in cells (the one that `grows` takes what is left); hidden in a table narrower than `needs`.

    What does not fit loses its end, or its middle where it keeps `both_ends`.
    """

    title: str
    width: int
    right: bool = False
    grows: bool = False
    needs: int = 0
    both_ends: bool = False


def changed_lines(old: Sequence[Row], new: Sequence[Row], among: range) -> list[int]:
    """The indices of lines to paint again, of those that are in sight; lines that vanished included."""
    longest = max(len(old), len(new))
    return [
        index
        for index in range(among.start, min(among.stop, longest))
        if index >= len(old) or index >= len(new) or old[index] != new[index]
    ]


def changed_cells(old: Row, new: Row) -> list[int] | None:
    """The indices of cells to paint again; None where the whole line is another."""
    if len(old.cells) != len(new.cells) or len(new.cells) == 1:
        return None
    return [index for index, (before, now) in enumerate(zip(old.cells, new.cells, strict=True)) if before != now]


def anchored(rows: Sequence[Row], key: str | None, index: int) -> int:
    """Where the cursor belongs: on its key wherever that moved, else as near as possible to where it was."""
    if key is not None:
        for position, row in enumerate(rows):
            if row.key == key:
                return position
    return max(0, min(index, len(rows) - 1))


class LateRows(Sequence[Row]):
    """The rows that a table shows of so many, with a last line where there are more; each is made when somebody looks at it."""

    def __init__(self, whole: int, make: Callable[[int], Row]) -> None:
        self._whole = whole
        self._make = make
        self._made: dict[int, Row] = {}

    def __len__(self) -> int:
        return min(self._whole, ROW_LIMIT + 1)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        index = range(len(self))[place]
        if index not in self._made:
            self._made[index] = _more(self._whole) if index == ROW_LIMIT else self._make(index)
        return self._made[index]


def limited(rows: list[Row], whole: int | None = None) -> tuple[Row, ...]:
    """The rows that a table shows; where `whole`, the number of all, is more, a last line says so."""
    whole = len(rows) if whole is None else whole
    if whole <= ROW_LIMIT:
        return tuple(rows)
    return (*rows[:ROW_LIMIT], _more(whole))


def _more(whole: int) -> Row:
    return Row(MORE_KEY, (Cell(f"… {whole - ROW_LIMIT:,} more", Tone.MUTED),))
