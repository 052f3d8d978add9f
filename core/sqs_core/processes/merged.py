"""What several processes did, as one report: sums, and a row for each process that there was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
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

_NOT_SUMMED = frozenset({"requests", "duration_seconds", "troubles", "queues"})


@dataclass(frozen=True)
class Life:
    """One process of a place, from its start to its end; `seen` is the last that was heard of it."""

    number: int
    pid: int
    ending: Ending
    seen: Snapshot | None

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
        figures = {name: value for name, value in self.report.items() if name not in ("troubles", "queues")}
        return {"process": self.number, "pid": self.pid, "ended": self.ending.how, "counted": counted, **figures}


def merged_report(lives: Sequence[Life], own: Iterable[Event], duration_seconds: float) -> dict[str, Any]:
    """The columns of one process, summed; `processes` has a row for each, `restarts` is how many were started in another's place.

    `troubles` are the newest of all, those of the parent (its `own` events) last.
    """
    report = _summed([life.report for life in lives])
    queues = {queue for life in lives for queue in life.report.get("queues", ())}
    troubles = [trouble for life in lives for trouble in life.report.get("troubles", ())]
    troubles += troubles_of(own)
    rows = [life.row() for life in sorted(lives, key=lambda life: life.number)]
    report |= {"duration_seconds": round(duration_seconds, 3), "troubles": troubles[-MOST_TROUBLES:]}
    if queues:
        report["queues"] = {
            queue: _summed([life.report["queues"][queue] for life in lives if queue in life.report.get("queues", ())])
            for queue in sorted(queues)
        }
    return {**report, "restarts": len(lives) - len({life.number for life in lives}), "processes": rows}


def _summed(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    totals: Counter[str] = Counter(dict.fromkeys(COLUMNS, 0))  # they are there even if no process lived to tell any
    requests: Counter[str] = Counter()
    for part in parts:
        requests.update(part.get("requests", {}))
        totals.update({name: value for name, value in part.items() if name not in _NOT_SUMMED})
    return {**totals, "requests": dict(requests)}
