"""A consumer that means harm: it speaks the protocol of the control socket, and says what it is told to in every field."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from sqs_core.model import SCHEMA, Level
from sqs_core.remote.details import detail_to_json
from sqs_core.remote.frames import FrameMaker, frame_line
from sqs_core.remote.protocol import CONTROLS, LOOKS, PROTOCOL, encode
from sqs_core.wire import iso, snapshot_to_json
from test_tui_hostile import infested, infested_message
from tui_canned import NOW, event

if TYPE_CHECKING:
    from pathlib import Path

    from sqs_core.model import Snapshot

MALFORMED = (
    b"[" * 100_000, b'{"type":"frame","number":' + b"9" * 5_000 + b"}", b'{"type":"frame","number":1e400}', b"\xff\xfe\x00",
    b'{"type":"frame","number":1,"at":"\\u001b[6669m"}', b'{"type":"frame","number":1,"base":"\\u009b"}', b"null",
    b'{"type":"\\u001b]0;6669\\u0007"}', b'{"type":"answer","id":"\\u202e","ok":false,"error":["\\u001b"]}',
)  # fmt: skip
"""Lines that are no frame: too deep, without end, of other types, and with something to obey in what will be complained of."""
_FRAME_SECONDS = 0.2


def said(payload: str) -> Snapshot:
    """A snapshot with the payload in every text, also in what is told as a toast."""
    told = infested(payload)
    toasts = (event(payload, Level.ERROR, "replay.failed"), event(payload, code="replay.sent"))
    return replace(told, events=(*told.events, *toasts))


class HostilePeer:
    """Listens at `path` while the block runs. `payload` may be set at any time; `malformed` lines are sent once each."""

    def __init__(self, path: Path, payload: str) -> None:
        self.path, self.payload = path, payload
        self.malformed: list[bytes] = []
        self.asked: list[str] = []
        self._ending = threading.Event()
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._listening.bind(str(self.path))
        self.path.chmod(0o600)
        self._listening.listen()
        self._listening.settimeout(_FRAME_SECONDS)
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(10)
        self._listening.close()

    def _accept(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listening.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_FRAME_SECONDS)
            connection.sendall(encode(self._hello()))
            rest, wants_frames = b"", False
            while not self._ending.is_set():
                with contextlib.suppress(TimeoutError):
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    *lines, rest = (rest + chunk).split(b"\n")
                    for request in map(json.loads, lines):
                        self.asked.append(request["type"])
                        wants_frames |= request["type"] == "frames"
                        connection.sendall(encode(self._answer(request)))
                if wants_frames:
                    connection.sendall(self._frame())

    def _hello(self) -> dict[str, Any]:
        payload = self.payload
        return {
            "type": "hello", "protocol": PROTOCOL, "schema": SCHEMA, "version": payload, "pid": 1, "host": payload,
            "started_at": iso(NOW), "environment": payload, "queues": [payload], "capabilities": [*LOOKS, *CONTROLS, payload],
        }  # fmt: skip

    def _frame(self) -> bytes:
        if self.malformed:
            return self.malformed.pop() + b"\n"
        return frame_line(FrameMaker(summary=False).render(said(self.payload)), None, 0)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """What is asked for is refused in words of ours, unless it is something to look at."""
        number, kind = request.get("id"), request["type"]
        results = {"frames": self.payload, "ping": self.payload}
        if kind == "message":
            return {"type": "answer", "id": number, "ok": True, "result": detail_to_json(infested_message(self.payload))}
        if kind == "snapshot":
            return {"type": "answer", "id": number, "ok": True, "result": snapshot_to_json(said(self.payload))}
        if kind in results:
            return {"type": "answer", "id": number, "ok": True, "result": results[kind]}
        return {"type": "answer", "id": number, "ok": False, "error": self.payload}
