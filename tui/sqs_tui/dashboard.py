"""The Textual application: one timer pulls frames, the main screen draws them."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import App, SystemCommand

from sqs_core.errors import describe
from sqs_core.model import Level, RunState
from sqs_tui.asking_driver import AskingDriver
from sqs_tui.commands import app_bindings, palette_commands
from sqs_tui.safe_text import DropObeyed, one_line
from sqs_tui.screens.browser import BrowserScreen
from sqs_tui.screens.frames import DrawsFrames
from sqs_tui.screens.main import MainScreen
from sqs_tui.secrecy import masked_traceback
from sqs_tui.viewer import Viewer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from textual.binding import BindingType
    from textual.filter import LineFilter
    from textual.screen import Screen

    from sqs_core.facade import EngineFacade
    from sqs_core.model import Event
    from sqs_tui.departure import Departure
    from sqs_tui.options import DashboardOptions
    from sqs_tui.terminal_watch import TerminalWatch
    from sqs_tui.viewer import Frame

PLAIN_THEME = "ansi-dark"
_UNWANTED_SYSTEM_COMMANDS = frozenset({"Quit", "Screenshot", "Keys", "Maximize", "Minimize"})


class DashboardApp(App[int]):
    """Shows an engine. The result of `run` is the exit code; the engine is started after the first frame is out."""

    CSS_PATH = "dashboard.tcss"
    TITLE = "sqs-tui"
    BINDINGS: ClassVar[list[BindingType]] = [*app_bindings()]

    def __init__(
        self, facade: EngineFacade, options: DashboardOptions, departure: Departure, watch: TerminalWatch | None = None
    ) -> None:
        super().__init__(driver_class=AskingDriver if watch else None)
        self._facade = facade
        self._options = options
        self._departure = departure
        self._watch = watch
        self._viewer = Viewer(facade, options.clock)
        self._main = MainScreen(facade, self._viewer, options, self.refresh_frame)
        self._backstop = DropObeyed()
        self._complaint = ""
        self._welcomed = False
        if options.theme is not None and options.theme in self.available_themes:
            self.theme = options.theme
        elif self.console.color_system == "standard":
            self.theme = PLAIN_THEME

    def get_default_screen(self) -> Screen[None]:
        """The dashboard itself."""
        return self._main

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and the backstop against control characters in foreign text."""
        return [*super().get_line_filters(), self._backstop]

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: our commands that are allowed now, and Textual's choice of themes."""
        commanded = screen if isinstance(screen, BrowserScreen) else self._main
        for command in palette_commands(commanded.situation):
            action = "leave" if command.id == "quit" else f"app.screen_command('{command.id}')"
            yield SystemCommand(command.title, command.help, lambda action=action: self.call_later(self.run_action, action))
        for system_command in super().get_system_commands(screen):
            if system_command.title not in _UNWANTED_SYSTEM_COMMANDS:
                yield system_command

    def on_ready(self) -> None:
        """Start once the first frame is out: nothing of the engine may delay it."""
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self._departure.on_change = self._wake
        try:
            self._facade.start()
        except Exception as error:  # noqa: BLE001 - shown as trouble; the dashboard is what explains it
            self._viewer.start_problem = describe(error)
        if self._options.theme not in (None, self.theme):
            self._complain(f"no theme {self._options.theme}: ctrl+p, Theme lists them")
        self.set_interval(1 / self._options.fps, self.refresh_frame)
        self._watch_terminal()
        self.refresh_frame()

    def _watch_terminal(self) -> None:
        watch, driver = self._watch, self._driver
        if watch is None or not isinstance(driver, AskingDriver):
            return

        def ask() -> None:
            if watch.worth_asking():
                driver.ask()

        driver.on_answer, driver.on_stir = watch.answered, watch.stirred
        watch.start()
        ask()
        self.set_interval(watch.limits.probe_seconds, ask)

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Another program has the terminal: this loop stands still meanwhile, and its silence means nothing."""
        with self._departure.elsewhere(), super().suspend():
            yield

    def on_mount(self) -> None:
        """Draw what is known before the engine has started."""
        frame = self._viewer.pull()
        self._main.draw(frame)
        self._welcome(frame)

    def refresh_frame(self) -> None:
        """Pull a frame and draw it. Never raises: an error in drawing is shown, and the engine goes on."""
        self._departure.beat()
        if self._departure.presses or self._departure.hung_up:
            if self._options.attached:
                self.exit(0)
                return
            self._show_drain()
        frame = self._viewer.pull()
        try:
            with self.batch_update():
                self._main.draw(frame)
                self._welcome(frame)
                for screen in self.screen_stack:
                    if isinstance(screen, DrawsFrames):
                        screen.draw_frame(frame)
            self._announce(frame.announcements)
        except Exception as error:  # noqa: BLE001 - a timer callback that raises would end the dashboard
            self._complain(f"this could not be drawn: {describe(error)}")
        self._leave_when_ended()

    def _welcome(self, frame: Frame) -> None:
        """Begin with the queues where nothing is consumed."""
        if frame.snapshot is None or self._welcomed:
            return
        self._welcomed = True
        if not frame.snapshot.consumers and not self._options.attached:
            self.push_screen(BrowserScreen(self._facade, self._viewer, self._options, self.refresh_frame, home=True))

    def action_leave(self) -> None:
        """The first time drain, the second time leave now."""
        self._departure.press()
        self.refresh_frame()

    def action_screen_command(self, command_id: str) -> None:
        """Run a command of the screen that the palette was opened over."""
        commanded = self.screen if isinstance(self.screen, BrowserScreen) else self._main
        commanded.action_command(command_id)

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.refresh_frame)

    def _show_drain(self) -> None:
        if self._viewer.draining:
            return
        self._viewer.draining = True
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def _announce(self, events: Iterable[Event]) -> None:
        for event in events:
            self.notify(one_line(event.text), severity="information" if event.level is Level.INFO else "error", markup=False)

    def _complain(self, text: str) -> None:
        """Say it once, however many frames it goes on."""
        if text != self._complaint:
            self._complaint = text
            self.notify(one_line(text), severity="error", markup=False)

    def _leave_when_ended(self) -> None:
        if self._departure.presses >= 2:
            self.exit(1)
            return
        if self._options.attached:
            return
        code = self._viewer.exit_code()
        failed = self._main.frame.snapshot is not None and self._main.frame.snapshot.engine.state is RunState.FAILED
        # A failure while one only looks at queues stays on the screen until it has been read.
        if code is not None and (self._viewer.draining or not failed or self._options.leave_when_failed):
            self.exit(code)

    def _fatal_error(self) -> None:
        """A crash report without local variables, which hold bodies and secrets."""
        self.bell()
        error = sys.exception()
        report = masked_traceback(error) if error else ""
        self._exit_renderables.append(Text(f"The dashboard stopped on an error of its own.\n{report}"))
        self._close_messages_no_wait()
