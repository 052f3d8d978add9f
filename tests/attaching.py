"""Looking at consumers from outside: raw connections past the code under test, and engines that need no server."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any

from sqs_core.engine import Engine
from sqs_core.handlers import make_handler
from sqs_core.remote.server import ControlServer
from sqs_core.settings import ConsumerSettings, make_connection_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOBODY = "http://127.0.0.1:9"
READ_SECONDS = 10.0


class Raw:
    """A connection to a control socket that says what it is told to."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(READ_SECONDS)
        self.socket.connect(str(path))
        self._incoming = self.socket.makefile("rb")

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self._incoming.close()
        self.socket.close()

    def line(self) -> dict[str, Any] | None:
        """The next line; None at the end."""
        with contextlib.suppress(ConnectionResetError):
            text = self._incoming.readline()
            return json.loads(text) if text else None
        return None

    def send(self, data: bytes) -> None:
        """Any bytes."""
        self.socket.sendall(data)

    def ask(self, kind: str, number: int = 1, **fields: Any) -> dict[str, Any]:
        """A request and its answer; frames in between are passed over."""
        self.send(json.dumps({"type": kind, "id": number, **fields}).encode() + b"\n")
        while (answer := self.line()) is not None:
            if answer.get("type") == "answer":
                return answer
        raise AssertionError(f"{kind} was not answered")


def idle_engine(**settings: Any) -> Engine:
    """An engine of one queue that is never started and needs no server."""
    connection = make_connection_settings(endpoint_url=NOBODY, **settings)
    return Engine(connection, ConsumerSettings(), [("orders", make_handler("builtin:noop", None))])


@contextlib.contextmanager
def served(engine: Engine, *, control: bool = False) -> Iterator[Path]:
    """The path of an engine's control socket while the block runs."""
    server = ControlServer(engine, control=control)
    server.start()
    assert server.path is not None
    try:
        yield server.path
    finally:
        server.close()
