"""An HTTP server whose every answer a test scripts, byte by byte, and who tells what it was asked on which connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

Step = bytes | None
"""What is sent back; None closes the connection instead."""


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A plain answer of SQS's kind."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/x-amz-json-1.0", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join((*lines, "", "")).encode() + body


class ScriptedServer:
    """Answers requests, in the order in which they come on whatever connection, with `steps`; then with `{}`.

    `asked` holds head and body of each request, `connections` counts accepted ones, and `spoken` is what each of those over TLS
    agreed to speak (ALPN). After a step that `closes` says yes to, the connection is closed.
    """

    def __init__(self, *steps: Step, context: ssl.SSLContext | None = None) -> None:
        self.steps: deque[Step] = deque(steps)
        self.closes: Callable[[bytes], bool] = lambda _answer: False
        self.asked: list[tuple[str, bytes]] = []
        self.connections = 0
        self.spoken: list[str | None] = []
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> ScriptedServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.drop_connections()

    def use(self, context: ssl.SSLContext) -> None:
        """Prove who it is by another certificate from here on, on new connections."""
        self._context = context
        self.drop_connections()

    def drop_connections(self) -> None:
        """Close what is open, as a server does with idle connections."""
        while self._open:
            with contextlib.suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client: Any = self._listener.accept()[0]
                self.connections += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._context is not None:
                client = secured = self._context.wrap_socket(client, server_side=True)
                self.spoken.append(secured.selected_alpn_protocol())
            self._open.append(client)
            with client, client.makefile("rb") as reader:
                while (length := _length(head := _read_head(reader))) is not None:
                    self.asked.append((head, reader.read(length)))
                    step = self.steps.popleft() if self.steps else answer(b"{}")
                    if step is None:
                        return
                    client.sendall(step)
                    if self.closes(step):
                        return


def _read_head(reader: Any) -> str:
    lines = []
    while (line := reader.readline()) not in (b"\r\n", b""):
        lines.append(line.decode("latin-1").rstrip())
    return "\r\n".join(lines)


def _length(head: str) -> int | None:
    """Of the body; None for what is no request of ours, such as the end of a connection."""
    return next((int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), None)
