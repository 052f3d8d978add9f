"""Whether anybody is still there: a terminal that used to answer and has fallen silent has lost its user.

A client of a terminal far away can die without hanging up; what it started would go on eating the queue for ever.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

_PROBES_WITHOUT_ANSWER = 3


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """How often the terminal is asked, and how long a silence is taken, in seconds."""

    probe_seconds: float = 5.0
    pause_after_seconds: float = 20.0
    leave_after_seconds: float = 60.0

    def __post_init__(self) -> None:
        if not 0 < self.probe_seconds < self.pause_after_seconds < self.leave_after_seconds:
            raise ConfigurationError(
                f"the terminal's limits {self.probe_seconds:g} {self.pause_after_seconds:g} {self.leave_after_seconds:g} "
                "must rise: ask every, pause after, leave after so many seconds"
            )

    @property
    def turn_seconds(self) -> float:
        """How often the watch looks."""
        return min(1.0, self.probe_seconds / 2)


class TerminalWatch:
    """Counts the silence on a thread of its own, for a terminal that takes no output blocks the screen's loop.

    `pause` is called, again and again, while the silence lasts longer than the one limit; `leave` once past the other;
    `resume` when the terminal is heard again in between. Nothing happens before the first answer: there are terminals that
    never answer; nor while `is_elsewhere` says that another program has the terminal. `answered`, `stirred` and
    `worth_asking` are safe on any thread.
    """

    def __init__(
        self,
        limits: WatchLimits,
        *,
        leave: Callable[[], None],
        pause: Callable[[], None] = lambda: None,
        resume: Callable[[], None] = lambda: None,
        is_elsewhere: Callable[[], bool] = lambda: False,
    ) -> None:
        self.limits = limits
        self._pause, self._resume, self._leave, self._is_elsewhere = pause, resume, leave, is_elsewhere
        self._answers = False
        self._asked = 0
        self._heard = threading.Event()
        self._closed = threading.Event()
        self._silent_seconds = 0.0
        self._is_paused = False
        self._has_left = False
        self._thread: threading.Thread | None = None

    def worth_asking(self) -> bool:
        """Whether to ask now; a terminal that has left the first questions unanswered is not asked any more."""
        self._asked += 1
        return self._answers or self._asked <= _PROBES_WITHOUT_ANSWER

    def answered(self) -> None:
        """The terminal has answered a question."""
        self._answers = True
        self._heard.set()

    def stirred(self) -> None:
        """Something else has come from the terminal: a key, the mouse."""
        self._heard.set()

    def start(self) -> None:
        """Start the watch, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="terminal-watch", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Nothing needs to be watched any more."""
        self._closed.set()

    def step(self) -> None:
        """One turn."""
        # Counted in own turns rather than by the clock: a suspended process has heard nothing and has missed nothing.
        self._silent_seconds += self.limits.turn_seconds
        if self._heard.is_set() or self._is_elsewhere():
            self._heard.clear()
            self._silent_seconds = 0.0
        if not self._answers or self._has_left:
            return
        if self._silent_seconds >= self.limits.leave_after_seconds:
            self._has_left = True
            self._leave()
        elif self._silent_seconds >= self.limits.pause_after_seconds:
            self._is_paused = True
            self._pause()
        elif self._is_paused:
            self._is_paused = False
            self._resume()

    def _run(self) -> None:
        while not self._closed.wait(self.limits.turn_seconds):
            # The watch must outlive an engine that misbehaves: the next turn tries again, and leaving does not depend on it.
            with suppress(Exception):
                self.step()
