"""The fleet's screen over processes that are this one's own: they end with it, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_tui.fleet_app import FleetApp

if TYPE_CHECKING:
    from sqs_tui.departure import Departure
    from sqs_tui.ensemble import Ensemble
    from sqs_tui.options import DashboardOptions
    from sqs_tui.terminal_watch import TerminalWatch


class ProcessesApp(FleetApp):
    """Shows the processes, which are started after the first frame is out. The first press drains them, the second leaves."""

    def __init__(
        self, ensemble: Ensemble, options: DashboardOptions, departure: Departure, watch: TerminalWatch | None = None
    ) -> None:
        super().__init__(ensemble.fleet, ensemble.members, options, departure, watch)
        self._ensemble = ensemble
        self._draining = False

    def _start(self) -> None:
        self._ensemble.supervisor.start()
        super()._start()

    def _exit_code(self) -> int | None:
        supervisor = self._ensemble.supervisor
        if self._departure.presses >= 2:
            return 1
        if supervisor.ended:
            return supervisor.exit_code()
        if (self._departure.presses or self._departure.hung_up) and not self._draining:
            self._draining = True
            while len(self.screen_stack) > 1:
                self.pop_screen()
        return None
