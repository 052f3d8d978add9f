"""A proxy that lets chosen things go wrong between a client and an SQS server, both on this machine.

It counts what was asked, so that a hot loop shows. The same seed and the same requests in the same order give the same faults.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import random
import socket
import struct
import threading
import time
from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from sqs_core.demo.chaos_faults import Fault as Fault
from sqs_core.demo.chaos_faults import Rule as Rule
from sqs_core.demo.chaos_faults import strike
from sqs_core.demo.emulator import LOOPBACK
from sqs_core.demo.http_stream import LONGEST_HEAD_BYTES, HttpMessage, read_message
from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Coroutine

_BACKLOG = 128
_SECONDS_KEPT = 4096
_STOP_SECONDS = 5.0
_TURNS = 4
"""Of the loop, until what was cancelled has ended and its transports are closed."""
_ENDINGS = (OSError, ValueError, EOFError, asyncio.LimitOverrunError)


class ChaosProxy:
    """Use it as a context manager, or call `start()` and `stop()`. All methods may be called by any thread.

    `asked` counts requests by operation, `struck` faults; both are of the whole time. `down()` refuses connections and cuts
    those that are open, `up()` ends that. Raises `ConfigurationError` for an upstream that is not on this machine.
    """

    def __init__(self, upstream_url: str, *rules: Rule, seed: int = 0) -> None:
        self._host, self._port = _on_this_machine(upstream_url)
        self.asked: Counter[str] = Counter()
        self.struck: Counter[Fault] = Counter()
        self._by_second: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()
        self._rules = [_Counted(rule) for rule in rules]
        self._dice = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos", daemon=True)
        self._place = _bound_socket(0)
        self._listening = False
        self._serving: dict[socket.socket, asyncio.Task[None]] = {}

    @property
    def url(self) -> str:
        """Where it listens, unless it is down."""
        return f"http://{LOOPBACK}:{self._place.getsockname()[1]}"

    def start(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        self.up()
        return self

    def stop(self) -> None:
        """Cut every connection and end."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_SECONDS)
        self._place.close()
        if not self._thread.is_alive():
            self._loop.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add(self, *rules: Rule) -> None:
        """More rules; of those that match a request the first decides."""
        with self._lock:
            self._rules = [*self._rules, *(_Counted(rule) for rule in rules)]

    def remove(self, rule: Rule) -> None:
        """This one no more; does nothing where it is not there. A request that hangs goes on hanging."""
        with self._lock:
            self._rules = [counted for counted in self._rules if counted.rule is not rule]

    def clear(self) -> None:
        """No rules any more. A request that hangs goes on hanging."""
        with self._lock:
            self._rules = []

    def down(self) -> None:
        """Refuse connections, on the same port, and cut those that are open."""
        self._run(self._close())

    def up(self) -> None:
        """Listen (again)."""
        self._run(self._listen())

    def busiest_second(self, operation: str = "*") -> int:
        """The most requests for operations that match within one second; seconds long ago are forgotten."""
        with self._lock:
            seconds: Counter[int] = Counter()
            for (name, second), count in self._by_second.items():
                if fnmatchcase(name, operation):
                    seconds[second] += count
        return max(seconds.values(), default=0)

    def count(self, operation: str = "*") -> int:
        """How many requests for operations that match came."""
        with self._lock:
            return sum(count for name, count in self.asked.items() if fnmatchcase(name, operation))

    def _run(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_STOP_SECONDS)

    async def _listen(self) -> None:
        if not self._listening:
            self._listening = True
            self._place.setblocking(False)
            self._place.listen(_BACKLOG)
            self._loop.add_reader(self._place, self._accept)

    async def _close(self) -> None:
        if self._listening:
            self._listening = False
            self._loop.remove_reader(self._place)
            port = self._place.getsockname()[1]
            self._place.close()
            self._place = _bound_socket(port)  # bound and not listening: connections are refused, and nobody else gets the port
        for task in self._serving.values():
            task.cancel()
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        for connection in self._serving:  # a task that is cancelled before its first step closes nothing itself
            connection.close()
        self._serving.clear()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._place.accept()
            self._serving[connection] = self._loop.create_task(self._serve(connection))

    async def _serve(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection, limit=LONGEST_HEAD_BYTES)
        link = _Link(self._host, self._port)
        try:
            with contextlib.suppress(*_ENDINGS):
                await self._answer_all(reader, writer, link)
            writer.close()
            with contextlib.suppress(*_ENDINGS):
                await writer.wait_closed()
        except asyncio.CancelledError:
            _reset(writer)
        finally:
            link.close()
            self._serving.pop(connection, None)

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: _Link) -> None:
        while (request := await read_message(reader)) is not None:
            rule = self._decide(request.operation)
            if rule is None:
                answer = await link.ask(request)
                writer.write(answer.head() + answer.body)
                await writer.drain()
            elif not await strike(_Exchange(request, rule, link, reader, writer)):
                return

    def _decide(self, operation: str) -> Rule | None:
        with self._lock:
            self.asked[operation] += 1
            self._by_second[operation, int(time.monotonic())] += 1
            if len(self._by_second) > _SECONDS_KEPT:
                del self._by_second[next(iter(self._by_second))]
            for counted in self._rules:
                if counted.rule.matches(operation) and counted.applies(self._dice):
                    self.struck[counted.rule.fault] += 1
                    return counted.rule
        return None


class _Counted:
    """A rule, and how often it was asked and has struck."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._asked = self._struck = 0

    def applies(self, dice: random.Random) -> bool:
        self._asked += 1
        after = self._asked - self.rule.skip
        if after <= 0 or after % self.rule.every or (self.rule.times is not None and self._struck >= self.rule.times):
            return False
        if self.rule.probability < 1 and dice.random() >= self.rule.probability:
            return False
        self._struck += 1
        return True


class _Link:
    """One connection to the server, made when it is needed and made again when the server has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: HttpMessage) -> HttpMessage:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=LONGEST_HEAD_BYTES)
        reader, writer = self._streams
        writer.write(request.head(f"{self._host}:{self._port}") + request.body)
        await writer.drain()
        answer = await read_message(reader)
        if answer is None:
            raise ConnectionResetError("the server closed the connection")
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].transport.abort()


class _Exchange:
    def __init__(
        self, request: HttpMessage, rule: Rule, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.request, self.rule = request, rule
        self._link, self._reader, self._writer = link, reader, writer

    async def forward(self, request: HttpMessage) -> HttpMessage:
        return await self._link.ask(request)

    async def send(self, answer: HttpMessage) -> None:
        await self.write(answer.head() + answer.body)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def client_gone(self) -> None:
        while await self._reader.read(65536):
            pass

    def reset(self) -> None:
        _reset(self._writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection so that its other end sees a reset, not an orderly end."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _bound_socket(port: int) -> socket.socket:
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind((LOOPBACK, port))
    return place


def _on_this_machine(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if parts.scheme != "http" or not local or not parts.port:
        raise ConfigurationError(f"upstream {url!r} is not on this machine: write it as http://127.0.0.1:PORT")
    return host, parts.port
