"""Between a parent and its process: a pipe with the words of the parent, whose end is its end; and the mark of the report."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.runner import Stops

DRAIN, STOP, TIME_IS_UP = b"d", b"s", b"t"
REPORT_MARK = "\x1e"
"""Stands before the report: what a handler printed before it may end without a line's end (RFC 7464)."""
_STDIN, _STDOUT, _STDERR = 0, 1, 2
_A_FEW = 64


def follow_parent(stops: Stops) -> None:
    """From now on drain when the parent says so or is gone, and stop at once when it says that. Takes stdin over.

    What a handler starts would read the words in our place, so stdin is empty from here on.
    """
    pipe = os.dup(_STDIN)
    _to_nowhere(_STDIN)
    threading.Thread(target=_follow, args=(pipe, stops), name="parent", daemon=True).start()


@contextmanager
def within(folder: Path) -> Iterator[None]:
    """Around the use of the folder that the parent made for its processes: the last one removes it where the parent is gone."""
    parent = os.getppid()
    try:
        yield
    finally:
        if os.getppid() != parent:
            with suppress(OSError):  # others are still in it
                folder.rmdir()


def _follow(pipe: int, stops: Stops) -> None:
    while words := os.read(pipe, _A_FEW):
        stops.time_is_up |= TIME_IS_UP in words
        if STOP in words or DRAIN in words:
            stops.at_least(2 if STOP in words else 1)
    # Nobody reads any more: a handler that prints must not fail for that.
    _to_nowhere(_STDOUT, _STDERR)
    stops.at_least(1)


def _to_nowhere(*descriptors: int) -> None:
    with Path(os.devnull).open("r+b", buffering=0) as nowhere:
        for descriptor in descriptors:
            os.dup2(nowhere.fileno(), descriptor)
