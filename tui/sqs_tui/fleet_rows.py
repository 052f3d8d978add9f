"""Pure: a fleet becomes the rows of its table, filtered, sorted, and as wide as there is room for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqs_core.words import LinkPhase, RunState
from sqs_tui import format as shown
from sqs_tui.rows import Cell, Column, Row, Tone
from sqs_tui.safe_text import ELLIPSIS, one_line
from sqs_tui.sorting import by_value, next_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqs_core.remote.errands import Result
    from sqs_core.remote.fleet_view import Figures, MemberView

FILTER_HINT = "part of a name, state, queue, version, identity or problem"
OLD_SECONDS = 3.0
_NOTHING = Cell("")
_UNKNOWN = Cell("–", Tone.MUTED)
_LONGEST_NAME, _SHORTEST_NAME, _SHORTEST_NOTE = 40, 14, 24
_STATES = {
    RunState.RUNNING: ("●", Tone.GOOD),
    RunState.STOPPED: ("■", Tone.MUTED),
    RunState.FAILED: ("✗", Tone.BAD),
    RunState.PAUSED: ("○", Tone.WARNING),
}


class SortBy(StrEnum):
    """What the rows can be sorted by; the values are the titles of columns."""

    NAME = "member"
    STATE = "state"
    WORKERS = "workers"
    HELD = "held"
    RATE = "rate"
    FAILED = "failed"
    P95 = "p95"
    AGE = "age"
    WAITING = "waiting"
    HANDLED = "handled"
    RESTARTS = "restarts"
    QUEUES = "queues"
    VERSION = "version"
    IDENTITY = "identity"


NOTE = "note"
_ALWAYS = (
    Column(SortBy.STATE, 18),
    Column(SortBy.WORKERS, 7, right=True),
    Column(SortBy.HELD, 5, right=True),
    Column(SortBy.RATE, 7, right=True),
    Column(SortBy.FAILED, 6, right=True),
    Column(SortBy.P95, 7, right=True),
    Column(SortBy.AGE, 5, right=True),
)
_WHERE_THERE_IS_ROOM = (
    Column(SortBy.HANDLED, 7, right=True),
    Column(SortBy.WAITING, 7, right=True),
    Column(SortBy.RESTARTS, 8, right=True),
    Column(SortBy.VERSION, 8),
    Column(SortBy.QUEUES, 16),
    Column(SortBy.IDENTITY, 26),
)
_WORDS_FIRST = frozenset({SortBy.NAME, SortBy.QUEUES, SortBy.VERSION, SortBy.IDENTITY})


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody looks at a fleet."""

    sort: SortBy = SortBy.NAME
    reverse: bool = False
    filter_text: str = ""

    @property
    def descending(self) -> bool:
        """Figures are asked for with the largest first, words the other way."""
        return (self.sort not in _WORDS_FIRST) is not self.reverse

    def sorted_by_next(self, columns: Sequence[Column], width: int) -> Look:
        """By the next column that is shown."""
        return replace(self, sort=next_choice(SortBy, self.sort, columns, width), reverse=False)


def columns_for(members: Sequence[MemberView], width: int) -> tuple[Column, ...]:
    """The columns that a table so wide has room for: first a note, then the names whole, then the less important figures."""
    names = [short_name(member) for member in members]
    longest = max(map(len, names), default=_SHORTEST_NAME)
    differing = longest - len(_common_prefix(names)) + len(ELLIPSIS)
    name = max(_SHORTEST_NAME, min(differing, longest, _LONGEST_NAME))
    room = width - 1 - sum(column.width + 1 for column in _ALWAYS) - (name + 1) - (_SHORTEST_NOTE + 1)
    if room < 0:
        return _narrow(width)
    whole = max(0, min(longest, _LONGEST_NAME) - name)
    name, room = name + min(whole, room), room - min(whole, room)
    more: list[Column] = []
    for column in _WHERE_THERE_IS_ROOM:
        if column.width + 1 > room:
            break
        more.append(column)
        room -= column.width + 1
    return Column("", 1), Column(SortBy.NAME, name), *_ALWAYS, *more, Column(NOTE, _SHORTEST_NOTE, grows=True)


