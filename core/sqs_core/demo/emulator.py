"""The embedded SQS server of the demo: MiniStack in a process of its own, on this machine's loopback only."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import os
import random
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from sqs_core.demo.guarded import GuardedProcess
from sqs_core.errors import ConfigurationError, UnreachableError

if TYPE_CHECKING:
    from types import TracebackType

LOOPBACK = "127.0.0.1"
MISSING = "the demo needs the extra: pip install 'sqs-tui[demo]'"

_LOOK_SECONDS = 0.05
# Below what Linux (32768) and macOS (49152) give to connections and to servers that take any port: while the emulator
# starts, which takes a while, no other process comes to its port by chance.
_NEVER_GIVEN = range(20_000, 32_768)
_TRIES = 20
# All that a process of the demo may see of our environment: no AWS variable, no setting meant for another emulator.
_INHERITED = ("PATH", "TMPDIR", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Emulator:
    """A running emulator with empty queues; everything it knows is gone when it stops.

    Use it as a context manager, or call `start()` and `stop()`. It writes nothing to this terminal, listens on
    nothing but one loopback port, and ends with this process whichever way that ends.
    """

    def __init__(self, start_timeout_seconds: float = 30) -> None:
        self._start_timeout_seconds = start_timeout_seconds
        self._process: GuardedProcess | None = None
        self._port = 0

    @property
    def endpoint_url(self) -> str:
        """Where it answers; known once it was started."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process group it runs in, or None when it is not running."""
        return self._process.pid if self._process is not None else None

    def start(self) -> Self:
        """Start it and wait until it answers.

        Raises `ConfigurationError` when MiniStack is not installed, and `UnreachableError` when it ended at once or did
        not answer in time.
        """
        command = find_command()
        self._port = free_port()
        with tempfile.TemporaryFile() as log:
            self._process = GuardedProcess(command, _environment(self._port), log)
            try:
                self._wait_until_ready(log)
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self) -> None:
        """Stop it and wait for its end, 3 s at most; harmless when it has stopped. A poll that is out is cut off."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _wait_until_ready(self, log: IO[bytes]) -> None:
        deadline = time.monotonic() + self._start_timeout_seconds
        while not answers(self._port, "/_ministack/health"):
            if self._process is None or self._process.ended(within_seconds=_LOOK_SECONDS):
                raise UnreachableError(f"the demo's emulator ended while it started: {_last_line(log)}")
            if time.monotonic() > deadline:
                raise UnreachableError(
                    f"the demo's emulator gave no answer at {self.endpoint_url} in {self._start_timeout_seconds:g} s"
                )


def find_command() -> list[str]:
    """The command that runs MiniStack: this interpreter's module, else the script beside it, else the one on PATH.

    Raises `ConfigurationError` when there is none. A script serves where MiniStack lives in another environment than
    ours, which its exact pin on botocore may ask for.
    """
    if importlib.util.find_spec("ministack") is not None:
        return [sys.executable, "-P", "-m", "ministack"]
    beside = str(Path(sys.executable).parent)
    script = shutil.which("ministack", path=beside) or shutil.which("ministack")
    if script is None:
        raise ConfigurationError(MISSING)
    return [script]


def free_port() -> int:
    """A loopback port that nobody listens on at this moment, and that the system gives to nobody who asks for any port.

    Should none of those be found free, it is one the system gives.
    """
    for port in (*random.sample(_NEVER_GIVEN, k=_TRIES), 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            found: int = probe.getsockname()[1]
            return found
    raise UnreachableError("this machine has no free port on its loopback")


def answers(port: int, path: str) -> bool:
    """Whether a server on the loopback port answers a GET with 200. No proxy is asked."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def inherited_environment() -> dict[str, str]:
    """What a process of the demo may see of our environment."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def _environment(port: int) -> dict[str, str]:
    return inherited_environment() | {
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "WARNING",
        # Listeners that would ignore BIND_HOST.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Nothing on the disk (what little there is goes to TMPDIR, which the guard removes) …
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        # … and hands off the user's Docker: with a daemon in reach it would remove containers of other MiniStacks.
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    }


def _last_line(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
