"""Bounded waiting, for what happens on other threads, in other processes, or on a server."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DEADLINE_SECONDS = 20.0
_LOOK_SECONDS = 0.02


def wait_until(
    condition: Callable[[], object], seconds: float = DEADLINE_SECONDS, *, look_seconds: float = _LOOK_SECONDS
) -> None:
    """Return as soon as `condition()` is true; fail the test after so many seconds."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {getattr(condition, '__name__', condition)}"
        pause.wait(look_seconds)


class Sampler:
    """Calls `look` over and over on a thread while the block runs; `errors` is what it raised, `samples` how often it ran."""

    def __init__(self, look: Callable[[], None]) -> None:
        self.samples = 0
        self.errors: list[Exception] = []
        self._look = look
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(DEADLINE_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(0.001):
            self.samples += 1
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 - the test asserts that there were none
                self.errors.append(error)
                return
