"""What a consumer does while its terminal is silent: it receives nothing new, and goes on by itself when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sqs_core.events import Code
from sqs_core.words import Level, RunState
from sqs_tui.drain import PAUSED

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.events import EventLog
    from sqs_core.facade import EngineFacade
    from sqs_tui.terminal_watch import WatchLimits


class Silence(Protocol):
    """What is done about a silent terminal, besides leaving. Called on a thread of its own; must not wait."""

    def pause(self, limits: WatchLimits) -> None:
        """The silence has lasted for `limits.pause_after_seconds`; called again while it lasts."""

    def resume(self) -> None:
        """The terminal is back."""

    def leave(self, limits: WatchLimits) -> None:
        """The silence has lasted for `limits.leave_after_seconds`, and the dashboard is about to leave."""


class PauseWhileSilent:
    """Pauses the consumers that run, and resumes those alone; the event log says so."""

    def __init__(self, engine: EngineFacade, events: Callable[[], EventLog]) -> None:
        self._engine, self._events = engine, events
        self._own: list[str] = []

    def pause(self, limits: WatchLimits) -> None:
        """See `Silence`. One that starts meanwhile is paused as well."""
        states = {consumer.queue: consumer.state for consumer in self._engine.snapshot().consumers}
        running = [queue for queue, state in states.items() if state is RunState.RUNNING]
        for queue in running:
            # Running again means that somebody has resumed it from elsewhere: that is for them to end.
            if queue in self._own:
                continue
            self._own.append(queue)
            self._engine.pause(queue)
            self._events().record(Level.WARNING, Code.TERMINAL_SILENT, queue, pausing_text(limits))

    def resume(self) -> None:
        """See `Silence`."""
        states = {consumer.queue: consumer.state for consumer in self._engine.snapshot().consumers}
        for queue, state in states.items():
            if queue in self._own and state in PAUSED:
                self._engine.resume(queue)
                self._events().record(Level.INFO, Code.TERMINAL_BACK, queue, "the terminal answers again: resumed")
            elif state in PAUSED:
                self._events().record(
                    Level.INFO, Code.TERMINAL_BACK, queue, "the terminal answers again: paused as it was before"
                )
        self._own.clear()

    def leave(self, limits: WatchLimits) -> None:
        """See `Silence`."""
        self._events().record(Level.WARNING, Code.TERMINAL_SILENT, None, leaving_text(limits))


def pausing_text(limits: WatchLimits) -> str:
    """Why it pauses, and when it leaves."""
    left_seconds = limits.leave_after_seconds - limits.pause_after_seconds
    return f"the terminal has not answered for {limits.pause_after_seconds:g} s: pausing, leaving in {left_seconds:g} s"


def leaving_text(limits: WatchLimits) -> str:
    """Why it leaves."""
    return f"the terminal has not answered for {limits.leave_after_seconds:g} s: draining and leaving"
