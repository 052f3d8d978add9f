"""The two ways to a consumer: its socket on this machine, or a program that carries its lines (`kubectl exec … bridge`)."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import subprocess
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from sqs_core.errors import UnreachableError
from sqs_core.remote.protocol import LONGEST_LINE_BYTES
from sqs_core.remote.records import MalformedError
from sqs_core.remote.sockets import connect

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WRITE_SECONDS = 2.0
_END_SECONDS = 1.0
_LINES_OF_TROUBLE = 5


class Peer(Protocol):
    """A connection that carries lines. `read_line` may be in one thread while others write."""

    def read_line(self) -> bytes:
        """The next line; raises `OSError`, `UnreachableError` at the end, `MalformedError` for one without end."""

    def write(self, line: bytes) -> None:
        """Write a line within two seconds. Raises `OSError`."""

    def close(self) -> None:
        """End it; a thread that reads is woken. Safe to call twice."""


def _whole(line: bytes, at_end: str) -> bytes:
    if line.endswith(b"\n"):
        return line
    if len(line) >= LONGEST_LINE_BYTES:
        raise MalformedError(f"a line of over {LONGEST_LINE_BYTES:,} bytes is not read")
    raise UnreachableError(at_end)


class SocketPeer:
    """A consumer of this machine."""

    def __init__(self, path: Path) -> None:
        self._socket = connect(path)
        self._socket.settimeout(None)
        limit = struct.pack("ll", int(_WRITE_SECONDS), 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self._incoming = self._socket.makefile("rb")

    def limit(self, seconds: float) -> None:
        """Raise `TimeoutError` where nothing is read for so long."""
        self._socket.settimeout(seconds)

    def read_line(self) -> bytes:
        """See `Peer`."""
        return _whole(self._incoming.readline(LONGEST_LINE_BYTES), "the consumer has closed the connection")

    def write(self, line: bytes) -> None:
        """See `Peer`."""
        self._socket.sendall(line)

    def close(self) -> None:
        """See `Peer`."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._incoming.close()
        self._socket.close()


class ProcessPeer:
    """A program whose standard streams carry the lines; what it writes on stderr explains its end."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - a list, and no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self._errors: deque[bytes] = deque(maxlen=_LINES_OF_TROUBLE)
        self._listener = threading.Thread(target=self._listen, name="stderr of a bridge", daemon=True)
        self._listener.start()
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)

    def read_line(self) -> bytes:
        """See `Peer`."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline(LONGEST_LINE_BYTES)
        return line if line.endswith(b"\n") else _whole(line, self._why())

    def write(self, line: bytes) -> None:
        """See `Peer`."""
        assert self._process.stdin is not None
        descriptor, left, end = self._process.stdin.fileno(), memoryview(line), time.monotonic() + _WRITE_SECONDS
        while left:
            _, ready, _ = select.select([], [descriptor], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("the bridge takes nothing")
            left = left[os.write(descriptor, left) :]

    def close(self) -> None:
        """See `Peer`."""
        with contextlib.suppress(OSError):
            self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(_END_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(OSError, ValueError):
            for line in iter(lambda: self._process.stderr.readline(4096), b""):  # type: ignore[union-attr]
                self._errors.append(line)

    def _why(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._listener.join(_END_SECONDS)
        said = " ".join(line.decode("utf-8", "replace").strip() for line in self._errors).strip()
        return said or f"the bridge has ended (exit code {self._process.returncode})"
