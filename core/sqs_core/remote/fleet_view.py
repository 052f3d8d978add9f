"""What a fleet looks like at one moment: a line for each member, totals, and what differs between them. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from sqs_core.words import LinkPhase, RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqs_core.model import ConsumerSnapshot, Depth, Snapshot
    from sqs_core.remote.pods import PodState

FAR = 3.0
"""So many times more, or less, than the median of those that do the same is said."""
FEWEST_TO_COMPARE = 3
_LEAST_RATE, _LEAST_HELD, _LEAST_P95_MS = 1.0, 10.0, 50.0
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """What the newest snapshot of a member says.

    `handled` and `failed` are also those of the processes that it took the place of, where those were of one parent.
    `rate` is of messages finished a second over some seconds, None before two snapshots exist, and `usually_held` the mean of
    `held` over them; `p95_ms` is the handler's, the worst of its queues; `depths` is by queue URL.
    """

    state: RunState
    environment: str
    endpoint: str
    region: str
    version: str
    identity: str
    queues: tuple[str, ...]
    busy: int
    live: int
    target: int
    held: int
    usually_held: float
    handled: int
    failed: int
    rate: float | None
    p95_ms: float | None
    depths: tuple[tuple[str, Depth], ...]

    @property
    def waiting(self) -> int | None:
        """Visible messages of its queues; None where none was read yet."""
        return sum(depth.visible for _, depth in self.depths) if self.depths else None


@dataclass(frozen=True, slots=True)
class MemberView:
    """One consumer. `word` says in one or two words why it cannot be looked into and `problem` in a sentence, both empty when
    all is well; `differs` names what is unlike the others', `skew` says which figures are far from theirs."""

    key: str
    name: str
    pod: PodState | None
    phase: LinkPhase
    age_seconds: float | None
    control: bool | None
    figures: Figures | None
    word: str = ""
    problem: str = ""
    differs: frozenset[str] = frozenset()
    skew: tuple[str, ...] = ()
    restarts: int | None = None

    @property
    def answers(self) -> bool:
        """Whether it is connected and heard of."""
        return self.phase is LinkPhase.LIVE and self.figures is not None


@dataclass(frozen=True, slots=True)
class Totals:
    """Over the members that answer; `handled` and `failed` also over those that did. A queue that several consume is counted
    once in `waiting` and `in_flight`, None where no depth is known; `p95_ms` is the worst member's."""

    members: int
    answering: int
    busy: int
    live: int
    held: int
    handled: int
    failed: int
    rate: float | None
    waiting: int | None
    in_flight: int | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class FleetView:
    """All of it. `said` are differences that concern the whole; `problem` is why the list of members may be out of date;
    `news` is who came and went, the newest last, at epoch seconds."""

    members: tuple[MemberView, ...]
    totals: Totals
    said: tuple[str, ...]
    problem: str
    news: tuple[tuple[float, str], ...]


def figures_of(snapshot: Snapshot, rate: float | None, usually_held: float, done_before: tuple[int, int] = (0, 0)) -> Figures:
    """The figures of a snapshot, which may be a summary: what is held follows from the counters. `done_before` are the messages
    handled and failed by those before it in its place."""
    engine, consumers, credentials = snapshot.engine, snapshot.consumers, snapshot.credentials
    identity = (
        " ".join(part for part in (credentials.account, credentials.role_arn or credentials.arn) if part) if credentials else ""
    )
    worst = [each.latency_ms.handler.p95 for each in consumers if each.latency_ms.handler.p95 is not None]
    return Figures(
        engine.state,
        engine.environment,
        engine.endpoint,
        engine.region,
        engine.version,
        identity or (credentials.provider if credentials else ""),
        tuple(each.queue for each in consumers),
        busy=sum(each.workers.busy for each in consumers),
        live=sum(each.workers.live for each in consumers),
        target=sum(each.workers.target for each in consumers),
        held=held(snapshot),
        usually_held=usually_held,
        handled=done_before[0] + sum(each.totals.handled for each in consumers),
        failed=done_before[1] + sum(each.totals.failed for each in consumers),
        rate=rate,
        p95_ms=max(worst, default=None),
        depths=tuple(
            (each.url or each.queue, each.depth) for each in consumers if each.depth and not each.depth.is_old(snapshot.at)
        ),
    )


def held(snapshot: Snapshot) -> int:
    """Messages received and not yet ended; told by the counters, for a summary has no list of them."""
    return sum(map(_held, snapshot.consumers))


