"""Frames as often as asked, and fewer while other threads of the process have better things to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BUSY_CORES = 0.5
"""A consumer that keeps more than half a core busy shows other rows in each frame, which nobody reads, and gets less done for
each: docs/performance.md."""
DRAWING_CORES = 0.01
"""What drawing may take of a core meanwhile."""
STILL_SECONDS = 0.9
"""After which a frame is drawn whatever it costs."""


class FramePace:
    """Asked at each tick, on the thread that draws.

    `clock`, `used` and `drawing` give seconds: of time, of CPU that all threads have taken, and of CPU that this one has. What
    it takes for keys and screens makes nobody busy.
    """

    def __init__(
        self,
        *,
        yields: bool,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.process_time,
        drawing: Callable[[], float] = time.thread_time,
    ) -> None:
        self._yields, self._clock, self._used, self._drawing = yields, clock, used, drawing
        self._at, self._drawing_until = clock(), drawing()
        self._drawn_at, self._others_until = self._at, used() - self._drawing_until

    def due(self) -> bool:
        """Whether to draw a frame at this tick: if the last one has been paid for by the time since, or that was long ago."""
        if not self._yields:
            return True
        at, drawing = self._clock(), self._drawing()
        others = self._used() - drawing
        busy = others - self._others_until > BUSY_CORES * (at - self._at)
        self._at, self._others_until = at, others
        since = at - self._drawn_at
        if busy and since < STILL_SECONDS and drawing - self._drawing_until > DRAWING_CORES * since:
            return False
        self._drawn_at, self._drawing_until = at, drawing
        return True
