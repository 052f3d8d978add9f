"""The control socket of a consumer: any number of viewers look on, and by being there change nothing.

One daemon thread serves all of them. A viewer that does not read gets fewer frames, never a queue of them; one that sends what
is no request is told so and cut off. Nothing here is waited for by the engine.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from math import floor, inf
from typing import TYPE_CHECKING, Any

from sqs_core.errors import describe
from sqs_core.events import Code
from sqs_core.model import SCHEMA, Level
from sqs_core.remote.commands import Asker, Commands
from sqs_core.remote.frames import FrameMaker, Rendered, frame_line
from sqs_core.remote.protocol import CONTROLS, FASTEST_FRAMES, LONGEST_REQUEST_BYTES, LOOKS, PROTOCOL, decode, encode
from sqs_core.remote.records import MalformedError, reader
from sqs_core.remote.sockets import listen, may_connect, peer_user
from sqs_core.wire import iso, snapshot_to_json

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from sqs_core.engine import Engine

MOST_VIEWERS = 32
SILENT_SECONDS = 60.0
"""A viewer that has not asked for frames must ask for something within this time, or it only holds a connection."""
LONGEST_LOOK_BYTES = 64 * 1024
_READY_SECONDS = 10.0
_GOODBYE_SECONDS = 0.5
_FLUSH_SECONDS = 0.01
_FRESH_SECONDS = 0.5
_BEHIND_SECONDS = 1.0


class _Viewer:
    """One connection. `period` is None until it asks for frames."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.user_id = peer_user(writer.get_extra_info("socket"))
        self.summary = False
        self.period: float | None = None
        self.due = 0.0
        self.before: Rendered | None = None
        self.dropped = 0

    @property
    def behind(self) -> bool:
        """Whether what it was sent still waits to be read."""
        return self.writer.transport.get_write_buffer_size() > 0


