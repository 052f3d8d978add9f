"""One member of a fleet in the full dashboard; esc comes back to the fleet."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.remote.attached import AttachedEngine
from sqs_core.remote.fleet import FRAMES_PER_SECOND
from sqs_tui.screens.main import MainScreen
from sqs_tui.viewer import Viewer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.remote.viewing import Viewing
    from sqs_tui.commands import Situation
    from sqs_tui.options import DashboardOptions


class MemberScreen(MainScreen):
    """Takes over the member's connection: full frames while it is open, the summary again when it is left."""

    def __init__(self, viewing: Viewing, options: DashboardOptions, redraw: Callable[[], None]) -> None:
        self._viewing = viewing
        engine = AttachedEngine(viewing.target, per_second=options.fps, viewing=viewing)
        viewer = Viewer(engine, options.clock)
        super().__init__(engine, viewer, options, redraw)
        self.viewer = viewer

    def on_mount(self) -> None:
        """Ask for all there is. The base's own handler is called besides, as Textual does for each class that has one."""
        self._watch(self._options.fps, summary=False)

    def on_unmount(self) -> None:
        """A summary is enough again."""
        self._watch(FRAMES_PER_SECOND, summary=True)

    def _watch(self, per_second: float, *, summary: bool) -> None:
        # A connection that takes nothing is waited for, and not by the screen.
        threading.Thread(target=lambda: self._viewing.watch(per_second, summary=summary), name="watch", daemon=True).start()

    @property
    def situation(self) -> Situation:
        """As on the dashboard; there is always something to go back to."""
        return replace(super().situation, covering=True)

    def action_command(self, command_id: str, key: str = "") -> None:
        """As on the dashboard; back leaves once nothing is filtered or frozen."""
        before = super().situation
        if command_id == "back" and not (before.filtered or before.frozen):
            self.dismiss()
        else:
            super().action_command(command_id, key)
