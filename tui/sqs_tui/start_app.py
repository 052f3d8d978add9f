"""The application around the start screen; its result is what was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_tui.base_app import BaseApp
from sqs_tui.screens.start import StartScreen

if TYPE_CHECKING:
    from textual.screen import Screen

    from sqs_tui.departure import Departure
    from sqs_tui.options import DashboardOptions
    from sqs_tui.start_choices import Choice
    from sqs_tui.start_looking import Looking
    from sqs_tui.terminal_watch import TerminalWatch


class StartApp(BaseApp):
    """Ends with 0; `chosen` are the arguments of the command to run, None where it was left."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, looking: Looking, options: DashboardOptions, departure: Departure, watch: TerminalWatch | None = None
    ) -> None:
        super().__init__(options, departure, watch)
        self.chosen: tuple[str, ...] | None = None
        self._looking = looking
        self._start = StartScreen(looking.around, self._choose)

    def get_default_screen(self) -> Screen[None]:
        """There is one screen."""
        return self._start

    def on_ready(self) -> None:
        """Look around once the first frame is out."""
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._looking.start()
        self._begin_frames()

    def refresh_frame(self) -> None:
        """Draw what has been found; leave when somebody wants out."""
        self._departure.beat()
        if self._departure.presses or self._departure.hung_up:
            self.exit(0)
            return
        self._start.draw(self._looking.around)

    def _choose(self, choice: Choice) -> None:
        self.chosen = choice.arguments
        self.exit(0)
