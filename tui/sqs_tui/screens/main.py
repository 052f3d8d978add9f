"""The dashboard itself: one frame in, the widgets that differ painted."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Input

from sqs_tui import summary
from sqs_tui.commands import BY_ID, Pane, Situation, palette_commands, screen_bindings, would_run_live
from sqs_tui.drain import PAUSED
from sqs_tui.rows import MORE_KEY
from sqs_tui.screens.steady import Steady
from sqs_tui.viewer import Frame
from sqs_tui.widgets.line import KeyBar, Line, OpenLine
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize

    from sqs_core.facade import EngineFacade
    from sqs_tui.base_app import BaseApp
    from sqs_tui.commands import Command
    from sqs_tui.options import DashboardOptions
    from sqs_tui.rows import Column
    from sqs_tui.screens.command_runner import CommandRunner
    from sqs_tui.screens.panes import Panes
    from sqs_tui.trends import Rates
    from sqs_tui.viewer import Viewer

_MAIN_PANES = (Pane.WORKERS, Pane.IN_FLIGHT, Pane.HISTORY)


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
        self._panes: Panes | None = None

    @cached_property
    def _runner(self) -> CommandRunner:
        """With it come all the screens that open over this one, for which the first frame does not wait."""
        from sqs_tui.screens.command_runner import CommandRunner

        return CommandRunner(self, self._facade, self._viewer, self._options, self._redraw)

    def compose(self) -> ComposeResult:
        """The first lines and the keys; the panes come into the body between them once these have been drawn."""
        yield Line(id="header")
        yield LiveTable((), id=Pane.QUEUES, header=False, empty="No queues known yet.")
        yield OpenLine(id="identity")
        yield Container(id="body")
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        """Draw what is known before the engine starts; the panes come after it."""
        self.set_class(self._options.deck is not None, "-captioned")
        self.set_class(self._options.playback is not None, "-playing")
        self.draw(None)
        self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        from sqs_tui.screens.panes import Panes

        cast("BaseApp", self.app).complete_styles()
        panes = Panes(self, self._viewer, self._options)
        await panes.mount()
        self._panes = panes
        self.show_pane(Pane.WORKERS)
        self.draw(None)

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002 - the mixin's signature
        """The lines know their width only after the layout."""
        self.call_after_refresh(self.draw, None)

    def draw(self, frame: Frame | None) -> None:
        """Bring every widget up to date; with None, the last frame again."""
        self.frame = frame = frame or self.frame
        if not self.children:
            return
        columns = self._draw_lines(frame)
        if self._panes is not None:
            self._panes.draw(frame, self._hidden_rates(columns))
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

    @property
    def _steady_situation(self) -> Situation:
        """The same for what is always said: a worker takes messages and is done with them several times a second."""
        current = self.table(Pane.WORKERS).current if self.pane is Pane.WORKERS else None
        a_worker = current is not None and current.key != MORE_KEY
        return replace(self.situation, message=True) if a_worker else self.situation

    def offered_commands(self) -> list[Command]:
        """See `OffersCommands`."""
        return palette_commands(self.situation)

    def action_command(self, command_id: str, key: str = "") -> None:
        """Run a command of the table, if it is allowed now."""
        if self._panes is None:  # pressed with the first frame: what it is about comes at once
            self.call_after_refresh(self.action_command, command_id, key)
            return
        if BY_ID[command_id].allowed(self.situation):
            self._runner.run(command_id, key)
            self._offer_keys()
        elif BY_ID[command_id].allowed(self._steady_situation):
            self.notify("This worker has no message at the moment.", severity="warning", markup=False)
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
        self._runner.end_filter(keep=query.text)

    def on_descendant_focus(self) -> None:
        """What the keys do depends on the pane."""
        self._offer_keys()

    def _draw_lines(self, frame: Frame) -> tuple[Column, ...]:
        """The columns that the list of queues has room for."""
        title = _title(self._options)
        self._line("#header").show(lambda width: summary.header(frame, title, width))
        queues = self.table(Pane.QUEUES)
        # Before the first layout no widget knows its width.
        queue_rows, columns = summary.queue_table(frame, self._viewer.trends, queues.size.width or self.app.size.width - 2)
        queues.show(queue_rows, columns)
        if frame.selected is not None and (queues.current is None or queues.current.key != frame.selected):
            queues.move_to(frame.selected)
        self._line("#identity").show(lambda width: summary.identity(frame, width))
        self.set_class(frame.drain is not None, "-draining")
        self.set_class(not frame.consumed, "-unconsumed")
        return columns

    def _hidden_rates(self, columns: tuple[Column, ...]) -> Rates | None:
        """The selected queue's rates where its line has no room for them."""
        selected = self.frame.selected
        hidden = len(columns) < len(summary.QUEUE_TITLES)
        return self._viewer.trends.rates(selected) if hidden and selected else None

    def _offer_keys(self) -> None:
        situation = self._steady_situation
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
