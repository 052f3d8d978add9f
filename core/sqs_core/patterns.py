"""Regular expressions that people type: compiled without surprises, and searched within bounds that no pattern can pass.

Python's `re` cannot be told to stop, and `(a+)+$` takes for ever on a line of forty letters. But its loop looks for signals every
few thousand steps, so a timer's signal ends any search within milliseconds of its budget. Signals are the main thread's: on any
other thread nothing is searched.
"""

from __future__ import annotations

import re
import signal
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

LONGEST_PATTERN = 200
SEARCHED_CHARACTERS = 4096
_LOOK_SECONDS = 0.02


class PatternError(Exception):
    """One line about a pattern that cannot be used."""


def compile_pattern(text: str) -> re.Pattern[str]:
    """A pattern that ignores case. Raises `PatternError`."""
    if len(text) > LONGEST_PATTERN:
        raise PatternError(f"a pattern has at most {LONGEST_PATTERN} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what some later Python may read otherwise: no place for it on a screen
            return re.compile(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError, ValueError) as error:
        raise PatternError(f"no regular expression: {' '.join(str(error).split())}") from error


@contextmanager
def bounded_search(budget_seconds: float) -> Iterator[None]:
    """End what the block does once this thread has worked on it for so long. Raises `PatternError` then, or off the main thread.

    The thread's own time counts: a machine busy with other things makes no pattern a slow one.
    """
    started, armed = time.thread_time(), True

    def look(_number: int, _frame: FrameType | None) -> None:
        if armed and time.thread_time() - started > budget_seconds:
            raise PatternError(f"too slow: it took over {budget_seconds * 1000:.0f} ms")

    try:
        handler = signal.signal(signal.SIGALRM, look)
    except ValueError as error:
        raise PatternError("patterns are searched for on the main thread alone") from error
    timer = signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)
    try:
        try:
            yield
        finally:
            armed = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