def _narrow(width: int) -> tuple[Column, ...]:
    """Names and figures, of those the last ones only where they fit."""
    kept = list(_ALWAYS)
    while (rest := width - 2 - sum(column.width + 1 for column in kept)) < _SHORTEST_NAME:
        if len(kept) == 1:
            break
        kept.pop()
    return Column("", 1), Column(SortBy.NAME, max(_SHORTEST_NAME, rest), grows=True), *kept


def short_name(member: MemberView) -> str:
    """Its name in a table of nothing but members."""
    return one_line(member.name.removeprefix("pod/"))


def matching(members: Iterable[MemberView], text: str) -> list[MemberView]:
    """The members that the filter lets through."""
    needle = text.casefold()
    return [member for member in members if not needle or needle in _searched(member)]


def _searched(member: MemberView) -> str:
    figures = member.figures
    facts = (*figures.queues, figures.version, figures.identity, figures.environment) if figures else ()
    return "\n".join((member.name, state_word(member), member.problem, *facts, *member.skew)).casefold()


def ordered(members: Sequence[MemberView], look: Look) -> list[MemberView]:
    """Sorted; equals by name."""
    by_name = sorted(members, key=lambda member: member.name)
    return by_value(by_name, _VALUES[look.sort], descending=look.descending)


def _figure(field: str) -> Callable[[MemberView], Any]:
    return lambda member: getattr(member.figures, field) if member.figures else None


_VALUES: dict[SortBy, Callable[[MemberView], Any]] = {
    SortBy.NAME: lambda member: member.name,
    SortBy.STATE: lambda member: (not member.answers, bool(member.skew or member.differs), state_word(member)),
    SortBy.WORKERS: _figure("busy"),
    SortBy.HELD: _figure("held"),
    SortBy.RATE: _figure("rate"),
    SortBy.FAILED: _figure("failed"),
    SortBy.P95: _figure("p95_ms"),
    SortBy.AGE: lambda member: member.age_seconds,
    SortBy.WAITING: _figure("waiting"),
    SortBy.HANDLED: _figure("handled"),
    SortBy.RESTARTS: lambda member: member.restarts,
    SortBy.QUEUES: _figure("queues"),
    SortBy.VERSION: _figure("version"),
    SortBy.IDENTITY: _figure("identity"),
}


def state_word(member: MemberView) -> str:
    """In a word or two how it is."""
    figures = member.figures
    if member.phase is LinkPhase.LIVE:
        return figures.state.value if figures else "connected"
    if member.phase is LinkPhase.LOST:
        return RunState.STOPPED.value if has_ended(member) else member.word or member.phase.value
    return member.phase.value


def has_ended(member: MemberView) -> bool:
    """Whether it was seen to drain to its end, and its pod, if it has one, goes on without it."""
    stopped = member.figures is not None and member.figures.state is RunState.STOPPED
    return stopped and member.phase is LinkPhase.LOST and (member.pod is None or member.pod.running)


def fleet_rows(
    members: Sequence[MemberView], marked: frozenset[str], results: Mapping[str, Result], columns: Sequence[Column]
) -> tuple[Row, ...]:
    """A row for each member, in this order, with a cell for each column."""
    name_width = next(column.width for column in columns if column.title == SortBy.NAME)
    rows = []
    for member in members:
        name = short_name(member)
        if len(name) > name_width:  # pods of one deployment differ at their ends
            name = ELLIPSIS + name[1 - name_width :]
        cells = _cells(member, results.get(member.key))
        mark = Cell("◆", Tone.ACCENT) if member.key in marked else _NOTHING
        there = (cells.get(column.title, _NOTHING) for column in columns[2:])
        rows.append(Row(member.key, (mark, Cell(name, Tone.STRONG if member.key in marked else Tone.PLAIN), *there)))
    return tuple(rows)