class ControlServer:
    """Serves one engine. `control` allows commands; without it, viewers can only look. `folder` is for its socket."""

    def __init__(self, engine: Engine, *, control: bool, folder: Path | None = None) -> None:
        self.path: Path | None = None
        self._folder = folder
        self._engine, self._control = engine, control
        self._commands = Commands(engine, allowed=control)
        self._longest_request = LONGEST_REQUEST_BYTES if control else LONGEST_LOOK_BYTES
        self._viewers: set[_Viewer] = set()
        self._makers = {summary: FrameMaker(summary=summary) for summary in (False, True)}
        self._newest: dict[bool, tuple[float, Rendered]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()
        self._closing = asyncio.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen. Raises `ConfigurationError` where no socket can be made."""
        listening, self.path = listen(self._folder)
        ready = threading.Event()
        work = self._serve(listening, ready)
        self._thread = threading.Thread(target=lambda: asyncio.run(work), name="control", daemon=True)
        self._thread.start()
        ready.wait(_READY_SECONDS)

    def close(self) -> None:
        """Tell viewers how it ended, remove the socket, and end; takes a second at most."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        if self._loop is not None and self._thread is not None:
            with suppress(RuntimeError):  # its loop may have ended by itself
                self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(2 * _GOODBYE_SECONDS)

    async def _serve(self, listening: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_unix_server(self._meet, sock=listening, limit=self._longest_request)
        frames = asyncio.create_task(self._send_frames())
        ready.set()
        await self._closing.wait()
        frames.cancel()
        # A connection that was accepted but not yet met when its server closes would be forgotten unclosed.
        self._loop.remove_reader(listening)
        await asyncio.sleep(_FLUSH_SECONDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._say_goodbye(), _GOODBYE_SECONDS)
        server.close()

    async def _meet(self, incoming: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with one viewer until it leaves or is cut off."""
        try:
            viewer = _Viewer(writer)
            refusal = self._refusal(viewer)
            writer.write(encode({"type": "refused", "error": refusal} if refusal else self._hello()))
            if not refusal:
                self._viewers.add(viewer)
                await self._converse(incoming, viewer)
        except (OSError, EOFError, TimeoutError, asyncio.CancelledError):
            pass  # it has left, says nothing, or is still there when this ends
        finally:
            self._viewers = {viewer for viewer in self._viewers if viewer.writer is not writer}
            await _hang_up(writer)

    def _refusal(self, viewer: _Viewer) -> str:
        if not may_connect(viewer.user_id):
            return f"uid {viewer.user_id} may not look at a consumer of uid {os.getuid()}"
        if len(self._viewers) >= MOST_VIEWERS:
            return f"{MOST_VIEWERS} viewers are connected already: close one"
        return ""

    def _hello(self) -> dict[str, Any]:
        info = self._engine.info()
        return {
            "type": "hello",
            "protocol": PROTOCOL,
            "schema": SCHEMA,
            "version": info.version,
            "pid": info.pid,
            "host": info.host,
            "started_at": iso(info.started_at),
            "environment": info.environment,
            "queues": [consumer.name for consumer in self._engine.consumers],
            "capabilities": [*LOOKS, *(CONTROLS if self._control else ())],
        }

    async def _converse(self, incoming: asyncio.StreamReader, viewer: _Viewer) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENT_SECONDS if viewer.period is None else None):
                    line = await incoming.readuntil(b"\n")
            except asyncio.LimitOverrunError:
                viewer.writer.write(_failed(None, f"a request of over {self._longest_request:,} bytes is not read"))
                return
            answer, goes_on = self._answer(viewer, line)
            viewer.writer.write(answer)
            await viewer.writer.drain()
            if not goes_on:
                return

    def _answer(self, viewer: _Viewer, line: bytes) -> tuple[bytes, bool]:
        """The answer to a request, and whether to listen on: not to one who does not speak the protocol."""
        number = None
        try:
            request = decode(line)
            number = request.get("id")
            return encode({"type": "answer", "id": number, "ok": True, "result": self._result(viewer, request)}), True
        except MalformedError as error:
            return _failed(number, f"malformed: {error}"), False
        except Exception as error:  # noqa: BLE001 - whatever it is, the viewer is told and the consumer goes on
            return _failed(number, describe(error)), True

    def _result(self, viewer: _Viewer, request: dict[str, Any]) -> Any:
        kind = request.get("type")
        if kind == "snapshot":
            return snapshot_to_json(self._engine.snapshot())
        if kind == "frames":
            return self._begin_frames(viewer, request)
        if kind == "message":
            return self._commands.message(request)
        if kind == "ping":
            return "pong"
        if kind == "unmask":
            return self._commands.unmask(request, Asker.of(viewer.user_id, request))
        if kind in CONTROLS:
            return self._commands.control(request, Asker.of(viewer.user_id, request))
        raise MalformedError(f"type {kind!r} is none of {', '.join((*LOOKS, *CONTROLS))}")

    def _begin_frames(self, viewer: _Viewer, request: dict[str, Any]) -> str:
        per_second = reader(float)(request.get("per_second"), "per_second")
        if not 0 <= per_second <= FASTEST_FRAMES:
            raise MalformedError(f"per_second {per_second:g} is not between 0 and {FASTEST_FRAMES:g}")
        viewer.summary = reader(bool)(request.get("summary", False), "summary")
        viewer.period = 1 / per_second if per_second else None
        viewer.before, viewer.due = None, 0.0
        self._asked.set()
        return f"{per_second:g} frames a second"

    async def _send_frames(self) -> None:
        """One render serves all viewers of a rate: they are due at the same moments."""
        clock = asyncio.get_running_loop().time
        while True:
            due = [viewer for viewer in self._viewers if viewer.period is not None and viewer.due <= clock()]
            try:
                self._send(due, clock())
            except Exception as error:  # noqa: BLE001 - such as an engine that cannot be read; the next frame may be better
                text = f"viewers got no frame: {describe(error)}"
                self._engine.events.record(Level.ERROR, Code.CONTROL_UNAVAILABLE, None, text, collapse="frames")
            for viewer in due:
                period = max(viewer.period or 1.0, _BEHIND_SECONDS if viewer.behind else 0.0)
                viewer.due = (floor(clock() / period) + 1) * period
            waits = [viewer.due - clock() for viewer in self._viewers if viewer.period is not None]
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), max(0.0, min(waits)) if waits else None)
            self._asked.clear()

    def _send(self, viewers: list[_Viewer], clock: float) -> None:
        ready = [viewer for viewer in viewers if not viewer.behind]
        for viewer in viewers:
            viewer.dropped += viewer not in ready
        for summary in {viewer.summary for viewer in ready}:
            of_kind = [viewer for viewer in ready if viewer.summary is summary]
            now = self._rendered(summary, clock, of_kind)
            lines: dict[tuple[int | None, int], bytes] = {}
            for viewer in of_kind:
                self._send_one(viewer, now, lines)

    def _rendered(self, summary: bool, clock: float, viewers: list[_Viewer]) -> Rendered:
        """A new render; who has just come gets the newest there is, for its next frame comes soon."""
        newest = self._newest.get(summary)
        if newest is not None and clock - newest[0] < _FRESH_SECONDS and all(viewer.before is None for viewer in viewers):
            return newest[1]
        rendered = self._makers[summary].render(self._engine.snapshot())
        self._newest[summary] = (clock, rendered)
        return rendered

    def _send_one(self, viewer: _Viewer, now: Rendered, lines: dict[tuple[int | None, int], bytes]) -> None:
        key = (viewer.before.number if viewer.before else None, viewer.dropped)
        if key not in lines:
            lines[key] = frame_line(now, viewer.before, viewer.dropped)
        viewer.writer.write(lines[key])
        viewer.before = now

    async def _say_goodbye(self) -> None:
        self._send([viewer for viewer in self._viewers if viewer.period is not None], inf)
        for viewer in self._viewers:
            viewer.writer.write(encode({"type": "goodbye"}))
        while any(viewer.behind for viewer in self._viewers):
            await asyncio.sleep(_FLUSH_SECONDS)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """What was written goes out if it is read soon; who does not read keeps no descriptor of ours."""
    writer.close()
    try:
        await asyncio.wait_for(writer.wait_closed(), _GOODBYE_SECONDS)
    except (OSError, TimeoutError, asyncio.CancelledError):  # cancelled where the server ends meanwhile
        writer.transport.abort()


def _failed(number: object, error: str) -> bytes:
    return encode({"type": "answer", "id": number, "ok": False, "error": error})
