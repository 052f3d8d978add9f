"""The embedded emulator: it answers, it keeps to itself, and it goes whichever way its parent goes."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO, TYPE_CHECKING

import pytest

from servers import group_is_gone
from sqs_core.demo import emulator as emulator_module
from sqs_core.demo.emulator import LOOPBACK, MISSING, Emulator, answers, find_command, free_port
from sqs_core.demo.guarded import GuardedProcess
from sqs_core.errors import ConfigurationError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

pytestmark = pytest.mark.sdk

PARENT = """
import os, signal, sys, time
from sqs_core.demo.emulator import Emulator
signal.signal(signal.SIGINT, signal.default_int_handler)  # what starts this in the background may have it ignored
def run():
    with Emulator() as emulator:
        print(emulator.endpoint_url, emulator.pid, flush=True)
        {then}
run()
"""
HANG = "time.sleep(60)"
FORK = "os.fork() or time.sleep(8); time.sleep(60)"


def _port(endpoint_url: str) -> int:
    return int(endpoint_url.rsplit(":", 1)[1])


def _parent(then: str, scratch: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(scratch)}
    return subprocess.Popen(
        [sys.executable, "-c", PARENT.format(then=then)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("then", "sent"),
    [
        pytest.param("pass", None, id="the block ends"),
        pytest.param("raise ValueError", None, id="an exception"),
        pytest.param("sys.exit(3)", None, id="an exit"),
        pytest.param("os._exit(3)", None, id="an exit without cleaning up"),
        pytest.param(HANG, signal.SIGINT, id="SIGINT"),
        pytest.param(HANG, signal.SIGTERM, id="SIGTERM"),
        pytest.param(HANG, signal.SIGHUP, id="SIGHUP"),
        pytest.param(HANG, signal.SIGKILL, id="SIGKILL"),
        pytest.param(FORK, signal.SIGKILL, id="SIGKILL, and a fork that still holds the pipe"),
    ],
)
def test_nothing_is_left_when_the_parent_ends(then: str, sent: signal.Signals | None, tmp_path: Path) -> None:
    with _parent(then, tmp_path) as parent:
        assert parent.stdout is not None
        endpoint_url, group = parent.stdout.readline().split()
        try:
            if sent is not None:
                assert answers(_port(endpoint_url), "/_ministack/health")
                parent.send_signal(sent)
            parent.wait(10)
            assert group_is_gone(int(group))
            assert not answers(_port(endpoint_url), "/_ministack/health")
            assert list(tmp_path.iterdir()) == []
        finally:
            _end_group(parent.pid)
            parent.wait(10)


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def test_it_writes_nowhere_but_in_a_directory_that_goes_with_it(clean_environment: Path, tmp_path: Path) -> None:
    before = _files(clean_environment)
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(tempfile, "tempdir", scratch)
        monkeypatch.setenv("TMPDIR", scratch)
        monkeypatch.setenv("PERSIST_STATE", "1")
        monkeypatch.setenv("STATE_DIR", str(tmp_path))
        monkeypatch.setenv("USE_SSL", "1")
        with Emulator() as emulator:
            assert answers(_port(emulator.endpoint_url), "/_ministack/health")
    assert _files(clean_environment) == before
    assert list(tmp_path.iterdir()) == []


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_nothing_appears_on_our_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with Emulator():
        pass
    assert capfd.readouterr() == ("", "")


def test_it_starts_afresh_and_stops_twice() -> None:
    emulator = Emulator()
    with emulator:
        first = emulator.pid
    emulator.stop()
    assert emulator.pid is None
    with emulator:
        assert emulator.pid not in {None, first}


def test_a_poll_that_is_out_fails_at_once_when_it_stops(make_client: Callable[[str], SQSClient]) -> None:
    with Emulator() as emulator:
        client = make_client(emulator.endpoint_url)
        url = client.create_queue(QueueName="q")["QueueUrl"]
        seen: list[str] = []
        poll = threading.Thread(target=_poll, args=(client, url, seen))
        poll.start()
        threading.Event().wait(0.5)
        began = time.monotonic()
        emulator.stop()
        poll.join(10)
        assert time.monotonic() - began < 2
    assert seen == ["ConnectionClosedError"]


def _poll(client: SQSClient, url: str, seen: list[str]) -> None:
    try:
        seen.append(f"answer {client.receive_message(QueueUrl=url, WaitTimeSeconds=20).get('Messages')}")
    except Exception as error:  # noqa: BLE001 - which one is the question
        seen.append(type(error).__name__)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"pip install 'sqs-tui\[demo\]'"):
        Emulator().start()
    assert "\n" not in MISSING


@pytest.mark.parametrize("place", ["beside", "path"])
def test_a_script_serves_where_the_module_is_not_ours(place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / place / "ministack"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "beside" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert find_command() == [str(script)]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo one; echo 'no such thing' >&2; exit 3", "ended while it started: no such thing"),
        ("sleep 60", "in 0.5 s"),
    ],
)
def test_an_emulator_that_does_not_come_up_is_reported(script: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator_module, "find_command", lambda: ["/bin/sh", "-c", script])
    emulator = Emulator(start_timeout_seconds=0.5)
    with pytest.raises(UnreachableError, match=said):
        emulator.start()
    assert emulator.pid is None


@pytest.fixture
def output() -> IO[bytes]:
    return tempfile.TemporaryFile()


def test_a_command_deaf_to_sigterm_is_killed(output: IO[bytes]) -> None:
    with output:
        process = GuardedProcess(["/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"], os.environ, output)
        _wait_for_output(output)
        began = time.monotonic()
        process.stop()
        assert time.monotonic() - began < 4
        assert group_is_gone(process.pid)


def test_a_killed_guard_leaves_no_process_once_stopped(
    output: IO[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with output:
        process = GuardedProcess(["/bin/sh", "-c", "echo up; exec sleep 60"], os.environ, output)
        _wait_for_output(output)
        os.kill(process.pid, signal.SIGKILL)
        assert process.ended(within_seconds=5)
        process.stop()
        assert group_is_gone(process.pid)


def _wait_for_output(output: IO[bytes]) -> None:
    deadline = time.monotonic() + 10
    while not os.fstat(output.fileno()).st_size:
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_its_port_is_none_that_a_server_which_takes_any_would_get() -> None:
    for _ in range(100):
        with socket.create_server((LOOPBACK, free_port())) as server:
            assert 20_000 <= server.getsockname()[1] < 32_768


def test_a_port_that_is_taken_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, free_port())) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(emulator_module, "_NEVER_GIVEN", [port] * 20)
        assert free_port() not in (port, 0)
