"""What processes do while the terminal of the one that supervises them is silent: as one process does it, each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.events import Code
from sqs_core.model import Level, RunState
from sqs_tui.drain import PAUSED
from sqs_tui.silence import leaving_text, pausing_text

if TYPE_CHECKING:
    from sqs_tui.ensemble import Ensemble
    from sqs_tui.terminal_watch import WatchLimits


class PauseAllWhileSilent:
    """A `Silence`: pauses the processes that run, and resumes those alone."""

    def __init__(self, ensemble: Ensemble) -> None:
        self._ensemble = ensemble
        self._own: set[str] = set()

    def pause(self, limits: WatchLimits) -> None:
        """See `Silence`. One that was resumed from elsewhere meanwhile goes on."""
        running = {key for key, state in self._states().items() if state is RunState.RUNNING} - self._own
        self._own |= running
        if running:
            self._say(pausing_text(limits))
            self._ensemble.fleet.command("pause", running)

    def resume(self) -> None:
        """See `Silence`."""
        paused = {key for key, state in self._states().items() if state in PAUSED} & self._own
        self._own.clear()
        if paused:
            self._ensemble.fleet.command("resume", paused)

    def leave(self, limits: WatchLimits) -> None:
        """See `Silence`."""
        self._say(leaving_text(limits))

    def _states(self) -> dict[str, RunState]:
        newest = {there.key: self._ensemble.newest(there.key) for there in self._ensemble.members}
        return {key: snapshot.engine.state for key, snapshot in newest.items() if snapshot}

    def _say(self, text: str) -> None:
        self._ensemble.events.record(Level.WARNING, Code.TERMINAL_SILENT, None, text)
