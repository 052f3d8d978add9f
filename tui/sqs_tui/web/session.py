"""One browser's session: a view-only dashboard in a process of its own, which ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType

from sqs_core.errors import LONGEST_TEXT, describe
from sqs_core.plain_text import one_line
from sqs_tui.served import DRIVER
from sqs_tui.web.packets import SCREEN, packet_of, read_packet, read_prelude

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Sequence

    from aiohttp import web

_END_SECONDS = 3.0
_LAST_WORDS_BYTES = 2000
_PASSED_ON = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEXTUAL_ANIMATIONS"})
_PASSED_ON_PREFIXES = ("LC_", "XDG_", "PYTHON")


def attach_command(program: Sequence[str], target: str, *more: str) -> tuple[str, ...]:
    """What a session runs, `program` being how sqs-tui is started: no shell takes part, and the target is never an option."""
    return (*program, "attach", "--read-only", *more, "--", target)


def session_environment(columns: int, rows: int) -> dict[str, str]:
    """What the process needs to find the consumer and to draw; no credentials, and no settings of the server's own."""
    kept = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)}
    size = {"COLUMNS": str(columns), "ROWS": str(rows)}
    return {**kept, **size, "TEXTUAL_DRIVER": DRIVER, "TEXTUAL_COLOR_SYSTEM": "truecolor", "TERM": "xterm-256color"}


@dataclass(slots=True, eq=False)
class Session:
    """Runs `command` for a websocket that is open."""

    command: Sequence[str]
    websocket: web.WebSocketResponse
    process: Process | None = None

    async def run(self, columns: int, rows: int) -> None:
        """Carry keys in and the screen out until either side ends; the process has ended when this returns."""
        environment = session_environment(columns, rows)
        try:
            # A session of its own: Ctrl-C in the server's terminal is for the server, which ends all in order.
            process = self.process = await asyncio.create_subprocess_exec(
                *self.command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
            )
        except OSError as error:
            await self._say(describe(error))
            await self.websocket.close()
            return
        screen = asyncio.create_task(self._carry_screen(process))
        keys = asyncio.create_task(self._carry_keys(process))
        try:
            await asyncio.wait((screen, keys), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (screen, keys):
                task.cancel()
            await _end(process)
            await asyncio.gather(screen, keys, return_exceptions=True)
            await self.websocket.close()

    def kill(self) -> None:
        """At once, for when there is no time left."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    async def _carry_screen(self, process: Process) -> None:
        if process.stdout is None or process.stderr is None:
            return
        last_words = asyncio.create_task(_tail(process.stderr))
        try:
            await read_prelude(process.stdout)
            while True:
                kind, payload = await read_packet(process.stdout)
                if kind == SCREEN:
                    await self.websocket.send_bytes(payload)
        except (EOFError, ValueError):
            await self._say(await last_words)
        except ConnectionError:
            pass  # the browser is gone, or the process
        finally:
            last_words.cancel()

    async def _say(self, text: str) -> None:
        with contextlib.suppress(ConnectionError):
            await self.websocket.send_bytes(f"\x1b[0m\r\n{one_line(text, LONGEST_TEXT)}".encode())

    async def _carry_keys(self, process: Process) -> None:
        if process.stdin is None:
            return
        with contextlib.suppress(ConnectionError):
            async for message in self.websocket:
                try:
                    packet = packet_of(message.data if message.type is WSMsgType.TEXT else "")
                except ValueError as error:
                    await self.websocket.close(code=WSCloseCode.POLICY_VIOLATION, message=str(error).encode()[:100])
                    return
                if packet is None:
                    await self.websocket.send_json(["pong", message.json()[1]])
                else:
                    process.stdin.write(packet)
                    await process.stdin.drain()


async def _tail(stream: asyncio.StreamReader) -> str:
    """All is read, lest the process waits for it; the last of it is kept."""
    tail = b""
    while chunk := await stream.read(4096):
        tail = (tail + chunk)[-_LAST_WORDS_BYTES:]
    return tail.decode(errors="replace")


async def _end(process: Process) -> None:
    """Have it leave, or kill it when it does not."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_END_SECONDS):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
