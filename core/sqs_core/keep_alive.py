"""HTTP/1.1 requests to one server over connections that are kept: no more of them than requests that are out at once.

A kept connection that the server has closed meanwhile is noticed before anything is sent, and another is made; one that was
idle for so long that the server may be about to close it is not used again. After that nothing is sent twice here: whoever asked
decides what may be.
"""

from __future__ import annotations

import select
import socket
import time
import weakref
from dataclasses import dataclass
from enum import Enum, auto
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_LONGEST_LINE = 65_536
_MOST_HEADERS = 100
_WITHOUT_BODY = (204, 304)
LONGEST_IDLE_SECONDS = 4.0
"""Uvicorn and Hypercorn, and so MiniStack and LocalStack, close what was idle for 5 s; AWS keeps connections for longer."""


class Stage(Enum):
    """How far an exchange had come when it failed. Up to `TLS` nothing was sent; after it the server may have done it."""

    CONNECT = auto()
    CONNECT_TIMEOUT = auto()
    TLS = auto()
    READ_TIMEOUT = auto()
    CLOSED = auto()


class ExchangeError(Exception):
    """No whole answer came; the cause is the system's own error."""

    def __init__(self, stage: Stage, cause: Exception) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.stage, self.cause = stage, cause


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Connection:
    """A socket that is kept, and what tells whether it still may be."""

    __slots__ = ("idle_since", "poll", "socket")

    def __init__(self, made: socket.socket) -> None:
        self.socket = made
        self.idle_since = 0.0
        self.poll = select.poll()
        self.poll.register(made.fileno(), select.POLLIN)

    def usable(self) -> bool:
        """Not idle for too long, nor ended: while nothing was asked there is nothing to be read but the connection's end."""
        return time.monotonic() - self.idle_since < LONGEST_IDLE_SECONDS and not self.poll.poll(0)

    def exchange(self, data: bytes) -> tuple[Answer, bool]:
        """Each answer has a reader of its own: what a server puts behind one must not pass for the next."""
        self.socket.sendall(data)
        with self.socket.makefile("rb") as reader:
            return _read_answer(reader)

    def close(self) -> None:
        self.socket.close()


class Server:
    """One server. `request` may be called by any thread. Timeouts in seconds; `context` None means plain HTTP."""

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext | None, connect_timeout_seconds: float, read_timeout_seconds: float
    ) -> None:
        self._place, self._context = (host, port), context
        self._connect_timeout_seconds, self._read_timeout_seconds = connect_timeout_seconds, read_timeout_seconds
        self._idle: list[_Connection] = []  # the newest last; append and pop are atomic
        self.close = weakref.finalize(self, _close_all, self._idle)

    def request(self, data: bytes) -> Answer:
        """Send a whole request and read its answer. Raises `ExchangeError`."""
        connection = self._kept() or self._connect()
        try:
            answer, stays = connection.exchange(data)
        except TimeoutError as error:
            connection.close()
            raise ExchangeError(Stage.READ_TIMEOUT, error) from error
        except (OSError, ValueError) as error:
            connection.close()
            raise ExchangeError(Stage.CLOSED, error) from error
        except BaseException:
            connection.close()
            raise
        if stays and self.close.alive:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _kept(self) -> _Connection | None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if connection.usable():
                return connection
            connection.close()
        return None

    def _connect(self) -> _Connection:
        made: socket.socket | None = None
        stage = Stage.CONNECT
        try:
            made = socket.create_connection(self._place, self._connect_timeout_seconds)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._context is not None:
                stage = Stage.TLS
                made = self._context.wrap_socket(made, server_hostname=self._place[0])
            made.settimeout(self._read_timeout_seconds)
            return _Connection(made)
        except (OSError, ValueError) as error:  # a host name that IDNA refuses is a ValueError
            if made is not None:
                made.close()
            raise ExchangeError(Stage.CONNECT_TIMEOUT if isinstance(error, TimeoutError) else stage, error) from error


def _close_all(idle: list[_Connection]) -> None:
    while idle:
        idle.pop().close()


def _read_answer(reader: IO[bytes]) -> tuple[Answer, bool]:
    """The next answer, and whether the connection may be kept. Raises `ValueError` and `EOFError`'s like for what is none."""
    status, is_newest = _read_status(reader)
    headers = _read_headers(reader)
    while status == 100:
        status, is_newest = _read_status(reader)
        headers = _read_headers(reader)
    wish = headers.get("connection", "").lower()
    stays = wish != "close" if is_newest else wish == "keep-alive"
    if status in _WITHOUT_BODY:
        return Answer(status, headers, b""), stays
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return Answer(status, headers, _read_chunks(reader)), stays
    length = headers.get("content-length")
    if length is None:
        return Answer(status, headers, reader.read()), False
    return Answer(status, headers, _read_exactly(reader, _whole_number(length, 10))), stays


def _read_status(reader: IO[bytes]) -> tuple[int, bool]:
    line = _read_line(reader)
    version, _, rest = line.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ValueError(f"not an HTTP answer: {line[:80]!r}")
    return int(rest[:3]), version != b"HTTP/1.0"


def _read_headers(reader: IO[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MOST_HEADERS):
        line = _read_line(reader)
        if not line:
            return headers
        name, colon, value = line.partition(b":")
        if not colon:
            raise ValueError(f"not a header: {line[:80]!r}")
        headers[name.decode("latin-1").lower()] = value.strip().decode("latin-1")
    raise ValueError(f"more than {_MOST_HEADERS} headers")


def _read_line(reader: IO[bytes]) -> bytes:
    line = reader.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise ConnectionResetError("the connection ended before the answer did" if line else "closed without an answer")
    return line.rstrip(b"\r\n")


def _read_exactly(reader: IO[bytes], count: int) -> bytes:
    body = reader.read(count)
    if len(body) < count:
        raise ConnectionResetError(f"the connection ended after {len(body)} of {count} bytes")
    return body


def _read_chunks(reader: IO[bytes]) -> bytes:
    chunks = []
    while size := _whole_number(_read_line(reader).partition(b";")[0].strip().decode("latin-1"), 16):
        chunks.append(_read_exactly(reader, size))
        if _read_line(reader):
            raise ValueError("a chunk is longer than it says")
    _read_headers(reader)  # trailers
    return b"".join(chunks)


def _whole_number(text: str, base: int) -> int:
    if not text.isalnum():  # int() would take signs, spaces and underscores
        raise ValueError(f"not a length: {text[:80]!r}")
    return int(text, base)
