"""What stands below the first lines of the dashboard: mounted when the first frame is out, which does not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container, Vertical

from sqs_tui import pane_rows, summary
from sqs_tui.commands import Pane
from sqs_tui.filtering import filtered, history_title, in_flight_title, workers_title
from sqs_tui.notices import drain_notice, trouble_notice
from sqs_tui.playback_text import playback_lines
from sqs_tui.widgets.caption import CaptionStrip
from sqs_tui.widgets.filter_bar import FilterBar
from sqs_tui.widgets.latency import LatencyPane
from sqs_tui.widgets.line import Line
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.widget import Widget

    from sqs_core.model import ConsumerSnapshot
    from sqs_tui.options import DashboardOptions
    from sqs_tui.trends import Rates
    from sqs_tui.viewer import Frame, Viewer

_EMPTY = {
    Pane.WORKERS: "No workers.",
    Pane.IN_FLIGHT: "Nothing is held.",
    Pane.HISTORY: "Nothing has finished yet.",
}


class Panes:
    """The widgets of a screen that has an empty `#body` above its `#keys`, and how frames are drawn on them."""

    def __init__(self, screen: Screen[None], viewer: Viewer, options: DashboardOptions) -> None:
        self._screen, self._viewer, self._options = screen, viewer, options

    async def mount(self) -> None:
        """Put them in their places."""
        screen = self._screen
        with screen.app.batch_update():
            if self._options.deck is not None:
                await screen.mount(CaptionStrip(id="caption"), before="#queues")
            await screen.mount(Line(id="details"), Line(id="notice"), before="#body")
            await screen.query_one("#body").mount(_main(), _side())
            if self._options.playback is not None:
                await screen.mount(Line(id="playback"), before="#keys")
            await screen.mount(FilterBar(id="filter-bar"), before="#keys")

    def draw(self, frame: Frame, hidden_rates: Rates | None) -> None:
        """Bring them up to date; `hidden_rates` are those that the list of queues has no room for."""
        if frame.frozen_since is None:
            self._draw_caption()
        self._draw_playback()
        self._line("#details").show(lambda width: summary.details(frame, hidden_rates, width))
        self._draw_notice(frame)
        consumer = frame.consumer
        if consumer is not None and frame.snapshot is not None:
            self._draw_consumer(frame, consumer, frame.snapshot.at)
        self._draw_events(frame)

    def _draw_caption(self) -> None:
        if self._options.deck is not None:
            self._screen.query_one(CaptionStrip).tell(self._options.deck.caption())

    def _draw_playback(self) -> None:
        playback = self._options.playback
        if playback is not None:
            position, wall = playback.position(), playback.wall()
            self._line("#playback").show(lambda width: playback_lines(position, wall, width))

    def _draw_notice(self, frame: Frame) -> None:
        notice = self._line("#notice")
        notice.set_class(frame.drain is not None, "-drain")
        notice.set_class(frame.drain is None and frame.trouble is not None, "-trouble")
        playing, brief = self._options.playback is not None, all(map(self._screen.has_class, ("-captioned", "-narrow", "-short")))
        if frame.drain:
            notice.show(lambda width: drain_notice(frame, width, playing=playing))
        else:
            notice.show(lambda width: trouble_notice(frame, width, playing=playing, brief=brief))
        title = "Draining" if frame.drain else "Trouble"
        if notice.border_title != title:
            notice.border_title = title

    def _draw_consumer(self, frame: Frame, consumer: ConsumerSnapshot, now: float) -> None:
        longest = self._viewer.trends.longest_lease_seconds(consumer.queue)
        query = frame.query
        left = filtered(consumer, query, now)
        self._screen.query_one(FilterBar).say(query.problem)
        self._table(Pane.WORKERS).show(pane_rows.worker_rows(left, now))
        self._table(Pane.IN_FLIGHT).show(pane_rows.in_flight_rows(left, now, longest))
        self._table(Pane.HISTORY).show(pane_rows.history_rows(left))
        self._table(Pane.POLLERS).show(pane_rows.poller_rows(consumer, now))
        self._screen.query_one(LatencyPane).show(consumer, self._viewer.trends.series(consumer.queue))
        for pane, text in _EMPTY.items():
            self._table(pane).say_when_empty("Nothing here matches the filter." if query else text)
        self._table(Pane.WORKERS).write_title(workers_title(consumer, left, query))
        self._table(Pane.IN_FLIGHT).write_title(in_flight_title(consumer, left, query))
        self._table(Pane.HISTORY).write_title(history_title(consumer, left, query))
        self._table(Pane.POLLERS).write_title(f"Pollers  {consumer.pollers.live}")

    def _draw_events(self, frame: Frame) -> None:
        events = frame.snapshot.events if frame.snapshot else ()
        self._table(Pane.EVENTS).show(pane_rows.event_rows(events, of_several=len(frame.queues) > 1))
        self._table(Pane.EVENTS).write_title("Events  UTC")

    def _table(self, pane: Pane) -> LiveTable:
        return self._screen.query_one(f"#{pane}", LiveTable)

    def _line(self, selector: str) -> Line:
        return self._screen.query_one(selector, Line)


def _main() -> Widget:
    return Vertical(
        LiveTable(pane_rows.WORKER_COLUMNS, id=Pane.WORKERS, empty=_EMPTY[Pane.WORKERS]),
        LiveTable(pane_rows.IN_FLIGHT_COLUMNS, id=Pane.IN_FLIGHT, empty=_EMPTY[Pane.IN_FLIGHT]),
        LiveTable(pane_rows.HISTORY_COLUMNS, id=Pane.HISTORY, empty=_EMPTY[Pane.HISTORY], follows_top=True),
        id="main",
    )


def _side() -> Widget:
    pollers = LiveTable(pane_rows.POLLER_COLUMNS, id=Pane.POLLERS, empty="No pollers.")
    events = LiveTable(pane_rows.EVENT_COLUMNS, id=Pane.EVENTS, header=False, empty="Nothing to report.", follows_top=True)
    return Container(Container(pollers, LatencyPane(id="latency"), id="pair"), events, id="side")
