"""Handlers outside this process: programs and HTTP services."""

from __future__ import annotations

import base64
import contextlib
import json
import shlex
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from consuming import fill, running
from sqs_core import handler_exec
from sqs_core.engine import Engine
from sqs_core.errors import ConfigurationError, Discard
from sqs_core.failures import Cause
from sqs_core.handlers import BoundHandler, Handler, HandlerFailedError, load_handler
from sqs_core.message import AttributeValue, Message
from sqs_core.settings import ConsumerSettings, make_connection_settings
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue

ATTRIBUTES = {
    "kind": AttributeValue("String", "refund"),
    "Content-Type": AttributeValue("String", "a b"),
    "bytes": AttributeValue("Binary", b"\x00\xff"),
    "count": AttributeValue("Number", "7"),
}
SYSTEM = {"ApproximateReceiveCount": "3", "MessageGroupId": "gruppe/ä"}
MESSAGE = Message("id-1", 'body "ä" $HOME', "receipt", "orders.fifo", ATTRIBUTES, SYSTEM)


@pytest.fixture
def queue(ministack_queue_factory: QueueFactory) -> TestQueue:
    """A queue of this test alone."""
    return ministack_queue_factory()


def _program(code: str, *arguments: str) -> str:
    return "exec:" + shlex.join([sys.executable, "-c", code, *arguments])


@pytest.mark.parametrize(("status", "raised"), [(0, None), (100, Discard), (1, HandlerFailedError), (75, HandlerFailedError)])
def test_an_exit_status_is_the_verdict(status: int, raised: type[Exception] | None) -> None:
    call = load_handler(_program(f"raise SystemExit({status})")).bind()
    with pytest.raises(raised) if raised else contextlib.nullcontext():
        call(MESSAGE)


def test_a_program_that_was_killed_has_failed() -> None:
    with pytest.raises(HandlerFailedError, match="-9"):
        load_handler(_program("import os; os.kill(os.getpid(), 9)")).bind()(MESSAGE)