def _common_prefix(names: Sequence[str]) -> str:
    """What all names begin with, up to a hyphen."""
    first, last = min(names, default=""), max(names, default="")
    alike = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), 0)
    return first[:alike].rpartition("-")[0]


def _cells(member: MemberView, result: Result | None) -> dict[str, Cell]:
    figures, restarts = member.figures, member.restarts
    stale = Tone.PLAIN if member.answers else Tone.MUTED
    cells: dict[str, Cell] = dict.fromkeys(SortBy, _UNKNOWN)
    if figures is not None:
        cells |= _figure_cells(figures, member, stale)
    cells[SortBy.STATE] = _state(member)
    cells[SortBy.AGE] = _age(member.age_seconds)
    if restarts is not None:
        cells[SortBy.RESTARTS] = Cell(shown.count(restarts), Tone.WARNING if restarts else Tone.MUTED)
    cells[NOTE] = note(member, result)
    return cells


def _figure_cells(figures: Figures, member: MemberView, tone: Tone) -> dict[str, Cell]:
    target = "" if figures.live == figures.target else f"→{figures.target}"
    unlike = {what: Tone.WARNING if what in member.differs else Tone.MUTED for what in ("version", "identity")}
    return {
        SortBy.WORKERS: Cell(f"{figures.busy}/{figures.live}{target}", tone),
        SortBy.HELD: Cell(shown.count(figures.held), tone),
        SortBy.RATE: Cell(shown.rate(figures.rate), tone),
        SortBy.FAILED: Cell(shown.count(figures.failed), Tone.WARNING if figures.failed and member.answers else Tone.MUTED),
        SortBy.P95: Cell(shown.milliseconds(figures.p95_ms), tone),
        SortBy.HANDLED: Cell(shown.count(figures.handled), tone),
        SortBy.WAITING: Cell(shown.approximate(figures.waiting), tone),
        SortBy.QUEUES: Cell(one_line(", ".join(figures.queues) or "none"), Tone.MUTED),
        SortBy.VERSION: Cell(one_line(figures.version), unlike["version"]),
        SortBy.IDENTITY: Cell(one_line(figures.identity.rpartition("/")[2]), unlike["identity"]),
    }


def _state(member: MemberView) -> Cell:
    word, figures = state_word(member), member.figures
    if member.phase is LinkPhase.LOST:
        return Cell(f"■ {word}", Tone.MUTED) if has_ended(member) else Cell(f"✗ {one_line(word)}", Tone.BAD)
    if member.phase is not LinkPhase.LIVE or figures is None:
        return Cell(f"◌ {word}", Tone.WARNING)
    glyph, tone = _STATES.get(figures.state, ("◐", Tone.WARNING))
    odd = bool(member.skew or member.differs or member.problem)
    return Cell(f"{glyph} {word}{' !' if odd else ''}", Tone.WARNING if odd else tone)


def _age(seconds: float | None) -> Cell:
    if seconds is None:
        return _UNKNOWN
    return Cell("now", Tone.MUTED) if seconds < OLD_SECONDS else Cell(shown.duration(seconds), Tone.WARNING)


def note(member: MemberView, result: Result | None) -> Cell:
    """What there is to say: the result of the last command, else what is wrong, else what stands out."""
    if result is not None:
        glyph, tone = {True: ("✓", Tone.GOOD), False: ("✗", Tone.BAD), None: ("…", Tone.MUTED)}[result.ok]
        return Cell(f"{glyph} {one_line(result.text)}", tone)
    if member.problem:
        return Cell(one_line(member.problem), Tone.BAD if member.phase is LinkPhase.LOST else Tone.WARNING)
    odd = [*member.skew, *(f"another {what}" for what in sorted(member.differs))]
    return Cell(one_line(" · ".join(odd)), Tone.WARNING)
