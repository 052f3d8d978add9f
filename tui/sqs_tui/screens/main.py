"""The dashboard itself: one frame in, the widgets that differ painted."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.widgets import Input

from sqs_tui import pane_rows, summary
from sqs_tui.commands import BY_ID, Pane, Situation, palette_commands, screen_bindings, would_run_live
from sqs_tui.drain import PAUSED
from sqs_tui.filtering import filtered, history_title, in_flight_title, workers_title
from sqs_tui.notices import drain_notice, trouble_notice
from sqs_tui.playback_text import playback_lines
from sqs_tui.screens.steady import Steady
from sqs_tui.viewer import Frame
from sqs_tui.widgets.caption import CaptionStrip
from sqs_tui.widgets.filter_bar import FilterBar
from sqs_tui.widgets.latency import LatencyPane
from sqs_tui.widgets.line import KeyBar, Line, OpenLine
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize

    from sqs_core.facade import EngineFacade
    from sqs_core.model import ConsumerSnapshot
    from sqs_tui.commands import Command
    from sqs_tui.options import DashboardOptions
    from sqs_tui.rows import Column
    from sqs_tui.screens.command_runner import CommandRunner
    from sqs_tui.trends import Rates
    from sqs_tui.viewer import Viewer

_MAIN_PANES = (Pane.WORKERS, Pane.IN_FLIGHT, Pane.HISTORY)

_EMPTY = {
    Pane.WORKERS: "No workers.",
    Pane.IN_FLIGHT: "Nothing is held.",
    Pane.HISTORY: "Nothing has finished yet.",
}


class MainScreen(Steady, Screen[None]):
    """Draws frames and runs commands on the selected queue."""

    BINDINGS: ClassVar[list[BindingType]] = [*screen_bindings()]
    AUTO_FOCUS = None
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-normal"), (160, "-broad")]  # noqa: RUF012 - Textual's
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - Textual's

    def __init__(self, facade: EngineFacade, viewer: Viewer, options: DashboardOptions, redraw: Callable[[], None]) -> None:
        super().__init__()
        self.frame = Frame()
        self._facade = facade
        self._viewer = viewer
        self._options = options
        self._redraw = redraw
        self._offered: Situation | None = None

    @cached_property
    def _runner(self) -> CommandRunner:
        """With it come all the screens that open over this one, for which the first frame does not wait."""
        from sqs_tui.screens.command_runner import CommandRunner

        return CommandRunner(self, self._facade, self._viewer, self._options, self._redraw)

    def compose(self) -> ComposeResult:
        """The lines, then the panes, then the keys."""
        yield Line(id="header")
        if self._options.deck is not None:
            yield CaptionStrip(id="caption")
        yield LiveTable((), id=Pane.QUEUES, header=False, empty="No queues known yet.")
        yield OpenLine(id="identity")
        yield Line(id="details")
        yield Line(id="notice")
        with Container(id="body"):
            with Vertical(id="main"):
                yield LiveTable(pane_rows.WORKER_COLUMNS, id=Pane.WORKERS, empty=_EMPTY[Pane.WORKERS])
                yield LiveTable(pane_rows.IN_FLIGHT_COLUMNS, id=Pane.IN_FLIGHT, empty=_EMPTY[Pane.IN_FLIGHT])
                yield LiveTable(pane_rows.HISTORY_COLUMNS, id=Pane.HISTORY, empty=_EMPTY[Pane.HISTORY], follows_top=True)
            with Container(id="side"):
                with Container(id="pair"):
                    yield LiveTable(pane_rows.POLLER_COLUMNS, id=Pane.POLLERS, empty="No pollers.")
                    yield LatencyPane(id="latency")
                yield LiveTable(
                    pane_rows.EVENT_COLUMNS, id=Pane.EVENTS, header=False, empty="Nothing to report.", follows_top=True
                )
        if self._options.playback is not None:
            yield Line(id="playback")
        yield FilterBar(id="filter-bar")
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        """Show the first of the main panes, and what is known before the engine starts."""
        self.set_class(self._options.deck is not None, "-captioned")
        self.set_class(self._options.playback is not None, "-playing")
        self.show_pane(Pane.WORKERS)

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002 - the mixin's signature
        """The lines know their width only after the layout."""
        self.call_after_refresh(self.draw, None)

    def draw(self, frame: Frame | None) -> None:
        """Bring every widget up to date; with None, the last frame again."""
        self.frame = frame = frame or self.frame
        if not self.is_mounted:
            return
        if frame.frozen_since is None:
            self._draw_caption()
        self._draw_lines(frame)
        consumer = frame.consumer
        if consumer is not None and frame.snapshot is not None:
            self._draw_panes(frame, consumer, frame.snapshot.at)
        self._draw_events(frame)
        self._offer_keys()

    def show_pane(self, pane: Pane) -> None:
        """Focus a pane; on a short screen it takes the place of the other main panes."""
        if pane in _MAIN_PANES:
            for each in _MAIN_PANES:
                self.query_one(f"#{each}").set_class(each is pane, "-shown")
        self.table(pane).focus()

    def table(self, pane: Pane) -> LiveTable:
        """The table of a pane."""
        return self.query_one(f"#{pane}", LiveTable)

    @property
    def pane(self) -> Pane | None:
        """The pane with the focus."""
        focused = self.focused
        return Pane(focused.id) if focused is not None and focused.id in set(Pane) else None

    @property
    def situation(self) -> Situation:
        """What decides which commands are allowed."""
        pane, deck, playback = self.pane, self._options.deck, self._options.playback
        current = self.table(pane).current if pane else None
        return Situation(
            pane=pane,
            queue=self.frame.selected is not None,
            consuming=self.frame.consumer is not None,
            message=current is not None and current.message_id is not None,
            event=current is not None and pane is Pane.EVENTS,
            identity=isinstance(self.focused, OpenLine),
            paused=self.frame.consumer is not None and self.frame.consumer.state in PAUSED,
            frozen=self.frame.frozen_since is not None,
            filtered=bool(self._viewer.filter_text),
            leaving=self._viewer.draining,
            view_only=self._options.view_only or (self.frame.link is not None and not self.frame.link.control),
            attached=self._options.attached,
            demo=deck is not None,
            scene_actions=frozenset(offer.action for offer in deck.playing.actions) if deck else frozenset(),
            playing=playback is not None,
            standing=playback is not None and not playback.position().moves,
        )

    def offered_commands(self) -> list[Command]:
        """See `OffersCommands`."""
        return palette_commands(self.situation)

    def action_command(self, command_id: str, key: str = "") -> None:
        """Run a command of the table, if it is allowed now."""
        if BY_ID[command_id].allowed(self.situation):
            self._runner.run(command_id, key)
            self._offer_keys()
        elif self._options.playback is not None and would_run_live(command_id, self.situation):
            self.notify(
                f"This is a recording: “{BY_ID[command_id].title}” needs a consumer that runs.", severity="warning", markup=False
            )

    @on(LiveTable.Opened)
    def open_row(self, event: LiveTable.Opened) -> None:
        """Open what is under the cursor: a message, or a queue's panes."""
        if event.table.id == Pane.QUEUES:
            self.show_pane(Pane.WORKERS)
        else:
            self.action_command("open")

    @on(LiveTable.Moved, "#queues")
    def select_queue(self, event: LiveTable.Moved) -> None:
        """The cursor in the list of queues is the selection."""
        row = event.table.current
        if row is not None:
            self._viewer.select(row.key)
            self._redraw()

    @on(Input.Changed, "#filter")
    def filter_rows(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self._viewer.filter_text = event.value
        self._redraw()

    @on(Input.Submitted, "#filter")
    def keep_filter(self) -> None:
        """Back to the rows, filtered; a filter that is not understood stays where it can be mended."""
        query = self._viewer.query
        if query.problem is not None:
            return
        self.query_one(FilterBar).end(keep=query.text)
        self.show_pane(Pane.WORKERS if self._runner.pane_before_filter is None else self._runner.pane_before_filter)

    def on_descendant_focus(self) -> None:
        """What the keys do depends on the pane."""
        self._offer_keys()

    def _draw_caption(self) -> None:
        if self._options.deck is not None:
            self.query_one(CaptionStrip).tell(self._options.deck.caption())

    def fold_caption(self) -> None:
        """Fold or unfold what the demo's scene says of itself."""
        strip = self.query_one(CaptionStrip)
        strip.fold()
        self.set_class(not strip.folded, "-captioned")

    def _draw_lines(self, frame: Frame) -> None:
        title = _title(self._options)
        self._line("#header").show(lambda width: summary.header(frame, title, width))
        self._draw_playback()
        queues = self.table(Pane.QUEUES)
        queue_rows, columns = summary.queue_table(frame, self._viewer.trends, queues.size.width)
        queues.show(queue_rows, columns)
        if frame.selected is not None and (queues.current is None or queues.current.key != frame.selected):
            queues.move_to(frame.selected)
        self._line("#identity").show(lambda width: summary.identity(frame, width))
        self._line("#details").show(lambda width: summary.details(frame, self._hidden_rates(columns), width))
        self._draw_notice(frame)
        self.set_class(frame.drain is not None, "-draining")
        self.set_class(frame.consumer is None, "-unconsumed")

    def _draw_playback(self) -> None:
        playback = self._options.playback
        if playback is not None:
            position, wall = playback.position(), playback.wall()
            self._line("#playback").show(lambda width: playback_lines(position, wall, width))

    def _hidden_rates(self, columns: tuple[Column, ...]) -> Rates | None:
        """The selected queue's rates where its line has no room for them."""
        selected = self.frame.selected
        hidden = len(columns) < len(summary.QUEUE_TITLES)
        return self._viewer.trends.rates(selected) if hidden and selected else None

    def _draw_notice(self, frame: Frame) -> None:
        notice = self._line("#notice")
        notice.set_class(frame.drain is not None, "-drain")
        notice.set_class(frame.drain is None and frame.trouble is not None, "-trouble")
        playing, brief = self._options.playback is not None, all(map(self.has_class, ("-captioned", "-narrow", "-short")))
        if frame.drain:
            notice.show(lambda width: drain_notice(frame, width, playing=playing))
        else:
            notice.show(lambda width: trouble_notice(frame, width, playing=playing, brief=brief))
        title = "Draining" if frame.drain else "Trouble"
        if notice.border_title != title:
            notice.border_title = title

    def _draw_panes(self, frame: Frame, consumer: ConsumerSnapshot, now: float) -> None:
        longest = self._viewer.trends.longest_lease_seconds(consumer.queue)
        query = frame.query
        left = filtered(consumer, query, now)
        self.query_one(FilterBar).say(query.problem)
        self.table(Pane.WORKERS).show(pane_rows.worker_rows(left, now))
        self.table(Pane.IN_FLIGHT).show(pane_rows.in_flight_rows(left, now, longest))
        self.table(Pane.HISTORY).show(pane_rows.history_rows(left))
        self.table(Pane.POLLERS).show(pane_rows.poller_rows(consumer, now))
        self.query_one(LatencyPane).show(consumer, self._viewer.trends.series(consumer.queue))
        for pane, text in _EMPTY.items():
            self.table(pane).say_when_empty("Nothing here matches the filter." if query else text)
        self.table(Pane.WORKERS).write_title(workers_title(consumer, left, query))
        self.table(Pane.IN_FLIGHT).write_title(in_flight_title(consumer, left, query))
        self.table(Pane.HISTORY).write_title(history_title(consumer, left, query))
        self.table(Pane.POLLERS).write_title(f"Pollers  {consumer.pollers.live}")

    def _draw_events(self, frame: Frame) -> None:
        events = frame.snapshot.events if frame.snapshot else ()
        self.table(Pane.EVENTS).show(pane_rows.event_rows(events, of_several=len(frame.queues) > 1))
        self.table(Pane.EVENTS).write_title("Events  UTC")

    def _offer_keys(self) -> None:
        situation = self.situation
        if situation != self._offered:
            self._offered = situation
            self.query_one(KeyBar).offer(situation)

    def _line(self, selector: str) -> Line:
        return self.query_one(selector, Line)


def _title(options: DashboardOptions) -> str | None:
    """What is shown, where that is not simply what runs here."""
    if options.playback is not None:
        return f"recording {options.playback.position().name}"
    scene = options.deck.title() if options.deck else options.scene
    return f"scene {scene}" if scene else None