def test_the_body_is_on_stdin_and_the_rest_in_the_environment(tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    code = "import json, os, sys; json.dump([sys.stdin.buffer.read().decode(), dict(os.environ)], open(sys.argv[1], 'w'))"
    load_handler(_program(code, str(seen))).bind()(MESSAGE)
    body, environment = json.loads(seen.read_text())
    assert body == MESSAGE.body
    expected = {
        "SQS_MESSAGE_ID": "id-1", "SQS_QUEUE": "orders.fifo", "SQS_RECEIVE_COUNT": "3", "SQS_GROUP_ID": "gruppe/ä",
        "SQS_ATTRIBUTE_KIND": "refund", "SQS_ATTRIBUTE_CONTENT_TYPE": "a b", "SQS_ATTRIBUTE_COUNT": "7",
        "SQS_ATTRIBUTE_BYTES": base64.b64encode(b"\x00\xff").decode(),
    }  # fmt: skip
    assert {name: environment.get(name) for name in expected} == expected


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    load_handler(f"exec:echo x > {tmp_path}/made; touch {tmp_path}/made").bind()(MESSAGE)
    assert not (tmp_path / "made").exists()


def test_the_end_of_stderr_says_why() -> None:
    code = "import sys; sys.stderr.write('x' * 99999 + ' no such order\\n'); sys.exit(3)"
    with pytest.raises(HandlerFailedError, match=r"no such order$") as error:
        load_handler(_program(code)).bind()(MESSAGE)
    assert str(error.value).startswith("exit status 3: x")
    assert len(str(error.value)) < 600


def test_a_program_that_does_not_read_its_stdin_is_not_a_failure() -> None:
    message = Message("id-1", "x" * 1_000_000, "receipt", "orders")
    load_handler("exec:true").bind()(message)


@pytest.mark.parametrize(("spec", "why"), [
    ("exec:no-such-program-here --x", "no program 'no-such-program-here'"), ("exec:'unbalanced", "split into words"),
    ("exec:''", "no program ''"),
])  # fmt: skip
def test_a_program_that_cannot_be_run_is_refused(spec: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        load_handler(spec)


def test_programs_that_still_run_can_be_ended(tmp_path: Path) -> None:
    started = tmp_path / "started"
    code = "import sys, threading; open(sys.argv[1], 'w').close(); threading.Event().wait(60)"
    handler = load_handler(_program(code, str(started)))
    ends: list[BaseException] = []

    def run() -> None:
        with pytest.raises(HandlerFailedError) as error:
            handler.bind()(MESSAGE)
        ends.append(error.value)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(started.exists)
    handler.stop()
    thread.join(10)
    assert "exit status -15" in str(ends[0])


def test_one_program_can_be_ended_and_the_others_run_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signalled: set[int] = set()
    signal_group = handler_exec._signal_group

    def note_and_signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        signalled.add(process.pid)
        signal_group(process, number)

    monkeypatch.setattr(handler_exec, "_signal_group", note_and_signal)
    code = "import os, pathlib, sys, threading; pathlib.Path(sys.argv[1], os.environ['SQS_MESSAGE_ID']).touch();"
    handler = load_handler(_program(f"{code} threading.Event().wait(30)", str(tmp_path)))
    elsewhere = handler.apart()
    ends: dict[str, str] = {}

    def run(bound: BoundHandler, message_id: str) -> None:
        with pytest.raises(HandlerFailedError) as error:
            bound(Message(message_id, "", "receipt", "orders"))
        ends[message_id] = str(error.value)

    running = {"a": handler, "b": handler, "c": elsewhere}
    threads = {name: threading.Thread(target=run, args=(of.bind(), name)) for name, of in running.items()}
    for thread in threads.values():
        thread.start()
    wait_until(lambda: len(list(tmp_path.iterdir())) == 3)
    for number, (of, message_ids, ended) in enumerate(((handler, {"a"}, "a"), (handler, None, "b"), (elsewhere, None, "c")), 1):
        of.stop(message_ids)
        assert len(signalled) == number, "one more each time"
        threads.pop(ended).join(10)
        assert ends.pop(ended) == "exit status -15"


def test_no_program_outlives_its_consumer_even_if_it_ignores_the_polite_signal(
    ministack: str, ministack_sqs: SQSClient, queue: TestQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ministack_sqs, queue, ["a"])
    signals: list[signal.Signals] = []
    signal_group = handler_exec._signal_group

    def note_and_signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        signals.append(number)
        signal_group(process, number)

    monkeypatch.setattr(handler_exec, "_signal_group", note_and_signal)
    ignores = "import signal, sys, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w').close();"
    program = _program(f"{ignores} threading.Event().wait(30)", str(tmp_path / "there"))
    with running(ministack, queue, program) as consumer:
        wait_until((tmp_path / "there").exists)
        consumer.stop(0)
        assert (signals[0], signals[-1]) == (signal.SIGTERM, signal.SIGKILL)


def test_what_a_handler_started_is_told_to_end_before_its_consumer_is_said_to_have_stopped() -> None:
    states: list[str] = []
    handler = Handler("a program", lambda _: None, lambda _: states.append(consumer.state))
    (consumer,) = Engine(make_connection_settings(), ConsumerSettings(), [("orders", handler)]).consumers
    consumer._stopped()
    assert (states, consumer.state) == (["starting"], "stopped")


def test_a_program_is_ended_by_a_stop_that_came_while_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quick_once_there = "import pathlib, sys, threading; pathlib.Path(sys.argv[1]).exists() or threading.Event().wait(20)"
    there = tmp_path / "there"
    handler = load_handler(_program(quick_once_there, str(there)))
    popen = subprocess.Popen

    def stopped_meanwhile(*arguments: Any, **options: Any) -> Any:
        process = popen(*arguments, **options)
        handler.stop()
        return process

    monkeypatch.setattr(subprocess, "Popen", stopped_meanwhile)
    with pytest.raises(HandlerFailedError, match="exit status -15"):
        handler.bind()(MESSAGE)
    monkeypatch.undo()
    there.touch()
    handler.bind()(MESSAGE)  # a stop ends what runs, and nothing that comes later


class _Service(BaseHTTPRequestHandler):
    """Answers with the status in the path and keeps what was asked."""

    requests: list[tuple[str, dict[str, str], bytes]] = []  # noqa: RUF012 - one service at a time

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(int(self.path.strip("/").partition("?")[0]))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.parametrize(("status", "raised"), [
    (200, None), (204, None), (299, None), (410, Discard),
    (302, HandlerFailedError), (404, HandlerFailedError), (500, HandlerFailedError),
])  # fmt: skip
def test_a_status_is_the_verdict(service: str, status: int, raised: type[Exception] | None) -> None:
    call = load_handler(f"{service}/{status}").bind()
    _Service.requests.clear()
    with pytest.raises(raised) if raised else contextlib.nullcontext() as told:
        call(MESSAGE)
    assert len(_Service.requests) == 1
    if isinstance(told, pytest.ExceptionInfo) and isinstance(told.value, HandlerFailedError):
        assert told.value.cause == Cause("http", f"status {status}")


def test_the_body_is_posted_and_the_rest_is_in_headers(service: str) -> None:
    _Service.requests.clear()
    load_handler(f"{service}/200?key=1").bind()(MESSAGE)
    ((path, headers, body),) = _Service.requests
    assert (path, body.decode()) == ("/200?key=1", MESSAGE.body)
    assert headers["x-sqs-message-id"] == "id-1"
    assert headers["x-sqs-receive-count"] == "3"
    assert headers["x-sqs-group-id"] == "gruppe/%C3%A4"
    assert headers["x-sqs-attribute-kind"] == "refund"
    assert headers["x-sqs-attribute-bytes"] == base64.b64encode(b"\x00\xff").decode()


def test_a_service_that_is_not_there_fails_the_message() -> None:
    call = load_handler("http://127.0.0.1:1/").bind()
    with pytest.raises(Exception, match="refused"):
        call(MESSAGE)


@pytest.mark.parametrize("spec", ["http://", "http:x", "http://localhost:x/", "https://user:secret@localhost/"])
def test_a_malformed_address_is_refused(spec: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_handler(spec)
    assert "handler" in str(error.value)
