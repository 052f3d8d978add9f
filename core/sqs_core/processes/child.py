"""One process under a parent: started, heard, told to end, and accounted for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

from sqs_core.errors import LONGEST_TEXT
from sqs_core.masking import mask_secrets
from sqs_core.plain_text import one_line
from sqs_core.processes.lifeline import REPORT_MARK
from sqs_core.remote.sockets import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_LONGEST_LINE_BYTES = 2**20
_HEARD_OUT_SECONDS = 2.0
_LAST_WORD = "sqs-tui: "


class Listener(Protocol):
    """Hears what the processes write; called on threads of their own."""

    def said(self, pid: int, line: str) -> None:
        """A line of stderr: an event as JSON, or anything."""

    def printed(self, line: str) -> None:
        """A line of stdout that is not the report."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended: its code (negative: the signal), its report where it wrote one, and its last word."""

    code: int
    report: dict[str, Any] | None
    reason: str
    lived_seconds: float

    @property
    def how(self) -> str:
        """In words."""
        if self.code >= 0:
            return f"exit code {self.code}"
        with suppress(ValueError):
            return f"signal {-self.code} ({signal.Signals(-self.code).name})"
        return f"signal {-self.code}"


class Child:
    """Runs from the moment it is made. Its stdin stays open for as long as this process lives; see `lifeline`.

    It is in a session of its own: keys and hang-ups of the terminal are the parent's business.
    """

    def __init__(self, command: Sequence[str], folder: Path, listener: Listener) -> None:
        self.started_at = time.monotonic()
        self._listener = listener
        self._report: dict[str, Any] | None = None
        self._reason = ""
        self._process = subprocess.Popen(  # noqa: S603 - our own program with the user's own arguments, and no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self.path = folder / f"{self.pid}{SUFFIX}"
        self._readers = [
            threading.Thread(target=_read, args=(stream, hear), name=f"hear {self.pid}", daemon=True)
            for stream, hear in ((self._process.stdout, self._hear_out), (self._process.stderr, self._hear_errors))
        ]
        try:
            for reader in self._readers:
                reader.start()
        except RuntimeError as error:  # no thread to be had
            self._process.kill()
            self._process.wait()
            raise OSError(str(error)) from error

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def tell(self, word: bytes) -> None:
        """Say a word of the lifeline; one that has ended does not hear it."""
        with suppress(OSError, ValueError):
            if self._process.stdin is not None:
                os.write(self._process.stdin.fileno(), word)

    def kill(self) -> None:
        """End it here and now; what it holds comes back after its visibility timeout."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def wait(self) -> Ending:
        """Wait for its end, and for what it still has to say unless something that it started keeps the pipes open."""
        code = self._process.wait()
        until = time.monotonic() + _HEARD_OUT_SECONDS
        for reader in self._readers:
            reader.join(max(0.0, until - time.monotonic()))
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.path.unlink(missing_ok=True)
        return Ending(code, self._report, self._reason, time.monotonic() - self.started_at)

    def _hear_out(self, line: str) -> None:
        printed, mark, text = line.rpartition(REPORT_MARK)
        report = record_with(text, "received", "requests", "in_flight_at_exit") if mark else None
        if report is None:
            self._listener.printed(line)
            return
        self._report = report
        if printed:
            self._listener.printed(f"{printed}\n")

    def _hear_errors(self, line: str) -> None:
        if line.startswith(_LAST_WORD):
            self._reason = one_line(mask_secrets(line.removeprefix(_LAST_WORD).strip()), LONGEST_TEXT)
        else:
            self._listener.said(self.pid, line)


def _read(stream: IO[bytes] | None, hear: Callable[[str], None]) -> None:
    if stream is None:
        return
    with stream:
        while line := stream.readline(_LONGEST_LINE_BYTES):
            with suppress(OSError, ValueError):  # nobody hears it any more, yet the process must be able to go on writing
                hear(line.decode("utf-8", "backslashreplace"))


def record_with(line: str, *names: str) -> dict[str, Any] | None:
    """The JSON object of a line that has these names; None where it is anything else."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and value.keys() >= set(names) else None
