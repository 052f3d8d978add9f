"""A child process that never outlives this one, whichever way this one ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GUARD = Path(__file__).with_name("guard.py")
# The guard allows the command half a second between SIGTERM and SIGKILL; past this the guard is killed with its group.
_STOP_SECONDS = 3.0


class GuardedProcess:
    """A command in its own session and process group, deaf to this terminal's keys, watched over by a guard process.

    It ends with `stop()` or with this process, SIGKILL of this process included. `environment` is all it gets, plus
    HOME and TMPDIR, which point to a directory of its own that is removed when it ends. `output` takes stdout and
    stderr.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], output: IO[bytes]) -> None:
        guard = [sys.executable, "-IS", str(_GUARD), str(os.getpid())]
        self._process = subprocess.Popen(  # noqa: S603 - the command is ours, and there is no shell
            [*guard, *command],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The guard's process id, which is the group's too."""
        return self._process.pid

    def ended(self, within_seconds: float = 0) -> bool:
        """Whether it has ended; waits for that up to `within_seconds`."""
        try:
            self._process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End it and reap it: SIGTERM, then SIGKILL. Takes 3 s at most, and does nothing when it has ended already."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if not self.ended(_STOP_SECONDS) or self._process.returncode < 0:
            # The guard hangs or was killed itself, and what it watched over may still be in its group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
