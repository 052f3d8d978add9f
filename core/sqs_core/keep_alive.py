"""HTTP/1.1 requests to one server over connections that are kept: no more of them than requests that are out at once.

A kept connection that the server has closed meanwhile is noticed before anything is sent, and another is made; one that was
idle for so long that the server may be about to close it is not used again. After that nothing is sent twice here: whoever asked
decides what may be.
"""

from __future__ import annotations

import select
import socket
import weakref
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from sqs_core.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

_LONGEST_LINE = 65_536
_MOST_HEADERS = 100
_WITHOUT_BODY = (204, 304)
_SWITCHING = 101
_BLANKS = " \t\r\n\v\f"
_USUALLY_ALL = 32_768  # of an answer: ten messages of a few KB
_MOST_AT_ONCE = 1_048_576
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
        return SYSTEM_CLOCK.lease() - self.idle_since < LONGEST_IDLE_SECONDS and not self.poll.poll(0)

    def exchange(self, data: bytes) -> tuple[Answer, bool]:
        """Each answer has a reader of its own."""
        self.socket.sendall(data)
        return _read_answer(_Reader(self.socket))

    def close(self) -> None:
        self.socket.close()


class Server:
    """One server. `request` may be called by any thread. Timeouts in seconds.

    `make_context` is asked for each new connection and may raise `OSError`; None means plain HTTP.
    """

    def __init__(
        self,
        host: str,
        port: int,
        make_context: Callable[[], ssl.SSLContext] | None,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
    ) -> None:
        self._place, self._make_context = (host, port), make_context
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
            connection.idle_since = SYSTEM_CLOCK.lease()  # the time that this machine slept counts
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
            if self._make_context is not None:
                stage = Stage.TLS
                made = self._make_context().wrap_socket(made, server_hostname=self._place[0])
            made.settimeout(self._read_timeout_seconds)
            return _Connection(made)
        except (OSError, ValueError) as error:  # a host name that IDNA refuses is a ValueError
            if made is not None:
                made.close()
            raise ExchangeError(Stage.CONNECT_TIMEOUT if isinstance(error, TimeoutError) else stage, error) from error


def _close_all(idle: list[_Connection]) -> None:
    while idle:
        idle.pop().close()


class _Reader:
    """What comes of one answer. What a server puts behind it is dropped with its reader: it must not pass for the next answer."""

    __slots__ = ("_data", "_socket")

    def __init__(self, source: socket.socket) -> None:
        self._socket = source
        self._data = b""

    @property
    def has_more(self) -> bool:
        """Whether something has come behind the answer: whatever it belongs to, it is no answer to what is asked next.

        Of a TLS record that was read in part the rest waits in the TLS layer, where no poll of the socket sees it.
        """
        pending: Callable[[], int] | None = getattr(self._socket, "pending", None)
        return bool(self._data) or (pending is not None and pending() > 0)

    def head(self) -> list[str] | None:
        """The lines before the empty one, where all have come at once and end as HTTP says; else nothing is taken."""
        if not self._data:
            self._more()
        end = self._data.find(b"\r\n\r\n")
        head = self._data[:end]
        if end < 0 or head.count(b"\n") != head.count(b"\r\n"):
            return None
        self._data = self._data[end + 4 :]
        return head.decode("latin-1").split("\r\n")

    def line(self) -> str:
        """The next line, without its end, which may be a line feed alone."""
        seen = 0
        while (end := self._data.find(b"\n", seen)) < 0 and len(self._data) <= _LONGEST_LINE:
            seen = len(self._data)
            self._more()
        if not 0 <= end <= _LONGEST_LINE:
            raise ValueError(f"a line of over {_LONGEST_LINE} bytes")
        line, self._data = self._data[:end], self._data[end + 1 :]
        return line.rstrip(b"\r").decode("latin-1")

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        parts, missing = [self._data], count - len(self._data)
        while missing > 0:
            part = self._socket.recv(min(missing, _MOST_AT_ONCE))
            if not part:
                raise ConnectionResetError(f"the connection ended after {count - missing} of {count} bytes")
            parts.append(part)
            missing -= len(part)
        whole = b"".join(parts)
        self._data = whole[count:]
        return whole[:count]

    def rest(self) -> bytes:
        """Everything until the connection ends."""
        parts = [self._data]
        while part := self._socket.recv(_MOST_AT_ONCE):
            parts.append(part)
        return b"".join(parts)

    def _more(self) -> None:
        part = self._socket.recv(_USUALLY_ALL)
        if not part:
            raise ConnectionResetError("the connection ended before the answer did" if self._data else "closed without an answer")
        self._data += part


def _read_answer(reader: _Reader) -> tuple[Answer, bool]:
    """The next answer, and whether the connection may be kept. Raises `ValueError` and `OSError` for what is none."""
    status, is_newest, headers = _read_head(reader)
    while 100 <= status < 200 and status != _SWITCHING:
        status, is_newest, headers = _read_head(reader)
    wish = headers.get("connection", "").lower()
    stays = "close" not in wish if is_newest else wish == "keep-alive"
    if status in _WITHOUT_BODY:
        return Answer(status, headers, b""), stays and not reader.has_more
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _read_chunks(reader)
        return Answer(status, headers, body), stays and not reader.has_more
    length = headers.get("content-length")
    if length is None:
        return Answer(status, headers, reader.rest()), False
    body = reader.exactly(_whole_number(length, 10))
    return Answer(status, headers, body), stays and not reader.has_more


def _read_head(reader: _Reader) -> tuple[int, bool, dict[str, str]]:
    lines = reader.head()
    if lines is None:
        status, is_newest = _status(reader.line())  # first: what is no HTTP may have no more lines
        return status, is_newest, _read_headers(reader)
    return *_status(lines[0]), _headers(lines[1:])


def _status(line: str) -> tuple[int, bool]:
    version, _, rest = line.partition(" ")
    code = rest[:3]
    if not version.startswith("HTTP/1.") or not (code.isascii() and code.isdigit()):
        raise ValueError(f"not an HTTP answer: {line[:80]!r}")
    return int(code), version != "HTTP/1.0"


def _read_headers(reader: _Reader) -> dict[str, str]:
    lines: list[str] = []
    while len(lines) <= _MOST_HEADERS and (line := reader.line()):
        lines.append(line)
    return _headers(lines)


def _headers(lines: list[str]) -> dict[str, str]:
    if len(lines) > _MOST_HEADERS:
        raise ValueError(f"more than {_MOST_HEADERS} headers")
    headers: dict[str, str] = {}
    name = ""
    for line in lines:
        if name and line[0] in " \t":  # goes on with the line before, as HTTP allowed once and some in between still do
            headers[name] += f" {line.strip(_BLANKS)}"
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"not a header: {line[:80]!r}")
        name = name.lower()
        headers[name] = value.strip(_BLANKS)
    return headers


def _read_chunks(reader: _Reader) -> bytes:
    chunks = []
    while size := _whole_number(reader.line().partition(";")[0].strip(_BLANKS), 16):
        chunks.append(reader.exactly(size))
        if reader.line():
            raise ValueError("a chunk is longer than it says")
    _read_headers(reader)  # trailers
    return b"".join(chunks)


def _whole_number(text: str, base: int) -> int:
    if not (text.isascii() and text.isalnum()):  # int() would take signs, spaces, underscores and other scripts' digits
        raise ValueError(f"not a length: {text[:80]!r}")
    return int(text, base)
