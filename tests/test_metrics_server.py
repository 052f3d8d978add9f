"""The page server of a headless consumer: its pages, its refusals, and clients that mean no good."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from consuming import PROGRAM, Process, fill, finished, held_up, look, running
from scraping import get, scrape
from sqs_core import Consumer, health, metrics_server
from sqs_core.demo.emulator import free_port
from sqs_core.errors import ConfigurationError
from sqs_core.metrics_server import MAXIMUM_CONNECTIONS, PAGE_THREAD, parse_address, serve_metrics
from sqs_core.model import RunState
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core.metrics_server import MetricsServer


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    """Serves a consumer that was not started."""
    consumer = Consumer("orders", handler="builtin:noop", endpoint_url=f"http://127.0.0.1:{free_port()}")
    served = serve_metrics(consumer._engine, "127.0.0.1:0")
    yield served
    served.close()


def _connect(server: MetricsServer) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port or 0), timeout=20)


def _threads() -> int:
    return sum(thread.name == PAGE_THREAD for thread in threading.enumerate())


def _wait_until_nobody_is_served() -> None:
    wait_until(lambda: not _threads())


def test_the_pages(ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory) -> None:
    queue, release = ministack_queue_factory(), threading.Event()
    fill(ministack_sqs, queue, ["one"])
    with running(ministack, queue, held_up(release), drain_timeout_seconds=DEADLINE_SECONDS) as consumer:
        server = serve_metrics(consumer._engine, "127.0.0.1:0")
        wait_until(lambda: look(consumer).workers.busy == 1)
        assert get(server.url, "/healthz")[0] == get(server.url, "/readyz?verbose=1")[0] == 200
        assert "running; " in get(server.url, "/healthz")[1]
        consumer._engine.drain()
        assert get(server.url, "/readyz") == (503, f"{queue.name}: draining\n")
        assert get(server.url, "/healthz")[0] == 200
        assert get(server.url, "/")[0] == get(server.url, "/../etc/passwd")[0] == 404
        release.set()
        server.close()
        with pytest.raises(OSError, match="refused"):
            get(server.url, "/healthz")


def test_a_page_that_cannot_be_made_is_an_error_and_no_silence(server: MetricsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> list[str]:
        raise ValueError("a\nb")

    monkeypatch.setattr(health, "troubles", fail)
    status, text = get(server.url, "/healthz")
    assert status == 500
    assert "ValueError" in text
    assert get(server.url, "/readyz")[0] == 503


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\x1b[2J" * 50 + b"\r\n\r\n",
        b"GET /metrics\r\n" * 3,
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"POST /metrics HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n",
        b"GET /metrics HTTP/9999.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text; version=\xff.x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_garbage_is_refused_and_the_next_is_served(server: MetricsServer, garbage: bytes) -> None:
    with _connect(server) as connection, contextlib.suppress(OSError):  # hung up on while sending
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert get(server.url, "/healthz")[0] == 200
    _wait_until_nobody_is_served()


def test_silent_connections_make_room_for_a_probe(server: MetricsServer) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3 * MAXIMUM_CONNECTIONS):
            stack.enter_context(_connect(server))
        assert get(server.url, "/healthz")[0] == 200
        assert _threads() <= 2 * MAXIMUM_CONNECTIONS
    _wait_until_nobody_is_served()


def test_who_sends_drop_by_drop_is_cut_off(server: MetricsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_server, "LIFETIME_SECONDS", 1.0)
    with _connect(server) as connection:
        cut_off = threading.Event()

        def drip() -> None:
            try:
                while not cut_off.wait(0.05):
                    connection.sendall(b"G")
            except OSError:
                cut_off.set()

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        with contextlib.suppress(ConnectionError):
            assert connection.recv(1) == b""
        wait_until(lambda: not _threads())
        cut_off.set()
        dripping.join(5)


def test_who_does_not_read_is_cut_off(server: MetricsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_server, "LIFETIME_SECONDS", 1.0)
    monkeypatch.setattr(server.pages, "page", lambda *_: (200, b"x" * 50_000_000, "text/plain"))
    with _connect(server) as connection:
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        wait_until(lambda: _threads() == 1)
        wait_until(lambda: not _threads())


def test_a_crowd_does_not_stop_the_consumer(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory()
    with running(ministack, queue, "builtin:noop") as consumer:
        server = serve_metrics(consumer._engine, "127.0.0.1:0")
        wait_until(lambda: look(consumer).state is RunState.RUNNING)
        over = threading.Event()

        def crowd() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError), _connect(server) as connection:
                    connection.settimeout(0.2)
                    connection.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
                    connection.recv(1)

        members = [threading.Thread(target=crowd, daemon=True) for _ in range(8)]
        for member in members:
            member.start()
        fill(ministack_sqs, queue, [str(number) for number in range(50)])
        wait_until(lambda: finished(consumer) == 50, 60)
        over.set()
        for member in members:
            member.join(20)
        _wait_until_nobody_is_served()
        assert scrape(server.url)
        server.close()


def test_addresses() -> None:
    assert parse_address("127.0.0.1:9090") == ("127.0.0.1", 9090)
    assert parse_address("[::1]:9090") == ("::1", 9090)
    for wrong in ("", "9090", ":9090", "localhost", "localhost:", "localhost:http", "localhost:65536", "::1:9090", "h:-1", "h:²"):
        with pytest.raises(ConfigurationError, match="HOST:PORT"):
            parse_address(wrong)


def test_the_other_protocol_of_the_internet() -> None:
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        consumer = Consumer("orders", handler="builtin:noop", endpoint_url="http://127.0.0.1:9")
        server = serve_metrics(consumer._engine, "[::1]:0")
        assert server.url.startswith("http://[::1]:")
        assert get(server.url, "/healthz")[0] == 200
        server.close()


def _refusal(*arguments: str, directory: Path, **environment: str) -> str:
    command = [str(PROGRAM), "--endpoint-url", "http://127.0.0.1:9", "consume", "orders", "--handler", "builtin:noop", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=directory, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert "--metrics-address" in line
    return line


def test_refusals_are_one_line_before_anything_is_consumed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        line = _refusal("--headless", "--metrics-address", address, directory=tmp_path)
        assert address in line
        assert "in use" in line
    assert "'nonsense'" in _refusal("--headless", "--metrics-address", "nonsense", directory=tmp_path)
    assert "no-such-host.invalid" in _refusal("--headless", "--metrics-address", "no-such-host.invalid:1", directory=tmp_path)
    assert "--headless" in _refusal("--metrics-address", "127.0.0.1:9090", directory=tmp_path)
    (tmp_path / "prometheus_client.py").write_text("raise ImportError('not here')")
    missing = _refusal("--headless", "--metrics-address", "127.0.0.1:0", directory=tmp_path, PYTHONPATH=str(tmp_path))
    assert "pip install 'sqs-tui[metrics]'" in missing


def test_without_the_flag_the_library_is_not_needed(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "prometheus_client.py").write_text("raise ImportError('not here')")
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, ["one"])
    arguments = ("--handler", "builtin:noop", "--wait", "1", "--max-messages", "1")
    with Process(ministack, queue.name, *arguments, directory=tmp_path) as process:
        assert process.end().report()["handled"] == 1
