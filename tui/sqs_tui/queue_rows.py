"""Pure: a listing of queues becomes the rows of the browser, filtered, sorted and counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqs_core.queue_listing import ListedQueue, QueueListing, Reading
from sqs_tui import format as shown
from sqs_tui.rows import Cell, Column, Row, Tone
from sqs_tui.safe_text import one_line
from sqs_tui.sorting import by_value, next_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

PREFIX_MARK = "^"
FILTER_HINT = "part of a name; ^ and its start searches on the server"
_UNKNOWN = Cell(shown.UNKNOWN, Tone.MUTED)
_NOTHING = Cell("")
_NONE = Cell("none", Tone.MUTED)
_NOT_YET = Cell("not yet", Tone.MUTED)
_TYPES = {True: Cell("FIFO", Tone.ACCENT), False: Cell("standard", Tone.MUTED)}
_CONSUMED = {True: Cell("●", Tone.GOOD), False: _NOTHING}
_UNREADABLE = frozenset({Reading.DENIED, Reading.GONE, Reading.FAILED})


class SortBy(StrEnum):
    """What the rows can be sorted by; the values are read by people."""

    NAME = "name"
    VISIBLE = "visible"
    IN_FLIGHT = "in flight"
    DELAYED = "delayed"
    OLDEST = "oldest"
    TYPE = "type"
    DEAD_LETTER_QUEUE = "dead-letter queue"
    SOURCES = "dead letters of"
    RETENTION = "retention"
    ENCRYPTION = "encryption"
    READ = "read"


@dataclass(frozen=True, slots=True)
class View:
    """How somebody looks at the queues: the sort, and what was typed to filter."""

    sort: SortBy = SortBy.NAME
    reverse: bool = False
    filter_text: str = ""

    @property
    def prefix(self) -> str:
        """The start of the names to ask the server for."""
        return self.filter_text[len(PREFIX_MARK) :] if self.filter_text.startswith(PREFIX_MARK) else ""

    def sorted_by_next(self, columns: Sequence[Column], width: int) -> View:
        """By the next of the columns that a table so wide shows, in the direction that is asked for most."""
        return replace(self, sort=next_choice(SortBy, self.sort, columns, width), reverse=False)

    @property
    def descending(self) -> bool:
        """Whether the largest is first: figures are asked for that way, words the other way."""
        return (self.sort in _LARGEST_FIRST) is not self.reverse


_LARGEST_FIRST = frozenset({SortBy.VISIBLE, SortBy.IN_FLIGHT, SortBy.DELAYED, SortBy.OLDEST, SortBy.SOURCES, SortBy.RETENTION})
_NEVER = 100_000
_MOST_KEPT = 20_000
_COLUMNS: tuple[Column, ...] = (
    Column("", 1),
    Column(SortBy.NAME, 12, grows=True, both_ends=True),
    Column(SortBy.VISIBLE, 7, right=True),
    Column(SortBy.IN_FLIGHT, 9, right=True),
    Column(SortBy.DELAYED, 7, right=True),
    Column(SortBy.OLDEST, 6, right=True, needs=96),
    Column(SortBy.TYPE, 8),
    Column(SortBy.DEAD_LETTER_QUEUE, 28, needs=104, both_ends=True),
    Column(SortBy.SOURCES, 18, needs=132),
    Column(SortBy.RETENTION, 10, needs=150),
    Column(SortBy.ENCRYPTION, 16, needs=168),
    Column(SortBy.READ, 8),
)


def columns(listing: QueueListing) -> tuple[Column, ...]:
    """The columns of the rows; the oldest message's age only where the server tells any."""
    ages = (queue.attributes.depth for queue in listing.queues if queue.attributes)
    if any(depth.oldest_age_seconds is not None for depth in ages if depth):
        return _COLUMNS
    return tuple(column._replace(needs=_NEVER) if column.title == SortBy.OLDEST else column for column in _COLUMNS)


