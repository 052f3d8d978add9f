"""A recording read back: looked through once, then any moment of it as a snapshot."""

from __future__ import annotations

import math
import os
import stat
from array import array
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError
from sqs_core.model import SCHEMA
from sqs_core.plain_text import one_line
from sqs_core.recorder import LONGEST_NOTE, RECORDING
from sqs_core.remote.picture import Picture
from sqs_core.remote.protocol import decode
from sqs_core.remote.records import MalformedError, reader

if TYPE_CHECKING:
    from pathlib import Path

    from sqs_core.model import Snapshot

LONGEST_LINE_BYTES = 16 * 2**20
LARGEST_BYTES = 2 * 2**30
_LONGEST_SECONDS = 366 * 86_400.0


class Recording:
    """A file that `Recorder` wrote. Not safe from several threads.

    Opening reads all of it, so that what cannot be shown is refused before anything is. A last line that was cut off is left out
    and said in `warning`. Raises `ConfigurationError` for what is no recording, with the number of the line.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.warning = path, ""
        self._seconds, self._offsets = array("d"), array("q")
        self._notes: list[tuple[int, str]] = [(0, "")]
        self._bases: list[int] = []
        """The places of complete frames."""
        self._picture, self._place = Picture(), -1
        self._current: Snapshot | None = None
        self._file = _open(path)
        try:
            self._look_through()
        except BaseException:
            self._file.close()
            raise
        self.started_at = self.snapshot(0).at

    @property
    def length_seconds(self) -> float:
        """When the last frame was taken, from the first on."""
        return self._seconds[-1]

    def __len__(self) -> int:
        """How many frames there are; at least one."""
        return len(self._seconds)

    def seconds(self, place: int) -> float:
        """When this frame was taken."""
        return self._seconds[place]

    def place(self, seconds: float) -> int:
        """The newest frame at this moment."""
        return max(0, bisect_right(self._seconds, seconds) - 1)

    def note(self, place: int) -> str:
        """What was said of this moment."""
        return self._notes[bisect_right(self._notes, place, key=itemgetter(0)) - 1][1]

    def snapshot(self, place: int) -> Snapshot:
        """The snapshot of a frame; cheapest for the one after the one before."""
        if self._current is not None and self._place == place:
            return self._current
        base = self._bases[bisect_right(self._bases, place) - 1]
        first = self._place + 1 if base <= self._place < place else base
        for each in range(first, place + 1):
            self._file.seek(self._offsets[each])
            self._current = self._picture.apply(decode(self._file.readline(LONGEST_LINE_BYTES))["frame"])
            self._place = each
        assert self._current is not None
        return self._current

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _look_through(self) -> None:
        number, offset = 0, 0
        while line := self._file.readline(LONGEST_LINE_BYTES + 1):
            number += 1
            try:
                if not line.endswith(b"\n"):
                    self._judge_unended(line, number)
                    break
                self._take_in(decode(line), number, offset)
            except MalformedError as error:
                hint = "" if number > 1 else " (play shows what `--record FILE` wrote)"
                raise ConfigurationError(f"{str(self.path)!r}, line {number}: {one_line(str(error))}{hint}") from error
            offset += len(line)
        if not self._seconds:
            raise ConfigurationError(f"{str(self.path)!r} is no recording, or holds no frame: `--record FILE` makes one")

    def _judge_unended(self, line: bytes, number: int) -> None:
        if len(line) > LONGEST_LINE_BYTES:
            raise MalformedError(f"it is longer than {LONGEST_LINE_BYTES // 2**20} MiB")
        if number > 1:
            self.warning = f"its last line ({number}) was cut off and is left out"

    def _take_in(self, line: dict[str, Any], number: int, offset: int) -> None:
        if number == 1:
            _check_header(line)
            return
        seconds, frame = reader(float)(line.get("seconds"), "seconds"), line.get("frame")
        if not math.isfinite(seconds) or not 0 <= seconds <= _LONGEST_SECONDS:
            raise MalformedError(f"seconds {seconds:g} is not within a year")
        if self._seconds and seconds < self._seconds[-1]:
            raise MalformedError(f"seconds {seconds:g} is before the line above it")
        if not isinstance(frame, dict):
            raise MalformedError("frame is no object")
        self._picture.apply(frame)
        if "note" in line:
            self._notes.append((len(self._seconds), reader(str)(line["note"], "note")[:LONGEST_NOTE]))
        if frame.get("base") is None:
            self._bases.append(len(self._seconds))
        self._seconds.append(seconds)
        self._offsets.append(offset)


def _open(path: Path) -> Any:
    """The file, which is a plain one: a device or a pipe may have no end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{str(path)!r} cannot be read ({getattr(error, 'strerror', error)})") from error
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST_BYTES:
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    what = f"has over {LARGEST_BYTES // 2**30} GiB" if stat.S_ISREG(status.st_mode) else "is no plain file"
    raise ConfigurationError(f"{str(path)!r} {what}: play shows what `--record FILE` wrote")


def _check_header(line: dict[str, Any]) -> None:
    if line.get("type") != "recording":
        raise MalformedError("this is no recording")
    for name, known in (("recording", RECORDING), ("schema", SCHEMA)):
        if line.get(name) != known:
            by = reader(str)(line.get("version", "unknown"), "version")
            raise MalformedError(f"{name} is version {line.get(name)!r}, this one shows {known}; it was made by sqs-tui {by}")
