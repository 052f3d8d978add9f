"""Snapshots over time, written to a file as they come: JSON Lines, a header and then frames as viewers get them.

`{"type": "recording", "recording": 1, "schema", "version", "started_at"}`, then `{"seconds", "note"?, "frame"}`: seconds
since the start, what is said of the moment from here on, and a frame of the attach protocol, complete every 10 s so that a player
can begin there.
"""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError, describe
from sqs_core.events import Code
from sqs_core.model import SCHEMA, Level
from sqs_core.personal_data import mask_all
from sqs_core.recording_mask import masked_plain
from sqs_core.remote.frames import FrameMaker, frame_line
from sqs_core.remote.protocol import encode
from sqs_core.version import __version__
from sqs_core.wire import iso

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqs_core.events import EventLog
    from sqs_core.model import Snapshot
    from sqs_core.remote.frames import Rendered

RECORDING = 1
LONGEST_NOTE = 300
FRAME_SECONDS = 0.25
_COMPLETE_SECONDS = 10.0
_STILL_SECONDS = 1.0
"""A frame in which nothing has changed is written so seldom."""
_CLOSE_SECONDS = 5.0


def header_line(started_at: float) -> bytes:
    """The first line of a recording that begins at this time (seconds since the epoch)."""
    header = {"type": "recording", "recording": RECORDING, "schema": SCHEMA, "version": __version__}
    return encode({**header, "started_at": iso(started_at)})


def moment_line(seconds: float, note: str | None, frame: bytes) -> bytes:
    """A line of a recording: a line of `frame_line`, and the note where it is another than before."""
    noted = b"" if note is None else b'"note":%s,' % json.dumps(note).encode()
    return b'{"seconds":%.3f,%s"frame":%s}\n' % (seconds, noted, frame.rstrip())


class Recorder:
    """Records while its block runs, on a thread of its own: neither a slow nor a failing disk holds anything else up.

    `limit_bytes` bounds the file; `events` gives the log in which the beginning and an early end are said, `note` what is said of
    the moment. Raises `ConfigurationError` where the file exists or cannot be made.
    """

    def __init__(
        self,
        path: Path,
        limit_bytes: int,
        snapshot: Callable[[], Snapshot],
        events: Callable[[], EventLog],
        note: Callable[[], str] = str,
    ) -> None:
        self._path, self._limit_bytes, self._snapshot, self._events = path, limit_bytes, snapshot, events
        self._maker = FrameMaker(summary=False, plain=masked_plain)
        self._note, self._noted = note, ""
        self._before: Rendered | None = None
        self._written_bytes = 0
        self._complete_at = self._changed_at = 0.0
        self._closing = threading.Event()
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except FileExistsError:
            raise ConfigurationError(f"--record {str(path)!r} exists: choose another name") from None
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"--record {str(path)!r} cannot be written ({getattr(error, 'strerror', error)})") from error
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def __enter__(self) -> Recorder:
        limit = f"{self._limit_bytes / 2**20:,.0f} MiB"
        self._say(
            Level.INFO, Code.RECORDING_STARTED, f"recording to {self._path}, secrets and personal data masked, up to {limit}"
        )
        self._started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write the end, for 5 s at most."""
        self._closing.set()
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            self._record()
        except Exception as error:  # noqa: BLE001 - whatever it is, the consumer goes on without a recording
            self._say(Level.WARNING, Code.RECORDING_ENDED, f"the recording to {self._path} ends: {describe(error)}")
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._written_bytes)
        finally:
            with suppress(OSError):
                os.close(self._descriptor)

    def _record(self) -> None:
        self._write(header_line(time.time()))
        while True:
            is_last = self._closing.is_set()
            if not self._write_frame(time.monotonic() - self._started, is_last=is_last):
                how = f"it has reached its {self._limit_bytes / 2**20:,.0f} MiB (--record-limit-mib)"
                self._say(Level.WARNING, Code.RECORDING_ENDED, f"the recording to {self._path} ends: {how}")
                return
            if is_last:
                return
            self._closing.wait(FRAME_SECONDS)

    def _write_frame(self, seconds: float, *, is_last: bool) -> bool:
        """Write what there is now, if it is new; False where there is no room for it."""
        now, before = self._maker.render(self._snapshot()), self._before
        note = mask_all(self._note(), LONGEST_NOTE)
        changed = before is None or note != self._noted or (now.top, now.consumers) != (before.top, before.consumers)
        if not changed and not is_last and seconds - self._changed_at < _STILL_SECONDS:
            return True
        complete = before is None or seconds - self._complete_at >= _COMPLETE_SECONDS
        frame = frame_line(now, None if complete else before, dropped=0)
        line = moment_line(seconds, note if note != self._noted else None, frame)
        if self._written_bytes + len(line) > self._limit_bytes:
            return False
        self._write(line)
        self._before, self._noted, self._changed_at = now, note, seconds
        self._complete_at = seconds if complete else self._complete_at
        return True

    def _write(self, line: bytes) -> None:
        left = memoryview(line)
        while left:
            left = left[os.write(self._descriptor, left) :]
        self._written_bytes += len(line)

    def _say(self, level: Level, code: Code, text: str) -> None:
        self._events().record(level, code, None, text)