def matching(queues: Iterable[ListedQueue], view: View) -> list[ListedQueue]:
    """The queues that the filter lets through: any part of the name whatever the case, or exactly its start."""
    if view.filter_text.startswith(PREFIX_MARK):
        return [queue for queue in queues if queue.name.startswith(view.prefix)]
    needle = view.filter_text.casefold()
    return [queue for queue in queues if needle in queue.name.casefold()]


def ordered(queues: Iterable[ListedQueue], listing: QueueListing, view: View) -> list[ListedQueue]:
    """Sorted; equals by name, and what is not known last in either direction."""
    by_name = sorted(queues, key=lambda queue: queue.name, reverse=view.sort is SortBy.NAME and view.descending)
    if view.sort is SortBy.NAME:
        return by_name
    value = _VALUES[view.sort]
    return by_value(by_name, lambda queue: value(queue, listing), descending=view.descending)


def _depth(field: str) -> Callable[[ListedQueue, QueueListing], Any]:
    def value(queue: ListedQueue, _: QueueListing) -> Any:
        depth = queue.attributes.depth if queue.attributes else None
        return getattr(depth, field) if depth else None

    return value


def _attribute(field: str) -> Callable[[ListedQueue, QueueListing], Any]:
    return lambda queue, _: getattr(queue.attributes, field) if queue.attributes else None


_VALUES: dict[SortBy, Callable[[ListedQueue, QueueListing], Any]] = {
    SortBy.VISIBLE: _depth("visible"),
    SortBy.IN_FLIGHT: _depth("in_flight"),
    SortBy.DELAYED: _depth("delayed"),
    SortBy.OLDEST: _depth("oldest_age_seconds"),
    SortBy.TYPE: lambda queue, _: not queue.fifo,
    SortBy.DEAD_LETTER_QUEUE: _attribute("dead_letter_name"),
    SortBy.SOURCES: lambda queue, listing: len(listing.sources.get(queue.name, ())) or None,
    SortBy.RETENTION: _attribute("retention_seconds"),
    SortBy.ENCRYPTION: _attribute("encryption"),
    SortBy.READ: lambda queue, _: queue.read_at,
}


