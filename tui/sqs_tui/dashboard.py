"""The Textual application: one timer pulls frames, the main screen draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqs_core.errors import describe
from sqs_core.words import RunState
from sqs_tui.base_app import OPENING_STYLES, BaseApp
from sqs_tui.late_imports import warm_up
from sqs_tui.screens.frames import DrawsFrames
from sqs_tui.screens.main import MainScreen
from sqs_tui.viewer import Frame, Viewer

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.types import CSSPathType

    from sqs_core.facade import EngineFacade
    from sqs_tui.departure import Departure
    from sqs_tui.options import DashboardOptions
    from sqs_tui.screens.offering import OffersCommands
    from sqs_tui.terminal_watch import TerminalWatch


WARM_UP_AFTER_SECONDS = 1.0


class DashboardApp(BaseApp):
    """Shows an engine, which is started after the first frame is out."""

    CSS_PATH: ClassVar[CSSPathType] = OPENING_STYLES

    def __init__(
        self, facade: EngineFacade, options: DashboardOptions, departure: Departure, watch: TerminalWatch | None = None
    ) -> None:
        super().__init__(options, departure, watch)
        self._facade = facade
        self._viewer = Viewer(facade, options.clock)
        self._viewer.catch_up(options.past)
        self._main = MainScreen(facade, self._viewer, options, self.refresh_frame)
        self._welcomed = False

    def get_default_screen(self) -> Screen[None]:
        """The dashboard itself."""
        return self._main

    def home(self) -> OffersCommands:
        """See `BaseApp`."""
        return self._main

    def on_ready(self) -> None:
        """Start once the first frame is out: nothing of the engine may delay it."""
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        try:
            self._facade.start()
        except Exception as error:  # noqa: BLE001 - shown as trouble; the dashboard is what explains it
            self._viewer.start_problem = describe(error)
        self._begin_frames()
        self.set_timer(WARM_UP_AFTER_SECONDS, warm_up)

    def on_mount(self) -> None:
        """Draw what is known before the engine has started."""
        opening = self._options.opening
        if opening is not None:
            first = opening.queues[0] if opening.queues else None
            self._main.draw(Frame(opening=opening.engine, queues=opening.queues, selected=first))
            return
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
            from sqs_tui.screens.browser import BrowserScreen

            self.complete_styles()
            self.push_screen(BrowserScreen(self._facade, self._viewer, self._options, self.refresh_frame, home=True))

    def _show_drain(self) -> None:
        if self._viewer.draining:
            return
        self._viewer.draining = True
        while len(self.screen_stack) > 1:
            self.pop_screen()

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
