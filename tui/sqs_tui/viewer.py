"""What the main screen shows, apart from widgets: pulls snapshots, keeps the selection, the freeze and the filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.ended import to_keep
from sqs_core.errors import describe
from sqs_core.matching import Query
from sqs_core.words import Level, LinkPhase, RunState, ThreadState
from sqs_tui.drain import ENDED, Drain, DrainProgress
from sqs_tui.trends import Trends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqs_core.engine_info import EngineInfo
    from sqs_core.facade import EngineFacade, Link
    from sqs_core.model import ConsumerSnapshot, Event, Snapshot
    from sqs_core.queue_listing import QueueListing
    from sqs_tui.queue_rows import View

_TROUBLED = frozenset({RunState.STARTING, RunState.FAILED})
EVERYTHING = Query()
ANNOUNCED_CODES = frozenset({"replay.sent", "replay.failed", "control.refused"})


@dataclass(frozen=True, slots=True)
class Frame:
    """All that one frame draws. `problem` is what kept us from reading the engine; the browser adds its `listing`.

    `opening` is what is known of the engine before its first snapshot.
    """

    snapshot: Snapshot | None = None
    opening: EngineInfo | None = None
    listing: QueueListing | None = None
    queues: tuple[str, ...] = ()
    selected: str | None = None
    problem: str | None = None
    frozen_since: float | None = None
    query: Query = EVERYTHING
    drain: Drain | None = None
    link: Link | None = None
    announcements: tuple[Event, ...] = ()

    @property
    def engine(self) -> EngineInfo | None:
        """The process that consumes, as far as it is known."""
        return self.snapshot.engine if self.snapshot else self.opening

    @property
    def consumer(self) -> ConsumerSnapshot | None:
        """The selected queue's consumer; None when nothing consumes it."""
        consumers = self.snapshot.consumers if self.snapshot else ()
        return next((consumer for consumer in consumers if consumer.queue == self.selected), None)

    @property
    def consumed(self) -> bool:
        """Whether the selected queue is consumed, or will be once the engine is made."""
        return self.selected is not None and (self.consumer is not None or self.opening is not None)

    @property
    def trouble(self) -> str | None:
        """The newest error, while it keeps a consumer from working; None when all is well."""
        if self.problem:
            return self.problem
        if self.link is not None and self.link.phase is not LinkPhase.LIVE:
            return _link_trouble(self.link)
        if self.listing and self.listing.error:
            return self.listing.error
        error = self._newest_error()
        return error.text if error else None

    @property
    def refused(self) -> bool:
        """Whether the trouble is a queue's that is refused for good, while others go on."""
        error = self._newest_error()
        consumers = self.snapshot.consumers if self.snapshot and error and error.text == self.trouble else ()
        return any(consumer.queue == error.queue and consumer.state is RunState.FAILED for consumer in consumers if error)

    def _newest_error(self) -> Event | None:
        if self.snapshot is None or not _is_troubled(self.snapshot):
            return None
        errors = [event for event in self.snapshot.events if event.level is Level.ERROR]
        return max(errors, key=lambda event: event.at, default=None)


class Viewer:
    """Pulls frames. `pull` never raises: an engine that cannot be read is something to show, too.

    `queue_view` is how the queues were looked at last, None where they were not.
    """

    def __init__(self, facade: EngineFacade, clock: Callable[[], float]) -> None:
        self.trends = Trends()
        self.query = EVERYTHING
        self.queue_view: View | None = None
        self.draining = False
        self.start_problem: str | None = None
        self._facade = facade
        self._clock = clock
        self._selected: str | None = None
        self._frozen: tuple[float, Snapshot] | None = None
        self._progress = DrainProgress()
        self._announced: tuple[Event, ...] | None = None
        self._last = Frame()

    def pull(self) -> Frame:
        """The next frame; the last one with a `problem` when the engine cannot be read."""
        try:
            frame = self._pull()
        except Exception as error:  # noqa: BLE001 - a timer callback that raises would end the dashboard
            frame = Frame(
                snapshot=self._last.snapshot, queues=self._last.queues, selected=self._selected, problem=_unreadable(error)
            )
        self._last = frame
        return frame

    @property
    def filter_text(self) -> str:
        """What the panes are filtered by, as it was typed."""
        return self.query.text

    @filter_text.setter
    def filter_text(self, text: str) -> None:
        self.query = Query(text)

    def select(self, queue: str) -> None:
        """Show this queue's panes from the next frame on."""
        self._selected = queue

    def restart(self) -> None:
        """Another engine is behind the façade: nothing of what was seen before is worth keeping."""
        self.trends, self._selected, self._frozen, self._announced = Trends(), None, None, None

    def rewind(self, past: Iterable[Snapshot]) -> None:
        """The engine is at an earlier moment; `past` is what was seen before it, oldest first."""
        self.trends, self._frozen, self._announced, self._progress = Trends(), None, None, DrainProgress()
        self.catch_up(past)

    def catch_up(self, past: Iterable[Snapshot]) -> None:
        """Learn what was seen since the last frame, and not drawn."""
        for snapshot in past:
            self.trends.observe(snapshot)

    def toggle_freeze(self) -> bool:
        """Hold the view still, or go on; returns whether it is held now."""
        if self._frozen is None and self._last.snapshot is not None:
            self._frozen = (self._clock(), to_keep(self._last.snapshot))
        else:
            self._frozen = None
        return self._frozen is not None

    def exit_code(self) -> int | None:
        """The exit code once the engine has ended, else None."""
        snapshot = self._last.snapshot
        if snapshot is None or snapshot.engine.state not in ENDED:
            return None
        return 0 if self._progress.is_clean(snapshot) else 1

    def _pull(self) -> Frame:
        live = self._facade.snapshot()
        self.trends.observe(live)
        if self.draining or live.engine.state is RunState.DRAINING or live.engine.state in ENDED:
            self._frozen = None
        queues = tuple(consumer.queue for consumer in live.consumers)
        if self._selected not in queues:
            self._selected = queues[0] if queues else None
        return Frame(
            snapshot=self._frozen[1] if self._frozen else live,
            queues=queues,
            selected=self._selected,
            frozen_since=self._frozen[0] if self._frozen else None,
            problem=self.start_problem,
            query=self.query,
            drain=self._drain(live),
            link=self._facade.link(),
            announcements=self._announcements(live),
        )

    def _drain(self, live: Snapshot) -> Drain | None:
        state = live.engine.state
        if not self.draining and state is not RunState.DRAINING:
            return None
        return self._progress.observe(live, self._facade.drain_deadline_seconds())

    def _announcements(self, live: Snapshot) -> tuple[Event, ...]:
        """Events worth a toast that were not there in the frame before."""
        now = tuple(event for event in live.events if event.code in ANNOUNCED_CODES)
        before, self._announced = self._announced, now
        return () if before is None else tuple(event for event in now if event not in before)


def _is_troubled(snapshot: Snapshot) -> bool:
    states = [snapshot.engine.state, *(consumer.state for consumer in snapshot.consumers)]
    threads = (thread for consumer in snapshot.consumers for thread in consumer.threads)
    return any(state in _TROUBLED for state in states) or any(t.state is ThreadState.BACKING_OFF for t in threads)


def _link_trouble(link: Link) -> str | None:
    if link.phase is LinkPhase.STALLED:
        return f"no answer from {link.target} for {int(link.age_seconds or 0)} s: what you see is that old"
    return f"{link.target}: {link.problem}" if link.problem else None


def _unreadable(error: Exception) -> str:
    return f"the engine cannot be read: {describe(error)}"