class QueueRows:
    """Makes rows and keeps them, also of queues that are filtered out: of 10,000 few change at a time."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[tuple[ListedQueue, tuple[str, ...], bool, bool], Row]] = {}
        self._asked: tuple[QueueListing, View, frozenset[str]] | None = None
        self._rows: tuple[Row, ...] = ()
        self.columns = _COLUMNS

    def rows(self, listing: QueueListing, view: View, consumed: frozenset[str]) -> tuple[Row, ...]:
        """The rows of a view, the same object while nothing changed. `consumed` queues are marked; sets `columns`."""
        asked = (listing, view, consumed)
        if self._asked is None or self._asked[0] is not listing or self._asked[1:] != asked[1:]:
            self._asked = asked
            if len(self._made) > _MOST_KEPT:
                self._made = {}
            self.columns = columns(listing)
            more = has_unknown_sources(listing)
            chosen = ordered(matching(listing.queues, view), listing, view)
            self._rows = tuple(
                [self._row(queue, listing.sources.get(queue.name, ()), more, queue.name in consumed) for queue in chosen]
            )
        return self._rows

    def _row(self, queue: ListedQueue, sources: tuple[str, ...], more: bool, consumed: bool) -> Row:
        facts = (queue, sources, more, consumed)
        made = self._made.get(queue.name)
        if made is None or made[0] != facts:
            made = self._made[queue.name] = (facts, queue_row(*facts))
        return made[1]


def has_unknown_sources(listing: QueueListing) -> bool:
    """Whether there are queues whose redrive policy is not known: not listed, not read, or not readable."""
    unknown = (queue.attributes is None and queue.reading is not Reading.GONE for queue in listing.queues)
    return bool(listing.prefix or listing.note) or any(unknown)


def queue_row(queue: ListedQueue, sources: Sequence[str], more: bool, consumed: bool) -> Row:
    """One queue. `more` says that there are queues whose redrive policy is not known yet."""
    depth = queue.attributes.depth if queue.attributes else None
    counts = [depth.visible, depth.in_flight, depth.delayed] if depth else [None, None, None]
    numbers = [Cell(shown.approximate(n), Tone.PLAIN if n else Tone.MUTED) if n is not None else _UNKNOWN for n in counts]
    if queue.reading in _UNREADABLE and queue.attributes is None:
        numbers[0] = Cell(queue.reading.value, Tone.WARNING)
    age = depth.oldest_age_seconds if depth else None
    return Row(
        queue.name,
        (
            _CONSUMED[consumed],
            Cell(one_line(queue.name), Tone.STRONG if consumed else Tone.PLAIN),
            *numbers,
            Cell(shown.duration(age)) if age is not None else _UNKNOWN,
            _TYPES[queue.fifo],
            _redrive(queue),
            _sources(sources, more),
            *_settings(queue),
            _read_at(queue),
        ),
    )


def _redrive(queue: ListedQueue) -> Cell:
    attributes = queue.attributes
    if attributes is None:
        return Cell(one_line(queue.error), Tone.WARNING) if queue.error else _UNKNOWN
    if attributes.dead_letter_name is None:
        return _NONE
    most = shown.count(attributes.maximum_receives) if attributes.maximum_receives is not None else shown.UNKNOWN
    return Cell(f"after {most} → {one_line(attributes.dead_letter_name)}")


def _sources(sources: Sequence[str], more: bool) -> Cell:
    if not sources:
        return _UNKNOWN if more else _NOTHING
    if len(sources) == 1 and not more:
        return Cell(one_line(sources[0]), Tone.ACCENT)
    return Cell(f"{'≥' if more else ''}{shown.plural(len(sources), 'queue')}", Tone.ACCENT)


def _settings(queue: ListedQueue) -> tuple[Cell, Cell]:
    """Retention and encryption."""
    attributes = queue.attributes
    if attributes is None:
        return _UNKNOWN, _UNKNOWN
    kept = attributes.retention_seconds
    return (
        Cell(shown.span(kept), Tone.MUTED) if kept is not None else _UNKNOWN,
        Cell(one_line(attributes.encryption), Tone.MUTED) if attributes.encryption else _UNKNOWN,
    )


def _read_at(queue: ListedQueue) -> Cell:
    if queue.read_at is None:
        return _NOT_YET
    return Cell(shown.clock_time(queue.read_at), Tone.WARNING if queue.reading in _UNREADABLE else Tone.MUTED)


def title(listing: QueueListing, view: View, shown_rows: int) -> str:
    """Counts that are honest, the sort, and the filter."""
    if listing.at == 0.0:
        return "Queues  not listed yet"
    if view.prefix != listing.prefix:
        asked = f"searching the server for {view.prefix}…" if view.prefix else "listing all again…"
        return f"Queues  {asked}"
    whole = len(listing.queues)
    counted = f"{shown_rows:,} of {whole:,}" if shown_rows != whole else f"{whole:,}"
    said = [f"{counted} that start with {view.prefix}" if view.prefix else counted]
    if listing.unread:
        said.append(f"{listing.unread:,} not read yet")
    unreadable = [queue.reading.value for queue in listing.queues if queue.reading in _UNREADABLE]
    said += [f"{unreadable.count(word):,} {word}" for word in sorted(set(unreadable))]
    said.append(f"by {view.sort} {'↓' if view.descending else '↑'}")
    if view.filter_text and not view.filter_text.startswith(PREFIX_MARK):
        said.append(f"filter {view.filter_text}")
    return f"Queues  {' · '.join(said)}"


def when_empty(listing: QueueListing, view: View) -> str:
    """What stands where there are no rows."""
    if listing.at == 0.0:
        return "Queues are being listed." if listing.error is None else "Queues cannot be listed."
    if view.prefix:
        return "No queue's name starts with this."
    if listing.queues:
        return "Nothing here matches the filter."
    return "There are no queues at this endpoint." if listing.note is None else "None of the queues can be shown."
