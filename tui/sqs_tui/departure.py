"""The ways out: a first press drains, a second leaves; a lost or stuck terminal drains unseen; a deadline holds in any case.

The screen's event loop may be blocked by a terminal that takes no output, so none of this runs on it.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from sqs_core.words import RunState
from sqs_tui.drain import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from sqs_core.model import Snapshot

LEAVE_NOW_SECONDS = 0.9
LEAVE_SECONDS = 3.0
AFTER_DEADLINE_SECONDS = 2.0
LONGEST_DRAIN_SECONDS = 60.0
STUCK_AFTER_SECONDS = 30.0
_BEAT_SECONDS = 1.0
_HURRIED_BEAT_SECONDS = 0.1


class Drainable(Protocol):
    """What the way out needs of an engine; see `EngineFacade`."""

    def drain(self) -> None: ...
    def drain_deadline_seconds(self) -> float | None: ...
    def stop_now(self) -> None: ...
    def snapshot(self) -> Snapshot: ...


class Departure:
    """Counts presses and sees to it that the process ends.

    `press`, `hang_up` and `beat` return at once and are safe in signal handlers and on the event loop. `on_change` is called
    from the guard thread when the screen should look again; `give_up` ends the process with an exit code; `patience_seconds`
    is how long the event loop may stand still, at least `STUCK_AFTER_SECONDS`.
    """

    def __init__(
        self, facade: Drainable, give_up: Callable[[int], None] = os._exit, patience_seconds: float = STUCK_AFTER_SECONDS
    ) -> None:
        self.presses = 0
        self.hung_up = False
        self.on_change: Callable[[], None] = lambda: None
        self._facade = facade
        self._give_up = give_up
        self._words: SimpleQueue[str] = SimpleQueue()
        self._leave_by: float | None = None
        self._cut_by: float | None = None
        self._patience_seconds = max(patience_seconds, STUCK_AFTER_SECONDS)
        self._beats_missed = 0
        self.is_elsewhere = False
        self._stopper: threading.Thread | None = None
        self._thread: threading.Thread | None = None
        self._had_terminal = sys.__stdin__ is not None and not sys.__stdin__.closed and sys.__stdin__.isatty()

    def press(self) -> None:
        """The user or a signal wants out: the first time drain, the second time now."""
        self.presses += 1
        self._words.put("press")

    def hang_up(self) -> None:
        """There is no terminal any more: drain unseen, then leave."""
        self.hung_up = True
        self._words.put("hang-up")

    def beat(self) -> None:
        """The event loop lives."""
        self._beats_missed = 0

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """The event loop stands still because another program has the terminal."""
        self.is_elsewhere = True
        try:
            yield
        finally:
            self._beats_missed = 0
            self.is_elsewhere = False

    def start(self) -> None:
        """Start the guard thread, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._guard, name="departure", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """The screen has left by itself; nothing needs to be guarded any more."""
        self._words.put("close")

    def stop_engine(self) -> None:
        """Make sure the engine has been told to stop, and wait until it has been, but not for long."""
        if self._stopper is None:
            self._stopper = threading.Thread(target=self._facade.stop_now, name="stop-now", daemon=True)
            self._stopper.start()
        self._stopper.join(LEAVE_NOW_SECONDS)

    def install_signals(self) -> None:
        """SIGTERM and SIGINT press; SIGHUP hangs up. `signal.signal`, for asyncio's handlers need a loop that runs."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_press_signal)
        signal.signal(signal.SIGHUP, self._on_hang_up_signal)

    def step(self, word: str | None, now: float) -> None:
        """One turn of the guard: act on a word, then on the deadlines. `now` is monotonic seconds. Never raises."""
        # The guard must outlive an engine that misbehaves; its deadlines hold all the same.
        with suppress(Exception):
            self._act(word, now)
        self._keep_deadlines(now)

    def _act(self, word: str | None, now: float) -> None:
        if word == "press" and self.presses >= 2:
            self._leave_by = now + LEAVE_NOW_SECONDS
            threading.Thread(target=self.stop_engine, name="leave-now", daemon=True).start()
        elif word in ("press", "hang-up") and self._cut_by is None:
            self._begin_drain(now)
        if self._cut_by is not None and self._leave_by is None and self._has_ended():
            self._leave_by = now + (LEAVE_NOW_SECONDS if self.hung_up else LEAVE_SECONDS)
        if word is not None or self._leave_by is not None:
            self.on_change()

    def _begin_drain(self, now: float) -> None:
        # Set first: an engine that cannot even be told to drain is left by the deadline.
        self._cut_by = now + LONGEST_DRAIN_SECONDS
        self._facade.drain()
        seconds = self._facade.drain_deadline_seconds()
        if seconds is not None:
            self._cut_by = now + seconds + AFTER_DEADLINE_SECONDS

    def _keep_deadlines(self, now: float) -> None:
        if self._cut_by is not None and self._leave_by is None and now >= self._cut_by:
            self._leave_by = now + LEAVE_NOW_SECONDS
            threading.Thread(target=self.stop_engine, name="past-deadline", daemon=True).start()
        if self._leave_by is not None and now >= self._leave_by:
            self._give_up(self.exit_code())

    def exit_code(self) -> int:
        """0 after a drain that ended by itself, else 1."""
        in_time = self._stopper is None and self.presses < 2
        return 0 if in_time and self._has_ended(cleanly=True) else 1

    def _has_ended(self, *, cleanly: bool = False) -> bool:
        try:
            snapshot = self._facade.snapshot()
        except Exception:  # noqa: BLE001 - an engine that cannot be read has not ended well
            return False
        if cleanly:
            held = sum(consumer.held for consumer in snapshot.consumers)
            return snapshot.engine.state is RunState.STOPPED and held == 0
        return snapshot.engine.state in ENDED

    def _guard(self) -> None:
        word: str | None = None
        while word != "close":
            try:
                word = self._words.get(timeout=_BEAT_SECONDS if self._leave_by is None else _HURRIED_BEAT_SECONDS)
            except Empty:
                word = None
                self._watch_terminal()
            if word != "close":
                self.step(word, time.monotonic())

    def _watch_terminal(self) -> None:
        # Counted in own turns rather than by the clock: a suspended process has missed none.
        self._beats_missed = 0 if self.is_elsewhere else self._beats_missed + 1
        is_stuck = self._beats_missed * _BEAT_SECONDS >= self._patience_seconds
        if not self.hung_up and (is_stuck or (self._had_terminal and _input_is_closed())):
            self.hang_up()

    def _on_press_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - Python's signature
        self.press()

    def _on_hang_up_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - Python's signature
        self.hang_up()


def _input_is_closed() -> bool:
    stdin = sys.__stdin__
    if stdin is None or stdin.closed:
        return True
    poll = select.poll()
    poll.register(stdin.fileno(), select.POLLHUP)
    return any(event & select.POLLHUP for _, event in poll.poll(0))