def _held(consumer: ConsumerSnapshot) -> int:
    totals = consumer.totals
    ended = totals.handled + totals.discarded + totals.failed + totals.released + totals.leases_lost
    return max(0, totals.received - ended)


def finished(snapshot: Snapshot) -> int:
    """Messages that a handler is done with."""
    return sum(each.totals.handled + each.totals.discarded + each.totals.failed for each in snapshot.consumers)


def totals_of(members: Sequence[MemberView]) -> Totals:
    """The totals of these members."""
    heard = [member.figures for member in members if member.figures]
    now = [member.figures for member in members if member.answers and member.figures]
    rates = [figures.rate for figures in now if figures.rate is not None]
    newest: dict[str, Depth] = {}
    for url, depth in (pair for figures in now for pair in figures.depths):
        if url not in newest or depth.at > newest[url].at:
            newest[url] = depth
    return Totals(
        len(members),
        len(now),
        busy=sum(figures.busy for figures in now),
        live=sum(figures.live for figures in now),
        held=sum(figures.held for figures in now),
        handled=sum(figures.handled for figures in heard),
        failed=sum(figures.failed for figures in heard),
        rate=sum(rates) if rates else None,
        waiting=sum(depth.visible for depth in newest.values()) if newest else None,
        in_flight=sum(depth.in_flight for depth in newest.values()) if newest else None,
        p95_ms=max((figures.p95_ms for figures in now if figures.p95_ms is not None), default=None),
    )


_ALIKE: dict[str, tuple[str, Callable[[Figures], str]]] = {
    "version": ("versions", lambda figures: figures.version),
    "identity": ("identities", lambda figures: figures.identity),
    "environment": ("environments", lambda figures: figures.environment),
    "endpoint": ("endpoints", lambda figures: f"{figures.endpoint} {figures.region}".strip()),
}


def differences(members: Sequence[MemberView]) -> tuple[tuple[str, ...], dict[str, frozenset[str]]]:
    """What should be the same everywhere and is not, in sentences; and by member in what it is not like the most."""
    said: list[str] = []
    differs: dict[str, set[str]] = {}
    for what, (plural, value) in _ALIKE.items():
        values = {member.key: value(member.figures) for member in members if member.figures}
        counted = Counter(values.values()).most_common()
        if len(counted) < 2:
            continue
        usual = counted[0][0]
        odd = [member for member in members if member.key in values and values[member.key] != usual]
        for member in odd:
            differs.setdefault(member.key, set()).add(what)
        kinds = ", ".join(f"{kind or 'unknown'} ×{number}" for kind, number in counted[: _NAMED + 1])
        names = ", ".join(member.name for member in odd[:_NAMED]) + (" …" if len(odd) > _NAMED else "")
        said.append(f"{plural} differ: {kinds} ({names})")
    return tuple(said), {key: frozenset(whats) for key, whats in differs.items()}


def skews(members: Iterable[MemberView]) -> dict[str, tuple[str, ...]]:
    """By member, the figures that are far from those of the others that consume the same queues and run."""
    alike: dict[tuple[str, ...], list[tuple[str, Figures]]] = {}
    for member in members:
        figures = member.figures
        if member.answers and figures is not None and figures.state is RunState.RUNNING and figures.queues:
            alike.setdefault(figures.queues, []).append((member.key, figures))
    found: dict[str, list[str]] = {}
    for group in alike.values():
        if len(group) < FEWEST_TO_COMPARE:
            continue
        backlog = any(figures.waiting for _, figures in group)
        for name, value, least in _COMPARED:
            if name == "rate" and not backlog:
                continue  # who gets the few messages that there are is chance
            _compare(name, [(key, value(figures)) for key, figures in group], least, found)
    return {key: tuple(words) for key, words in found.items()}


_COMPARED: tuple[tuple[str, Callable[[Figures], float | None], float], ...] = (
    ("rate", lambda figures: figures.rate, _LEAST_RATE),
    ("held", lambda figures: figures.usually_held, _LEAST_HELD),
    ("p95", lambda figures: figures.p95_ms, _LEAST_P95_MS),
)


def _compare(name: str, values: Sequence[tuple[str, float | None]], least: float, found: dict[str, list[str]]) -> None:
    known = [(key, value) for key, value in values if value is not None]
    if len(known) < FEWEST_TO_COMPARE:
        return
    middle = median(value for _, value in known)
    for key, value in known:
        low, high = sorted((value, middle))
        if high >= least and (low == 0 or high / low >= FAR) and high - low >= least / 2:
            times = f"{value / middle:.1f}×" if middle else "much over"
            found.setdefault(key, []).append(f"{name} {times} the others'")
