"""A second consumer in a process of its own, and what it has told."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from contextlib import suppress

from sqs_core.demo.emulator import inherited_environment
from sqs_core.demo.guarded import GuardedProcess

_DEATH_SECONDS = 2.0
_PROGRAM = "sqs_core.demo.other_program"


class OtherProcess:
    """Consumes a queue of the emulator from its making until `kill` or `stop`; never outlives this process."""

    def __init__(self, endpoint_url: str, region: str, queue: str, handler_seconds: float) -> None:
        command = [sys.executable, "-P", "-m", _PROGRAM, endpoint_url, region, queue, f"{handler_seconds:.3f}"]
        path = os.pathsep.join(part for part in sys.path if part)
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - it is read until `stop`
        self._process = GuardedProcess(command, {**inherited_environment(), "PYTHONPATH": path}, self._output)
        self._killed = False

    def told(self, word: str) -> set[str]:
        """What it said of `began`, `ended` or `pid`. Empty once it was stopped."""
        if self._output.closed:
            return set()
        said = os.pread(self._output.fileno(), os.fstat(self._output.fileno()).st_size, 0).decode("utf-8", "replace")
        return {rest for line in said.splitlines() for head, _, rest in [line.partition(" ")] if head == word}

    @property
    def alive(self) -> bool:
        """Whether it still works."""
        return not self._killed and not self._process.ended()

    def kill(self) -> bool:
        """SIGKILL, which no program can answer; waits for its end, 2 s at most. False when it has not begun yet, or has ended."""
        pid = next(iter(self.told("pid")), "")
        if not pid.isdecimal() or not self.alive:
            return False
        self._killed = True
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
        self._process.ended(_DEATH_SECONDS)
        return True

    def stop(self) -> None:
        """End it, if it has not ended. Takes 3 s at most."""
        self._process.stop()
        self._output.close()
