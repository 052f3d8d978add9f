"""What every application of ours on a terminal does: themes, the backstop, complaints, the way out, crash reports."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import App, SystemCommand

from sqs_core.words import Level
from sqs_tui.asking_driver import AskingDriver
from sqs_tui.commands import app_bindings
from sqs_tui.frame_pace import FramePace
from sqs_tui.safe_text import DropObeyed, one_line
from sqs_tui.screens.offering import OffersCommands
from sqs_tui.secrecy import masked_traceback
from sqs_tui.theme_choice import THEME_NAMES, suitable_theme
from sqs_tui.themes import THEMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from textual.await_complete import AwaitComplete
    from textual.binding import BindingType
    from textual.filter import LineFilter
    from textual.notifications import Notify
    from textual.screen import Screen
    from textual.theme import Theme
    from textual.types import CSSPathType

    from sqs_core.model import Event
    from sqs_tui.departure import Departure
    from sqs_tui.options import DashboardOptions
    from sqs_tui.terminal_watch import TerminalWatch

OPENING_STYLES = Path(__file__).with_name("opening.tcss")
_STYLES = Path(__file__).with_name("dashboard.tcss")
_NEARLY_GONE_SECONDS = 2.0
UNWANTED_SYSTEM_COMMANDS = frozenset({"Quit", "Screenshot", "Keys", "Maximize", "Minimize"})


class BaseApp(App[int]):
    """The result of `run` is the exit code."""

    CSS_PATH: ClassVar[CSSPathType] = [OPENING_STYLES, _STYLES]
    TITLE = "sqs-tui"
    BINDINGS: ClassVar[list[BindingType]] = [*app_bindings()]
    _theme_in_use: Theme | None = None

    def __init__(self, options: DashboardOptions, departure: Departure, watch: TerminalWatch | None = None) -> None:
        super().__init__(driver_class=AskingDriver if watch else None)
        self._watch = watch
        self._options = options
        self._departure = departure
        self._backstop = DropObeyed()
        self._complaint = ""
        for theme in THEMES:
            self.register_theme(theme)
        known = options.theme in self.available_themes
        self.theme = options.theme if known and options.theme else suitable_theme(os.environ, self.console.color_system)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and the backstop against control characters in foreign text."""
        return [*super().get_line_filters(), self._backstop]

    @property
    def current_theme(self) -> Theme:
        """The theme in use, which Textual asks for with each line that it draws, and would look for among all of them."""
        if self._theme_in_use is None or self._theme_in_use.name != self.theme:
            self._theme_in_use = super().current_theme
        return self._theme_in_use

    def complete_styles(self) -> None:
        """Read what the first frame did without, where that has not been read."""
        if not self.stylesheet.has_source(str(_STYLES)):
            self.stylesheet.read(_STYLES)
            self.stylesheet.parse()
            for screen in self.screen_stack:
                self.stylesheet.update(screen)

    def pop_screen(self) -> AwaitComplete:
        """Leave the topmost screen, and keep nothing of it.

        Textual remembers two colours of each widget under a key that holds all lines it ever drew, for the last 1,024 widgets:
        measured on 8.2.8, twelve MiB, and collections of garbage that hold the screen up for 0.1 s.
        """
        popped = super().pop_screen()
        with suppress(ImportError, AttributeError):  # private to Textual: where it is gone, only that is lost
            from textual._styles_cache import StylesCache

            StylesCache.get_inner_outer.cache_clear()
        return popped

    def home(self) -> OffersCommands:
        """The screen whose commands the palette offers over one that has none of its own."""
        raise NotImplementedError

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: our commands that are allowed now, and Textual's choice of themes."""
        for command in self._commanded(screen).offered_commands():
            action = "leave" if command.id == "quit" else f"app.screen_command('{command.id}')"
            yield SystemCommand(command.title, command.help, lambda action=action: self.call_later(self.run_action, action))
        for system_command in super().get_system_commands(screen):
            if system_command.title not in UNWANTED_SYSTEM_COMMANDS:
                yield system_command

    def action_screen_command(self, command_id: str) -> None:
        """Run a command of the screen that the palette was opened over."""
        self._commanded(self.screen).action_command(command_id)

    def _commanded(self, screen: Screen[object]) -> OffersCommands:
        return screen if isinstance(screen, OffersCommands) else self.home()

    def refresh_frame(self) -> None:
        """Draw what there is now. Never raises."""
        raise NotImplementedError

    def action_leave(self) -> None:
        """Somebody wants out; how often it was said decides how."""
        self._departure.press()
        self.refresh_frame()

    def _begin_frames(self) -> None:
        self._departure.on_change = self._wake
        if self._options.theme not in (None, self.theme):
            self._complain(f"no theme {self._options.theme}: {', '.join(THEME_NAMES)}; ctrl+p, Theme lists more")
        for warning in self._options.warnings:
            self.notify(one_line(warning), severity="warning", markup=False)
        self._pace = FramePace(yields=self._options.yields)
        self.set_interval(1 / self._options.fps, self._tick)
        self._watch_terminal()
        self.refresh_frame()

    def _tick(self) -> None:
        if self._pace.due():
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

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.refresh_frame)

    def on_notify(self, event: Notify) -> None:
        """What is still on the screen is not said again: a key pressed five times is no five toasts."""
        said = event.notification
        with suppress(AttributeError):  # private to Textual: where it is gone, toasts pile up
            lasting = [there for there in self._notifications if there.time_left > _NEARLY_GONE_SECONDS]
            if any((there.message, there.severity) == (said.message, said.severity) for there in lasting):
                event.prevent_default()

    def _announce(self, events: Iterable[Event]) -> None:
        for event in events:
            self.notify(one_line(event.text), severity="information" if event.level is Level.INFO else "error", markup=False)

    def _complain(self, text: str) -> None:
        """Say it once, however many frames it goes on."""
        if text != self._complaint:
            self._complaint = text
            self.notify(one_line(text), severity="error", markup=False)

    def _fatal_error(self) -> None:
        """A crash report without local variables, which hold bodies and secrets."""
        self.bell()
        error = sys.exception()
        report = masked_traceback(error) if error else ""
        self._exit_renderables.append(Text(f"The dashboard stopped on an error of its own.\n{report}"))
        self._close_messages_no_wait()
