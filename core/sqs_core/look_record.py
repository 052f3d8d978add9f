"""What our looks have cost: by queue, how often each message was received when we last saw it. Kept across runs.

SQS does not let a reader choose messages, so a look may bring any of them; whether it may be taken is decided by what is
written here. It is written before and after each receive, and a look that did not come to its end counts against every message.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError
from sqs_core.json_lines import append_lines, finish_last_line, read_lines
from sqs_core.settings import same_everywhere
from sqs_core.state_directory import state_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqs_core.message import Message

FOLDER = "looks"
_WAIT_SECONDS = 60.0
_STEP_SECONDS = 0.1


class LookRecord:
    """The record of one queue, locked against every other process while it is open."""

    def __init__(self, descriptor: int, where: dict[str, str], now: float) -> None:
        self._descriptor, self._where, self._now = descriptor, where, now
        self._look = str(uuid.uuid4())
        self._receives: dict[str, int] = {}
        self._unfinished: set[str] = set()
        for line in read_lines(descriptor):
            self._read(line)
        finish_last_line(descriptor)

    def _read(self, line: dict[str, Any]) -> None:
        if float(line.get("until", 0)) < self._now:
            return  # the message, or whatever the look may have brought, is past its retention
        if "message_id" in line:
            message_id = str(line["message_id"])
            self._receives[message_id] = max(self._receives.get(message_id, 0), int(line["receives"]))
        elif "begun" in line:
            self._unfinished.add(str(line["begun"]))
        elif "ended" in line:
            self._unfinished.discard(str(line["ended"]))

    @property
    def worst(self) -> int:
        """The most receives that a message of this queue may have by our record: before another look."""
        return max(self._receives.values(), default=0) + len(self._unfinished)

    def begin(self, until: float) -> None:
        """A look begins; `until` is when all that it may bring is past its retention (epoch seconds)."""
        self._append([{"begun": self._look, "until": until, **self._where}])

    def saw(self, messages: Iterable[Message], until: float) -> None:
        """A receive of this look brought these."""
        self._append(
            {"message_id": message.message_id, "receives": message.receive_count, "until": until} for message in messages
        )

    def end(self, until: float) -> None:
        """Everything that the look brought has been written."""
        self._append([{"ended": self._look, "until": until}])

    def _append(self, lines: Iterable[dict[str, Any]]) -> None:
        try:
            append_lines(self._descriptor, lines)
        except OSError as error:
            raise ConfigurationError(
                f"the record of looks cannot be written ({error.strerror}): nothing more is received"
            ) from error


@contextmanager
def open_record(endpoint: str, queue_url: str, now: float) -> Iterator[LookRecord]:
    """The record of a queue at an endpoint. Raises `ConfigurationError` where it cannot be read or written."""
    name = hashlib.sha256(f"{same_everywhere(endpoint)}\n{same_everywhere(queue_url)}".encode()).hexdigest()[:24]
    path = state_directory(FOLDER) / f"{name}.jsonl"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"the record of looks {path} cannot be opened ({error.strerror}): nothing is received"
        ) from error
    try:
        _take(descriptor, path)
        yield LookRecord(descriptor, {"endpoint": endpoint, "queue": queue_url}, now)
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    """Looks of others are short; a move is not, and is not waited for."""
    give_up, pause = time.monotonic() + _WAIT_SECONDS, threading.Event()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise ConfigurationError(
                    f"another sqs-tui has had the record of looks {path} for {_WAIT_SECONDS:g} s: try again when it has ended"
                ) from None
            pause.wait(_STEP_SECONDS)
        else:
            return
