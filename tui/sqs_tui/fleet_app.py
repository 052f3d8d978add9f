"""The application over a fleet: one timer draws the fleet, or the member that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.errors import describe
from sqs_tui.base_app import BaseApp
from sqs_tui.screens.fleet import FleetScreen
from sqs_tui.screens.frames import DrawsFrames
from sqs_tui.screens.member import MemberScreen
from sqs_tui.viewer import Frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.screen import Screen

    from sqs_core.remote.fleet import Fleet
    from sqs_core.remote.sources import Candidate
    from sqs_tui.departure import Departure
    from sqs_tui.options import DashboardOptions
    from sqs_tui.screens.offering import OffersCommands
    from sqs_tui.terminal_watch import TerminalWatch


class FleetApp(BaseApp):
    """Shows a fleet, which is started after the first frame is out. Leaving changes nothing there, so one press is enough."""

    def __init__(
        self,
        fleet: Fleet,
        found: Sequence[Candidate],
        options: DashboardOptions,
        departure: Departure,
        watch: TerminalWatch | None = None,
    ) -> None:
        super().__init__(options, departure, watch)
        self._fleet, self._found = fleet, found
        self._home = FleetScreen(fleet, options, self.refresh_frame)

    def get_default_screen(self) -> Screen[None]:
        """The fleet itself."""
        return self._home

    def home(self) -> OffersCommands:
        """See `BaseApp`."""
        return self._member or self._home

    @property
    def _member(self) -> MemberScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, MemberScreen)), None)

    def on_ready(self) -> None:
        """Start once the first frame is out: nothing of a cluster may delay it."""
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self._fleet.start(self._found)
        self._begin_frames()

    def refresh_frame(self) -> None:
        """Draw what is on top. Never raises: an error in drawing is shown, and the fleet goes on."""
        self._departure.beat()
        if (code := self._exit_code()) is not None:
            self.exit(code)
            return
        try:
            with self.batch_update():
                self._draw()
        except Exception as error:  # noqa: BLE001 - a timer callback that raises would end the screen
            self._complain(f"this could not be drawn: {describe(error)}")

    def _exit_code(self) -> int | None:
        """Whether to leave now, and how."""
        return 0 if self._departure.presses or self._departure.hung_up else None

    def _draw(self) -> None:
        frame = Frame()
        member = self._member
        if member is None:
            self._home.draw()
        else:
            frame = member.viewer.pull()
            member.draw(frame)
        for screen in self.screen_stack:
            if isinstance(screen, DrawsFrames):
                screen.draw_frame(frame)
        self._announce(frame.announcements)
