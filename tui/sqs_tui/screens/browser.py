"""All queues of the endpoint: the first screen where nothing is consumed, and over the dashboard where something is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from sqs_core.queue_listing import QueueListing
from sqs_tui import format as shown
from sqs_tui import summary
from sqs_tui.commands import BY_ID, Situation, palette_commands, screen_bindings
from sqs_tui.notices import trouble_notice
from sqs_tui.queue_rows import FILTER_HINT, QueueRows, View, title, when_empty
from sqs_tui.rows import Tone
from sqs_tui.safe_text import content
from sqs_tui.screens.browser_commands import BrowserCommands
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
    from sqs_core.queue_listing import ListedQueue
    from sqs_tui.commands import Command
    from sqs_tui.options import DashboardOptions
    from sqs_tui.viewer import Viewer


class BrowserScreen(Steady, Screen[None]):
    """Lists while it is looked at. `home` is the first screen: it is left for the dashboard once something is consumed."""

    BINDINGS: ClassVar[list[BindingType]] = [*screen_bindings()]
    AUTO_FOCUS = "#browser"

    def __init__(
        self,
        facade: EngineFacade,
        viewer: Viewer,
        options: DashboardOptions,
        redraw: Callable[[], None],
        *,
        home: bool = False,
    ) -> None:
        super().__init__()
        self.frame = Frame()
        self._facade = facade
        self._viewer = viewer
        self._options = options
        self._redraw = redraw
        self._home = home
        self._commands = BrowserCommands(self, facade, viewer, options, redraw)
        self._listing = QueueListing(0.0)
        self._view = replace(viewer.queue_view or View(), filter_text="")
        self._rows = QueueRows()
        self._offered: Situation | None = None

    def compose(self) -> ComposeResult:
        """The lines of the dashboard, the table, and what is known about it."""
        yield Line(id="header")
        yield OpenLine(id="identity")
        yield Line(id="notice")
        yield LiveTable((), id="browser", follows_top=True)
        yield Line(id="status")
        yield Input(id="filter", placeholder=FILTER_HINT, compact=True)
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        """Nothing is filtered at first."""
        self.query_one("#filter", Input).display = False

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002 - the mixin's signature
        """The lines know their width only after the layout."""
        self.call_after_refresh(self._redraw)

    def draw_frame(self, frame: Frame) -> None:
        """Ask for the newest listing and show it."""
        if not self.is_mounted:
            return
        table = self.query_one("#browser", LiveTable)
        seen = [row.key for row in table.in_sight]
        listing = self._listing = self._facade.list_queues(self._view.prefix, seen)
        self.frame = frame = replace(frame, listing=listing)
        rows = self._rows.rows(listing, self._view, frozenset(frame.queues))
        table.show(rows, self._rows.columns)
        table.say_when_empty(when_empty(listing, self._view))
        table.write_title(title(listing, self._view, len(rows)))
        self._draw_lines(frame, listing)
        self._offer_keys()

    @property
    def queue(self) -> str | None:
        """The queue under the cursor."""
        row = self.query_one("#browser", LiveTable).current
        return row.key if row else None

    @property
    def url(self) -> str | None:
        """Its URL, as the endpoint tells it."""
        return next((each.url for each in self._listing.queues if each.name == self.queue), None)

    def consumes(self, queue: str) -> bool:
        """Whether it is consumed here."""
        return queue in self.frame.queues

    @property
    def situation(self) -> Situation:
        """What decides which commands are allowed."""
        queue = self.queue
        return Situation(
            browsing=True,
            queue=queue is not None,
            consuming=queue is not None and self.consumes(queue),
            identity=isinstance(self.focused, OpenLine),
            filtered=bool(self._view.filter_text) or self.query_one("#filter", Input).display,
            covering=not self._home,
            leaving=self._viewer.draining,
            view_only=self._options.view_only,
        )

    def offered_commands(self) -> list[Command]:
        """See `OffersCommands`."""
        return palette_commands(self.situation)

    def action_command(self, command_id: str, key: str = "") -> None:  # noqa: ARG002 - the bindings' signature
        """Run a command of the table, if it is allowed now."""
        if BY_ID[command_id].allowed(self.situation):
            self._commands.run(command_id)
            self._offer_keys()

    def sort_by_next(self) -> None:
        """By the next column that is shown, from its top."""
        table = self.query_one("#browser", LiveTable)
        self._look(self._view.sorted_by_next(self._rows.columns, table.size.width))

    def sort_reversed(self) -> None:
        """The other way round, from its top."""
        self._look(replace(self._view, reverse=not self._view.reverse))

    def clear_filter(self) -> bool:
        """Show all queues again; whether anything was filtered."""
        box = self.query_one("#filter", Input)
        filtered = bool(self._view.filter_text) or box.display
        box.value = ""
        box.display = False
        self.query_one("#browser", LiveTable).focus()
        self._look(replace(self._view, filter_text=""))
        return filtered

    def close(self) -> None:
        """Back to the dashboard."""
        if self in self.app.screen_stack:
            while self.app.screen is not self:
                self.app.pop_screen()
            self.dismiss()

    @on(LiveTable.Opened)
    def open_row(self) -> None:
        """Look at what is under the cursor."""
        self.action_command("open")

    @on(LiveTable.Moved)
    def say_what_it_is(self) -> None:
        """The status line is about the queue under the cursor."""
        self._redraw()

    @on(Input.Changed, "#filter")
    def filter_rows(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        if event.value != self._view.filter_text:
            self._look(replace(self._view, filter_text=event.value))

    @on(Input.Submitted, "#filter")
    def keep_filter(self) -> None:
        """Back to the rows, filtered."""
        self.query_one("#filter", Input).display = False
        self.query_one("#browser", LiveTable).focus()

    def on_descendant_focus(self) -> None:
        """What the keys do depends on what has the focus."""
        self._offer_keys()

    def _look(self, view: View) -> None:
        self._view = self._viewer.queue_view = view
        self._redraw()
        self.query_one("#browser", LiveTable).action_top()

    def _draw_lines(self, frame: Frame, listing: QueueListing) -> None:
        scene = self._options.scene
        self.query_one("#header", Line).show(lambda width: summary.header(frame, scene, width))
        self.query_one("#identity", Line).show(lambda width: summary.identity(frame, width))
        notice = self.query_one("#notice", Line)
        notice.set_class(frame.trouble is not None, "-trouble")
        notice.show(lambda width: trouble_notice(frame, width))
        notice.border_title = content("Trouble")
        self.query_one("#status", Line).show(lambda width: self._status(listing, width))

    def _status(self, listing: QueueListing, width: int) -> Content:
        """What is to be known about the queue under the cursor, or the listing; how fresh that is on the right."""
        at = f"read {shown.clock_time(listing.at)} UTC" if listing.at else "not read yet"
        right = summary.styled(f"every {listing.refresh_seconds:g} s, {at}", Tone.MUTED)
        queue = next((one for one in listing.queues if one.name == self.queue), None)
        return summary.spread(self._about(queue, listing), right, width)

    def _about(self, queue: ListedQueue | None, listing: QueueListing) -> Content:
        if queue is not None and queue.error is not None:
            return summary.styled(f"✗ {queue.reading}: {queue.error}", Tone.WARNING)
        if listing.note is not None:
            return summary.styled(f"▲ {listing.note}", Tone.WARNING)
        if self._options.view_only:
            return summary.styled("This view receives nothing and changes nothing.", Tone.MUTED)
        if queue is None:
            return Content("")
        if self.consumes(queue.name):
            return summary.styled("Consumed here: enter shows its panes.", Tone.MUTED)
        return summary.styled("Not consumed here: enter looks, c consumes.", Tone.MUTED)

    def _offer_keys(self) -> None:
        situation = self.situation
        if situation != self._offered:
            self._offered = situation
            self.query_one(KeyBar).offer(situation)
