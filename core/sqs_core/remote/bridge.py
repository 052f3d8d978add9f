"""Standard input and output carried to and from a consumer's socket, for `kubectl exec -i POD -- sqs-tui bridge`."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from sqs_core.errors import UnreachableError
from sqs_core.remote.sockets import connect
from sqs_core.remote.viewing import PING_SECONDS

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

SILENT_SECONDS = 3 * PING_SECONDS
"""When a client of kubectl dies, its program often stays in the pod: one whose viewer says nothing for so long ends."""
_CHUNK = 64 * 1024
_LOOK_SECONDS = 0.5


def run_bridge(path: Path, silent_seconds: float = SILENT_SECONDS) -> NoReturn:
    """Carry lines until one side ends or the viewer is silent for too long; then end the process with 0.

    A thread may be stuck in a write that nobody takes, so nothing is waited for. Raises `UnreachableError` where nothing listens.
    """
    try:
        peer = connect(path)
    except OSError as error:
        raise UnreachableError(f"nothing listens on {path}: {error.strerror or error}") from error
    peer.settimeout(None)
    ended = threading.Event()
    heard = [time.monotonic()]

    def hear() -> None:
        heard[0] = time.monotonic()

    _start("to the consumer", lambda: _carry(lambda: os.read(0, _CHUNK), peer.sendall, hear), ended)
    _start("to the viewer", lambda: _carry(lambda: _received(peer), _write_out, lambda: None), ended)
    while not ended.wait(_LOOK_SECONDS):
        if time.monotonic() - heard[0] > silent_seconds:
            sys.stderr.write(f"sqs-tui: the viewer has said nothing for {silent_seconds:g} s: the bridge ends\n")
            break
    sys.stderr.flush()
    os._exit(0)


def _start(name: str, work: Callable[[], None], ended: threading.Event) -> None:
    def run() -> None:
        try:
            work()
        finally:
            ended.set()

    threading.Thread(target=run, name=name, daemon=True).start()


def _carry(read: Callable[[], bytes], write: Callable[[bytes], None], hear: Callable[[], None]) -> None:
    try:
        while chunk := read():
            hear()
            write(chunk)
    except OSError:
        return  # one side has gone


def _received(peer: socket.socket) -> bytes:
    return peer.recv(_CHUNK)


def _write_out(chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(1, left) :]
