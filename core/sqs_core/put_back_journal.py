"""What became of each message that was put back, written ahead of every step, so that a run that was killed can be run again.

By key: `intent` before it is sent, then `sent`, `refused` or `uncertain`, then `deleted` from its source. What ended as an intent
may or may not be sent: it is uncertain, and not sent again by itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError
from sqs_core.json_lines import append_lines, finish_last_line, read_lines
from sqs_core.sender import DEDUPLICATION_SECONDS
from sqs_core.settings import same_everywhere
from sqs_core.state_directory import state_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FOLDER = "put-back"
KEPT_SECONDS = 15 * 86_400.0
"""Longer than any message is retained."""
_COMPACTED_LINES = 2000


@dataclass(frozen=True, slots=True)
class Step:
    """The last that is known of a message. `at` is when it was first meant to be sent (epoch seconds), `to` where to."""

    state: str
    at: float
    to: str | None = None
    dedup_id: str | None = None
    new_id: str | None = None

    @property
    def open(self) -> bool:
        """Whether it may have been sent without our knowing."""
        return self.state in ("intent", "uncertain")

    def may_be_repeated(self, now: float) -> bool:
        """Whether sending it again makes no duplicate: a FIFO queue still knows its deduplication id."""
        return self.dedup_id is not None and now - self.at < DEDUPLICATION_SECONDS - 30


class Journal:
    """What is known of one source's messages. Without a descriptor nothing is remembered beyond this run."""

    def __init__(self, descriptor: int | None, now: float) -> None:
        self._descriptor = descriptor
        self.steps: dict[str, Step] = {}
        if descriptor is None:
            return
        for line in read_lines(descriptor):
            self._read(line, now)
        finish_last_line(descriptor)

    def _read(self, line: dict[str, Any], now: float) -> None:
        key, state, at = line.get("key"), line.get("state"), line.get("at")
        if not isinstance(key, str) or not isinstance(state, str) or not isinstance(at, int | float) or at < now - KEPT_SECONDS:
            return
        if state == "forgotten":
            self.steps.pop(key, None)
            return
        self.steps[key] = Step(state, float(at), line.get("to"), line.get("dedup_id"), line.get("new_id"))

    def note(self, steps: dict[str, Step]) -> None:
        """Write these, and wait for the disk. Raises `ConfigurationError` where that fails: then nothing more may be done."""
        self._write(_line(key, step) for key, step in steps.items())
        self.steps.update(steps)

    def forget(self, keys: Iterable[str]) -> None:
        """What was surely not sent is as if it had never been tried."""
        gone = [key for key in keys if key in self.steps]
        self._write({"key": key, "state": "forgotten", "at": self.steps[key].at} for key in gone)
        for key in gone:
            del self.steps[key]

    def _write(self, lines: Iterable[dict[str, Any]]) -> None:
        if self._descriptor is None:
            return
        try:
            append_lines(self._descriptor, lines)
        except OSError as error:
            raise ConfigurationError(
                f"the journal cannot be written ({error.strerror}): nothing more is sent or deleted"
            ) from error


@contextlib.contextmanager
def open_journal(now: float, *where: str) -> Iterator[Journal]:
    """The journal of a source, said by what tells it from all others.

    Raises `ConfigurationError` where it cannot be had, or where another run has it open.
    """
    path = journal_path(".jsonl", *where)
    try:
        held = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be locked ({error.strerror}): nothing is sent") from error
    try:
        _take(held)
        descriptor = _open(path, now)
        try:
            yield Journal(descriptor, now)
        finally:
            os.close(descriptor)
    finally:
        os.close(held)


def journal_path(suffix: str, *where: str) -> Path:
    """A file of the source's own beside its journal. Raises `ConfigurationError` where its folder cannot be made."""
    name = hashlib.sha256("\n".join(map(same_everywhere, where)).encode()).hexdigest()[:24]
    return state_directory(FOLDER) / f"{name}{suffix}"


def _open(path: Path, now: float) -> int:
    try:
        _compact(path, now)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise ConfigurationError(f"the journal {path} cannot be opened ({error.strerror}): nothing is sent") from error


def _take(held: int) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigurationError(
            "another sqs-tui holds messages of this queue, or sends this file: wait until it has ended"
        ) from None


def _compact(path: Path, now: float) -> None:
    """A line a message, where it has become long; whole or not at all."""
    if not path.exists():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        count = sum(1 for _ in read_lines(descriptor))
    finally:
        os.close(descriptor)
    if count < _COMPACTED_LINES:
        return
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        steps = Journal(descriptor, now).steps
    finally:
        os.close(descriptor)
    if count < 2 * len(steps):
        return
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        append_lines(descriptor, (_line(key, step) for key, step in steps.items()))
    finally:
        os.close(descriptor)
    fresh.replace(path)


def _line(key: str, step: Step) -> dict[str, Any]:
    fields = {"key": key, **asdict(step)}
    return {name: value for name, value in fields.items() if value is not None}
