"""Time, as an argument: three clocks in one object, so that tests can hold them still."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LATEST_SECONDS = 253_402_300_799
"""The end of the year 9999: a later time has no date."""


def _boottime() -> float:
    """Seconds that go on through suspend, so that a slept laptop does not believe a dead lease."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Clock:
    """`monotonic` for durations, `lease` for visibility deadlines (counts suspend where it can), `wall` for people."""

    monotonic: Callable[[], float] = time.monotonic
    lease: Callable[[], float] = _boottime if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
    wall: Callable[[], float] = time.time


SYSTEM_CLOCK = Clock()
