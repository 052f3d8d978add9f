"""Several consumers on one screen: totals, a line for each, and commands to any of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from sqs_tui import fleet_rows, fleet_text
from sqs_tui.commands import BY_ID, Place, Situation, palette_commands, place_bindings
from sqs_tui.screens.copying import copy_text
from sqs_tui.screens.fleet_work import FleetWork
from sqs_tui.screens.steady import Steady
from sqs_tui.widgets.line import Line, PlaceKeys
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize

    from sqs_core.remote.errands import Result
    from sqs_core.remote.fleet import Fleet
    from sqs_core.remote.fleet_view import MemberView
    from sqs_tui.commands import Command
    from sqs_tui.options import DashboardOptions

_SHORT_BELOW = 30
_DETAIL_LINES, _NOTICE_LINES = (3, 5), (3, 6)


class FleetScreen(Steady, Screen[None]):
    """Drawn by the application's timer. Commands are about the marked members, else about the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [*place_bindings(Place.FLEET)]
    AUTO_FOCUS = "#fleet"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (_SHORT_BELOW, "-tall")]  # noqa: RUF012 - Textual's

    def __init__(self, fleet: Fleet, options: DashboardOptions, redraw: Callable[[], None]) -> None:
        super().__init__()
        self.view = fleet.view()
        self.marked: frozenset[str] = frozenset()
        self.look = fleet_rows.Look()
        self.shown: list[MemberView] = []
        self._fleet, self._options = fleet, options
        in_pods = [source.text for source in fleet.sources if source.changes]
        self._what = ", ".join(in_pods) or f"{len(fleet.sources)} consumers"
        self.work = FleetWork(self, fleet, options, redraw)

    def compose(self) -> ComposeResult:
        """What is watched, the totals, what stands out, the members, the one under the cursor, the keys."""
        yield Line(id="fleet-header")
        yield Line(id="fleet-totals")
        yield Line(id="fleet-notice")
        yield LiveTable((), id="fleet")
        yield Line(id="fleet-detail")
        yield Input(id="fleet-filter", placeholder=fleet_rows.FILTER_HINT, compact=True)
        yield PlaceKeys(Place.FLEET, id="fleet-keys")

    def on_mount(self) -> None:
        """Nothing is filtered at first."""
        self.query_one("#fleet-filter", Input).display = False

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002 - the mixin's signature
        """The lines know their width only after the layout."""
        self.call_after_refresh(self.draw)

    @property
    def table(self) -> LiveTable:
        """The members."""
        return self.query_one("#fleet", LiveTable)

    @property
    def current(self) -> MemberView | None:
        """The member under the cursor."""
        row = self.table.current
        return next((member for member in self.shown if row and member.key == row.key), None)

    @property
    def targets(self) -> list[MemberView]:
        """What a command is about."""
        marked = [member for member in self.view.members if member.key in self.marked]
        here = self.current
        return marked or ([here] if here else [])

    @property
    def view_only(self) -> bool:
        """Whether commands are not wanted here, or none of those that are known takes any."""
        known = [member.control for member in self.view.members if member.control is not None]
        return self._options.view_only or (bool(known) and not any(known))

    def draw(self) -> None:
        """Show the fleet as it is now."""
        if not self.is_mounted:
            return
        view = self.view = self._fleet.view()
        self.marked &= frozenset(member.key for member in view.members)
        errand = self.work.noted
        results = errand.results() if errand else {}
        table = self.table
        columns = fleet_rows.columns_for(view.members, table.size.width)
        self.shown = fleet_rows.ordered(fleet_rows.matching(view.members, self.look.filter_text), self.look)
        table.say_when_empty("Nothing here matches the filter." if view.members else "No member is there.")
        table.show(fleet_rows.fleet_rows(self.shown, self.marked, results, columns), columns)
        table.write_title(fleet_text.title(view, len(self.shown), len(self.marked), self.look))
        most = _NOTICE_LINES[self.app.size.height >= _SHORT_BELOW]
        self._line("header").show(lambda width: fleet_text.header(view, self._what, self._fleet.where, width))
        self._line("totals").show(lambda width: fleet_text.totals_lines(view, width))
        now_at = self._options.clock()
        self._line("notice").show(lambda width: fleet_text.notice_lines(view, errand, now_at, most, width))
        self.query_one(PlaceKeys).offer(view_only=self.view_only)
        self._draw_detail(results)

    def _draw_detail(self, results: dict[str, Result]) -> None:
        member = self.current
        facts = fleet_text.detail_lines(member, results.get(member.key)) if member else []
        most = _DETAIL_LINES[self.app.size.height >= _SHORT_BELOW]

        def detail(width: int) -> Content:
            lines = [line for fact in facts for line in fact.wrap(max(10, width))]
            return Content("\n").join(lines[:most])

        self._line("detail").show(detail)

    def _line(self, name: str) -> Line:
        return self.query_one(f"#fleet-{name}", Line)

    def offered_commands(self) -> list[Command]:
        """See `OffersCommands`."""
        return palette_commands(Situation(view_only=self.view_only), Place.FLEET)

    def action_command(self, command_id: str, key: str = "") -> None:  # noqa: ARG002 - the bindings' signature
        """Run a command of the table, if it is allowed."""
        if not BY_ID[command_id].allowed(Situation(view_only=self.view_only)):
            return
        here: dict[str, Callable[[], None]] = {
            "fleet_mark": self._mark,
            "fleet_mark_all": self._mark_all,
            "fleet_filter": self._open_filter,
            "fleet_sort": self._sort,
            "fleet_reverse": lambda: self._look(replace(self.look, reverse=not self.look.reverse)),
            "fleet_back": self._back,
            "fleet_copy": self._copy,
        }
        here.get(command_id, lambda: self.work.run(command_id))()
        self.draw()

    def _copy(self) -> None:
        if self.current is not None:
            copy_text(self, self.current.name)

    @on(LiveTable.Opened)
    def open_row(self) -> None:
        """The member under the cursor."""
        self.action_command("fleet_open")

    @on(LiveTable.Moved)
    def show_detail(self) -> None:
        """What is under the cursor is told below."""
        self.draw()

    @on(Input.Changed, "#fleet-filter")
    def filter_rows(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self._look(replace(self.look, filter_text=event.value))

    @on(Input.Submitted, "#fleet-filter")
    def keep_filter(self) -> None:
        """Back to the rows, filtered."""
        self.query_one("#fleet-filter", Input).display = False
        self.table.focus()

    def _look(self, look: fleet_rows.Look) -> None:
        self.look = look
        self.draw()

    def _sort(self) -> None:
        table = self.table
        self._look(self.look.sorted_by_next(fleet_rows.columns_for(self.view.members, table.size.width), table.size.width))

    def _open_filter(self) -> None:
        box = self.query_one("#fleet-filter", Input)
        box.display = True
        box.focus()

    def _mark(self) -> None:
        here = self.current
        if here is not None:
            self.marked ^= {here.key}
            self.draw()
            self.table.action_move(1)

    def _mark_all(self) -> None:
        shown = frozenset(member.key for member in self.shown)
        self.marked = self.marked - shown if shown <= self.marked else self.marked | shown

    def _back(self) -> None:
        box = self.query_one("#fleet-filter", Input)
        if self.look.filter_text or box.display:
            box.value = ""
            box.display = False
            self.table.focus()
        elif self.marked:
            self.marked = frozenset()
        else:
            self.work.forget()
