"""Frames as often as asked, and half as often while the process has better things to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BUSY_CORES = 0.5
"""A consumer that keeps more than half a core busy shows other rows in each frame, which nobody reads, and gets less done for
each: docs/performance.md."""


class FramePace:
    """Asked at each tick. `clock` and `used` give seconds: of time, and of CPU that all threads have taken."""

    def __init__(
        self,
        *,
        yields: bool,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.process_time,
    ) -> None:
        self._yields, self._clock, self._used = yields, clock, used
        self._at, self._used_until = clock(), used()
        self._left_out = False

    def due(self) -> bool:
        """Whether to draw a frame at this tick; never twice in a row not."""
        if not self._yields:
            return True
        at, used = self._clock(), self._used()
        busy = used - self._used_until > BUSY_CORES * (at - self._at)
        self._at, self._used_until = at, used
        self._left_out = busy and not self._left_out
        return not self._left_out
