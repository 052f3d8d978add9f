"""`/metrics`, `/healthz` and `/readyz` over HTTP, on threads of their own and within bounds.

Whoever connects costs little: connections are paced and few at a time, each has seconds to live, the oldest make room for new
ones, and of many scrapes at once one is rendered.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from sqs_core import health
from sqs_core.errors import ConfigurationError, describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.engine import Engine
    from sqs_core.metrics import Exposition

MAXIMUM_CONNECTIONS = 16
LIFETIME_SECONDS = 5.0
CONNECTIONS_PER_SECOND = 100
FRESH_SECONDS = 0.2
"""A scrape that comes sooner after another is answered with the same text."""
PAGE_THREAD = "metrics page"
_OPENMETRICS = "application/openmetrics-text"
_TEXT = "text/plain; charset=utf-8"
_LOG = logging.getLogger(__name__)


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` or `[IPV6]:PORT`. Raises `ConfigurationError`."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not (host and colon and port.isdecimal() and port.isascii() and int(port) < 65536) or (":" in host and not bracketed):
        example = "127.0.0.1:9090, or 0.0.0.0:9090 in a pod, where probes come from outside"
        raise ConfigurationError(f"--metrics-address {text!r} is not HOST:PORT such as {example}")
    return host, int(port)


def serve_metrics(engine: Engine, address: str) -> MetricsServer:
    """Begin to answer at `HOST:PORT`. Raises `ConfigurationError` for what is no address or cannot be had."""
    host, port = parse_address(address)
    try:
        from sqs_core.metrics import Exposition
    except ImportError as error:
        raise ConfigurationError(
            f"--metrics-address needs the package prometheus-client ({error}): pip install 'sqs-tui[metrics]'"
        ) from error
    try:
        return MetricsServer(engine, Exposition(engine), host, port)
    except OSError as error:
        why = error.strerror or describe(error)
        raise ConfigurationError(f"--metrics-address {address} cannot be served ({why}): choose another") from error


class MetricsServer(ThreadingHTTPServer):
    """Answers from the moment it is made until `close`. Its threads keep no process alive."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, engine: Engine, exposition: Exposition, host: str, port: int) -> None:
        (self.address_family, _, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self.pages = Pages(engine, exposition)
        self._open: dict[socket.socket, float] = {}
        self._leaving: set[socket.socket] = set()
        self._left = threading.Condition()
        self._next_at = 0.0
        super().__init__(address, _Handler)  # type: ignore[arg-type] # an IPv6 address has four parts
        threading.Thread(target=self.serve_forever, name="metrics", daemon=True).start()

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if self.address_family is socket.AF_INET6 else f"http://{host!s}:{port}"

    def close(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()

    def server_bind(self) -> None:
        """As the base's, but asks no name server for this host's name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection, at a bounded pace: also where none can be had, for want of descriptors."""
        now = time.monotonic()
        self._next_at = max(self._next_at, now - 1) + 1 / CONNECTIONS_PER_SECOND
        if self._next_at > now:
            threading.Event().wait(self._next_at - now)
        return super().get_request()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection in; where there are too many the oldest has to leave, and the newest waits until one has left."""
        with self._left:
            if len(self._open) >= MAXIMUM_CONNECTIONS:
                self._send_off(next(iter(self._open)))
            has_room = self._left.wait_for(lambda: len(self._leaving) <= MAXIMUM_CONNECTIONS, LIFETIME_SECONDS)
            if has_room:
                self._open[request] = time.monotonic() + LIFETIME_SECONDS
        if has_room:
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As the base's, under a name by which a dump of stacks tells these threads from the consumer's."""
        threading.current_thread().name = PAGE_THREAD
        super().process_request_thread(request, client_address)

    def _send_off(self, connection: socket.socket) -> None:
        del self._open[connection]
        self._leaving.add(connection)
        with suppress(OSError):  # gone already
            connection.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:
        """A connection ends."""
        with self._left:
            self._open.pop(request, None)
            self._leaving.discard(request)
            self._left.notify()
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Twice a second: hang up on those whose time is over, however little by little they send or read."""
        now = time.monotonic()
        with self._left:
            for connection in [connection for connection, until in self._open.items() if until < now]:
                self._send_off(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base's signature
        """What a client does to its connection is nobody's trouble here."""
        _LOG.debug("a client's connection failed", exc_info=True)


class Pages:
    """What there is to be read, by path: a status and a text."""

    def __init__(self, engine: Engine, exposition: Exposition) -> None:
        self._engine, self._exposition = engine, exposition
        self._lock = threading.Lock()
        self._rendered: dict[str, tuple[float, bytes, str]] = {}

    def page(self, path: str, accept: str) -> tuple[int, bytes, str]:
        """Status, body and content type. Never raises."""
        try:
            return self._page(path.partition("?")[0], accept)
        except Exception as error:  # noqa: BLE001 - a page that cannot be made must not end the thread unheard
            _LOG.exception("%s could not be answered", path[:80])
            return 500, f"{describe(error)}\n".encode(), _TEXT

    def _page(self, path: str, accept: str) -> tuple[int, bytes, str]:
        if path == "/metrics":
            return 200, *self._metrics(accept)
        if path == "/healthz":
            return self._verdict(health.troubles)
        if path == "/readyz":
            return self._verdict(health.hindrances)
        return 404, b"here are /metrics, /healthz and /readyz\n", _TEXT

    def _verdict(self, reasons_of: Callable[[Engine], list[str]]) -> tuple[int, bytes, str]:
        reasons = reasons_of(self._engine)
        lines = reasons or ["ok", *health.description(self._engine)]
        return 503 if reasons else 200, "".join(f"{line}\n" for line in lines).encode(), _TEXT

    def _metrics(self, accept: str) -> tuple[bytes, str]:
        media_type = _OPENMETRICS if _OPENMETRICS in accept else ""
        with self._lock:
            at, body, content_type = self._rendered.get(media_type, (float("-inf"), b"", ""))
            if time.monotonic() - at > FRESH_SECONDS:
                body, content_type = self._exposition.render(media_type)
                self._rendered[media_type] = (time.monotonic(), body, content_type)
        return body, content_type


class _Handler(BaseHTTPRequestHandler):
    timeout = LIFETIME_SECONDS
    server: MetricsServer
    error_content_type = _TEXT
    error_message_format = "%(code)d %(message)s\n"

    def version_string(self) -> str:
        return "sqs-tui"

    def do_GET(self) -> None:
        """The base's name for it."""
        status, body, content_type = self.server.pages.page(self.path, self.headers.get("Accept", ""))
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A scrape and a probe every few seconds are no news."""
