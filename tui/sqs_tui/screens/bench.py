"""The workbench: the messages of a queue that nobody consumes here, most often dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from sqs_core.bench import BenchView, LookState
from sqs_core.environment import Environment
from sqs_core.errors import ConfigurationError
from sqs_core.personal_data import body_mask
from sqs_core.saved_filters import remember_filter
from sqs_tui import bench_rows
from sqs_tui.commands import Place, Situation, palette_commands, place_bindings
from sqs_tui.rows import Tone
from sqs_tui.safe_text import content
from sqs_tui.screens.bench_work import BenchWork
from sqs_tui.screens.copying import copy_text
from sqs_tui.screens.help import Help
from sqs_tui.screens.steady import Steady
from sqs_tui.summary import MUTED_STYLE, spread, styled
from sqs_tui.widgets.filter_bar import FilterInput
from sqs_tui.widgets.line import Line, PlaceKeys
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize

    from sqs_core.facade import EngineFacade
    from sqs_core.peek import Peeked
    from sqs_tui.commands import Command
    from sqs_tui.viewer import Frame


class BenchScreen(Steady, Screen[None]):
    """Drawn with each frame; rows are made anew only when the messages, the filter or the marks change."""

    BINDINGS: ClassVar[list[BindingType]] = [*place_bindings(Place.BENCH)]
    AUTO_FOCUS = "#bench"

    def __init__(self, facade: EngineFacade, queue: str, *, dead_letters: bool, own: bool = False, view_only: bool) -> None:
        super().__init__()
        self.view_only = view_only
        self.marked: set[str] = set()
        self.selected, self._dead_letters, self._own = queue, dead_letters, own
        self.bench = facade.workbench()
        self._work = BenchWork(self, facade)
        self._mask = body_mask(deployed=facade.snapshot().engine.environment != Environment.LOCAL)
        self._filter = ""
        self._grouped = False
        self._shape: str | None = None
        self._chosen = bench_rows.Chosen(())
        self._drawn: object = None
        self._frame: Frame | None = None

    def compose(self) -> ComposeResult:
        """What is looked at, the messages, the keys."""
        yield Line(id="bench-header")
        yield Line(id="bench-notice")
        yield LiveTable(bench_rows.MESSAGE_COLUMNS, id="bench")
        yield FilterInput(
            id="bench-filter",
            placeholder="text  /pattern/  receives>3  age>5m  group:id  = json.type == 'refund'  ↑ earlier ones",
        )
        yield PlaceKeys(Place.BENCH, id="bench-keys")

    def on_mount(self) -> None:
        """Look at once: it costs nothing, or asks first."""
        self.query_one("#bench-filter", Input).display = False
        if self._own:
            self.bench.look_at_own(self.selected)
        else:
            self.look(receive=False)
        self.draw_frame(None)

    def look(self, *, receive: bool) -> None:
        """See what is there now."""
        self.bench.look(self.selected, receive=receive, dead_letters=self._dead_letters)

    @property
    def queue(self) -> str:
        """The queue that is looked at; the selected one until its dead-letter queue is known."""
        return self.bench.view().queue or self.selected

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002 - the mixin's signature
        """The lines know their width only after the layout."""
        self.call_after_refresh(lambda: self.draw_frame(None))

    @property
    def table(self) -> LiveTable:
        """The messages, or the groups."""
        return self.query_one("#bench", LiveTable)

    @property
    def chosen(self) -> tuple[Peeked, ...]:
        """The messages that the filter and the group let through."""
        return self._chosen.rows

    def current(self) -> Peeked | None:
        """The message under the cursor."""
        row = self.table.current
        return next((each for each in self.bench.view().rows if row and each.message.message_id == row.message_id), None)

    def targets(self) -> frozenset[str]:
        """What a command is about: the marked, else the one under the cursor."""
        here = self.current()
        known = {row.message.message_id for row in self.bench.view().rows}
        return frozenset(self.marked & known) or frozenset([here.message.message_id] if here else [])

    def only_target(self) -> Peeked | None:
        """The one that is marked, else the one under the cursor. Raises `ConfigurationError` where several are marked."""
        ids = self.targets()
        if len(ids) > 1:
            raise ConfigurationError(f"{len(ids):,} messages are marked, and one is edited at a time: leave one marked, or none")
        return next((row for row in self.bench.view().rows if row.message.message_id in ids), None)

    def draw_frame(self, frame: Frame | None) -> None:
        """Show the bench as it is now."""
        self._frame = frame or self._frame
        if not self.is_mounted:
            return
        view = self.bench.view()
        state = (view.rows, self._filter, self._shape, self._grouped, frozenset(self.marked))
        if self._drawn is None or state != self._drawn:
            self._drawn = state
            if view.state is LookState.SHOWN:
                self.marked &= {row.message.message_id for row in view.rows}
            self._chosen = bench_rows.choose(view, self._filter, self._shape)
            self._draw_rows(view)
        filtered = bool(self._filter or self._shape)
        self.table.say_when_empty(bench_rows.empty_text(view, filtered))
        self.query_one("#bench-header", Line).show(lambda width: self._header(view, filtered, width))
        self.query_one("#bench-notice", Line).show(lambda _: content(self._notice(view), 400, "$text-warning"))
        self.query_one(PlaceKeys).offer(view_only=self.view_only)

    def _draw_rows(self, view: BenchView) -> None:
        if self._grouped:
            self.table.show(bench_rows.group_rows(view, self._mask), bench_rows.GROUP_COLUMNS)
        else:
            self.table.show(bench_rows.message_rows(self._chosen.rows, self.marked, self._mask), bench_rows.MESSAGE_COLUMNS)

    def _header(self, view: BenchView, filtered: bool, width: int) -> Content:
        marked = f" · {len(self.marked):,} marked" if self.marked else ""
        of = f" · dead letters of {self.selected}" if self._dead_letters and self.queue != self.selected else ""
        said = bench_rows.summary_text(view, len(self._chosen.rows), filtered)
        extent = styled(self.table.extent, Tone.MUTED)
        return Content("\n").join(
            [spread(content(f"{self.queue}{of}{marked}", style="bold"), extent, width), content(said, style=MUTED_STYLE)]
        )

    def _notice(self, view: BenchView) -> str:
        if view.state is LookState.ASKING:
            return f"A look here receives: {view.text}. l looks, esc goes back."
        lines = [view.text, self._chosen.problem, f"group: {self._shape}" if self._shape else ""]
        lock = self.bench.lock()
        if lock.locked and not self.view_only:
            lines.append(lock.why)
        return " · ".join(line for line in lines if line)

    def offered_commands(self) -> list[Command]:
        """See `OffersCommands`."""
        return palette_commands(Situation(view_only=self.view_only), Place.BENCH)

    def action_command(self, command_id: str, key: str = "") -> None:  # noqa: ARG002 - the signature of all screens
        """Run a command of the table."""
        here: dict[str, Callable[[], None]] = {
            "bench_mark": self._mark,
            "bench_mark_all": self._mark_all,
            "bench_filter": self._open_filter,
            "bench_groups": self._toggle_groups,
            "bench_back": self._back,
            "bench_help": self._show_help,
            "bench_copy_id": self._copy_id,
        }
        here.get(command_id, lambda: self._work.run(command_id))()
        self.draw_frame(None)

    @on(LiveTable.Opened)
    def open_row(self, event: LiveTable.Opened) -> None:
        """A group shows its messages; a message opens."""
        row = event.table.current
        if row is not None and self._grouped:
            self._shape, self._grouped = row.key, False
            self.draw_frame(None)
        else:
            self._work.run("bench_open")

    @on(LiveTable.Moved)
    def say_where_it_is(self) -> None:
        """The header says which rows are on the screen."""
        self.draw_frame(None)

    @on(Input.Changed, "#bench-filter")
    def filter_rows(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self._filter = event.value
        self.draw_frame(None)

    @on(Input.Submitted, "#bench-filter")
    def keep_filter(self) -> None:
        """Back to the rows, filtered; what let rows through without a complaint is remembered."""
        if not self._chosen.problem:
            remember_filter(self._filter)
        self.query_one("#bench-filter", Input).display = False
        self.table.focus()

    def _open_filter(self) -> None:
        box = self.query_one("#bench-filter", FilterInput)
        box.begin()
        box.display = True
        box.focus()

    def _show_help(self) -> None:
        self.app.push_screen(Help(Situation(queue=True, view_only=self.view_only), Place.BENCH))

    def _copy_id(self) -> None:
        row = self.table.current
        if row is not None and row.message_id is not None:
            copy_text(self, row.message_id)

    def _mark(self) -> None:
        here = self.current()
        if here is not None and not self._grouped:
            self.marked ^= {here.message.message_id}
            self.draw_frame(None)
            self.table.action_move(1)

    def _mark_all(self) -> None:
        """All that are shown; again, none."""
        shown = {row.message.message_id for row in self._chosen.rows}
        self.marked = self.marked - shown if shown <= self.marked else self.marked | shown

    def _toggle_groups(self) -> None:
        self._grouped, self._shape = not self._grouped, None

    def _back(self) -> None:
        box = self.query_one("#bench-filter", Input)
        if self._filter or box.display:
            box.value = self._filter = ""
            box.display = False
            self.table.focus()
        elif self._shape or self._grouped:
            self._shape, self._grouped = None, self._shape is not None
        elif self.marked:
            self.marked = set()
        else:
            self.dismiss()
