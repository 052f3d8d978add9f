"""`sqs-tui serve` as a process, and what a browser would ask of it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from consuming import PROGRAM
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping


class Serving:
    """`sqs-tui serve` that has said where it answers: `url`."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        command = [str(PROGRAM), "serve", *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        assert self.process.stdout is not None
        self.said = [self.process.stdout.readline(), self.process.stdout.readline()]
        self.url = self.said[-1].strip()
        assert self.url, self.process.communicate(timeout=DEADLINE_SECONDS)[1]

    @property
    def origin(self) -> str:
        """Of the page."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def host(self) -> str:
        """With the port."""
        return urlsplit(self.url).netloc

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=DEADLINE_SECONDS)

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        """Send a signal; the exit code and what else was said."""
        self.process.send_signal(number)
        out, errors = self.process.communicate(timeout=DEADLINE_SECONDS)
        return self.process.returncode, out, errors

    def children(self) -> set[int]:
        """The processes of the sessions."""
        pid = self.process.pid
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()}


def living(pids: set[int]) -> set[int]:
    """Those that have not ended; a zombie has."""
    return {pid for pid in pids if _state(pid) not in {"", "Z"}}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def wait_for_end(pids: set[int]) -> None:
    """Until all have ended; those that do not are killed, and the test fails."""
    try:
        wait_until(lambda: not living(pids))
    finally:
        for pid in living(pids):
            os.kill(pid, signal.SIGKILL)


async def status(client: ClientSession, url: str, headers: Mapping[str, str] | None = None) -> int:
    """The status of a plain request."""
    async with client.get(url, headers=headers) as answer:
        return answer.status


async def refusal(client: ClientSession, url: str, headers: Mapping[str, str] | None = None) -> int:
    """The status with which a websocket is refused; 101 for one that is not."""
    try:
        async with client.ws_connect(url, headers=headers):
            return 101
    except WSServerHandshakeError as error:
        return error.status


async def read_until(websocket: ClientWebSocketResponse, text: bytes) -> bytes:
    """All that is drawn until a text has been; it fails when the session ends before."""
    seen = b""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while text not in seen:
            message = await websocket.receive()
            assert message.type is WSMsgType.BINARY, (message, seen[-500:])
            seen += message.data
    return seen


async def read_to_end(websocket: ClientWebSocketResponse) -> tuple[bytes, int | None]:
    """All that is drawn until the session ends, and the code it is closed with."""
    seen = b""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while (message := await websocket.receive()).type is WSMsgType.BINARY:
            seen += message.data
    assert message.type is WSMsgType.CLOSE, message
    return seen, websocket.close_code
