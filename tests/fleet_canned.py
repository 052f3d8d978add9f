"""A fleet that does not exist, at a time that stands still."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqs_core.model import Depth
from sqs_core.remote.errands import Errand
from sqs_core.remote.fleet_view import FleetView, MemberView, differences, figures_of, skews, totals_of
from sqs_core.remote.pods import PodState
from sqs_core.words import LinkPhase
from tui_canned import NOW, consumer, snapshot
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass
class FakeSource:
    text: str = "k8s:staging/app=orders"
    where: str = "context test-eu, namespace staging"
    changes: bool = True


class FakeFleet:
    """Members that are set; every command is recorded."""

    where = "context test-eu, namespace staging"

    def __init__(self, *members: MemberView, problem: str = "") -> None:
        self.sources = (FakeSource(),)
        self.members, self.problem = members, problem
        self.commands: list[tuple[Any, ...]] = []
        self.started = self.closed = 0

    def start(self, found: object) -> None:
        self.started += 1

    def view(self) -> FleetView:
        said, differs = differences(self.members)
        skewed = skews(self.members)
        compared = tuple(
            replace(each, differs=differs.get(each.key, frozenset()), skew=skewed.get(each.key, ())) for each in self.members
        )
        return FleetView(compared, totals_of(compared), said, self.problem, ())

    def member(self, key: str) -> None:
        return None

    def command(self, kind: str, keys: Iterable[str], **fields: Any) -> Errand:
        return self._errand(kind, list(keys))

    def resize_by(self, by: int, keys: Iterable[str]) -> Errand:
        return self._errand(f"resize {by:+}", list(keys))

    def _errand(self, title: str, keys: list[str]) -> Errand:
        self.commands.append((title, *keys))
        errand = Errand(title, {key: f"pod/{key}" for key in keys})
        errand.start({key: lambda: "all queues: pausing" for key in keys})
        wait_until(lambda: all(result.ok for result in errand.results().values()))
        return errand


def member(name: str, phase: LinkPhase = LinkPhase.LIVE, *, control: bool = True, **changed: Any) -> MemberView:
    """A member; `changed` are its own fields, else its figures'."""
    own = {each: changed.pop(each) for each in ("age_seconds", "word", "problem") if each in changed}
    pod = PodState(name, "staging", "app", "Running", running=True, ready=True, restarts=0)
    figures = replace(figures_of(snapshot(consumer()), 20.0, 5.0), depths=(("orders", Depth(500, 40, 0, None, NOW)),), **changed)
    return replace(MemberView(name, f"pod/{name}", pod, phase, 0.5, control=control, figures=figures, restarts=0), **own)
