"""A JSON Lines file of messages, read line by line however large it is, and its own rhythm."""

from __future__ import annotations

import contextlib
import hashlib
import time
from datetime import datetime
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError
from sqs_core.message_json import LONGEST_LINE_BYTES, message_from_json

if TYPE_CHECKING:
    import io
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    from sqs_core.message_json import Saved


def read_messages(path: Path, queue: str) -> Iterator[tuple[int, Saved | str]]:
    """Each line that is not empty by its number, from 1: a message, or why it cannot be read. Raises `ConfigurationError`."""
    with _opened(path) as file:
        number = 0
        while line := file.readline(LONGEST_LINE_BYTES + 1):
            number += 1
            if line.strip():
                try:
                    yield number, message_from_json(line, queue)
                except ValueError as error:
                    yield number, str(error)


def line_count(path: Path) -> int:
    """How many lines it has. Raises `ConfigurationError` where it cannot be read."""
    with _opened(path) as file:
        return sum(1 for _ in file)


def digest_of(path: Path) -> str:
    """What tells a file from every other one. Raises `ConfigurationError` where it cannot be read."""
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Rhythm:
    """Waits until a message is due: as long after the first one as it came then, so many times as fast; None never waits."""

    def __init__(self, speed: float | None, stop: threading.Event) -> None:
        self._speed, self._stop = speed, stop
        self._first: tuple[float, float] | None = None

    def wait(self, saved: Saved) -> None:
        """Until this one is due, or it was stopped. One without a time is due at once."""
        at = _came_at(saved)
        if self._speed is None or at is None:
            return
        if self._first is None:
            self._first = (at, time.monotonic())
        came, began = self._first
        self._stop.wait(max(0.0, began + (at - came) / self._speed - time.monotonic()))


def _came_at(saved: Saved) -> float | None:
    if saved.received_at is None:
        return saved.message.sent_at
    try:
        return datetime.fromisoformat(saved.received_at).timestamp()
    except ValueError:
        return saved.message.sent_at


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}): nothing more is sent") from error
