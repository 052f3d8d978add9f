"""What several processes did, as one report: sums, and a row for each process that there was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqs_core.model import RunState
from sqs_core.remote.fleet_view import held
from sqs_core.report import COLUMNS, MOST_TROUBLES, make_report, troubles_of
from sqs_core.wire import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqs_core.model import Event, Snapshot
    from sqs_core.processes.child import Ending

MOST_LIVES = 20
"""So many processes of a place are kept apart: one that crashes for ever would fill the memory with those before it."""
_NOT_SUMMED = frozenset({"requests", "duration_seconds", "troubles", "queues"})


@dataclass(frozen=True)
class Life:
    """One process of a place, from its start to its end; `seen` is the last that was heard of it.

    Or so many as `count` says, one after the other, with their sums; the rest is that of the last of them.
    """

    number: int
    pid: int
    ending: Ending
    seen: Snapshot | None
    count: int = 1

    @cached_property
    def report(self) -> Mapping[str, Any]:
        """Its report; of one that wrote none, what was last heard: what it held then is in flight. Empty where nothing was."""
        if self.ending.report is not None:
            return self.ending.report
        if self.seen is None:
            return {}
        return {**make_report(self.seen, self.ending.lived_seconds), "in_flight_at_exit": held(self.seen)}

    @property
    def state(self) -> RunState | None:
        """What was last heard of how it was."""
        return self.seen.engine.state if self.seen else None

    @property
    def paused(self) -> tuple[str, ...]:
        """The queues that were paused when it was last heard of."""
        consumers = self.seen.consumers if self.seen else ()
        return tuple(each.queue for each in consumers if each.state in (RunState.PAUSING, RunState.PAUSED))

    @property
    def finished(self) -> int:
        """Messages handled, discarded or given up."""
        return sum(self.report.get(name, 0) for name in ("handled", "discarded", "given_up"))

    def row(self) -> dict[str, Any]:
        """`counted` is when its figures were taken: `at exit`, or the time at which it was heard of last."""
        seen_at = iso(self.seen.at) if self.seen else None
        counted = "at exit" if self.ending.report is not None else seen_at
        ended = self.ending.how
        if self.count > 1:
            counted, ended = "together", f"{self.count} processes, the last with {ended}"
        figures = {name: value for name, value in self.report.items() if name not in ("troubles", "queues")}
        return {"process": self.number, "pid": self.pid, "ended": ended, "counted": counted, **figures}

    def followed_by(self, after: Life) -> Life:
        """Both as one."""
        ending = replace(after.ending, report=_combined([self.report, after.report]))
        return replace(after, ending=ending, seen=after.seen or self.seen, count=self.count + after.count)


def shortened(lives: Sequence[Life]) -> list[Life]:
    """Those of one place, of which the oldest are told of together where there are too many."""
    if len(lives) <= MOST_LIVES:
        return list(lives)
    oldest, second, *others = lives
    return [oldest.followed_by(second), *others]


def merged_report(lives: Sequence[Life], own: Iterable[Event], duration_seconds: float) -> dict[str, Any]:
    """The columns of one process, summed; `processes` has a row for each, `restarts` is how many were started in another's place.

    `troubles` are the newest of all, those of the parent (its `own` events) last.
    """
    report = _combined([life.report for life in lives])
    troubles = [*report["troubles"], *troubles_of(own)]
    rows = [life.row() for life in sorted(lives, key=lambda life: life.number)]
    report |= {"duration_seconds": round(duration_seconds, 3), "troubles": troubles[-MOST_TROUBLES:]}
    restarts = sum(life.count for life in lives) - len({life.number for life in lives})
    return {**report, "restarts": restarts, "processes": rows}


def _combined(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums, those of each queue too, and the newest troubles."""
    troubles = [trouble for report in reports for trouble in report.get("troubles", ())]
    combined = {**_summed(reports), "troubles": troubles[-MOST_TROUBLES:]}
    by_queue = [report.get("queues", {}) for report in reports]
    if queues := sorted({queue for each in by_queue for queue in each}):
        combined["queues"] = {queue: _summed([each[queue] for each in by_queue if queue in each]) for queue in queues}
    return combined


def _summed(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    totals: Counter[str] = Counter(dict.fromkeys(COLUMNS, 0))  # they are there even if no process lived to tell any
    requests: Counter[str] = Counter()
    for part in parts:
        requests.update(part.get("requests", {}))
        totals.update({name: value for name, value in part.items() if name not in _NOT_SUMMED})
    return {**totals, "requests": dict(requests)}
