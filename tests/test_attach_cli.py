"""attach, snapshot, control and bridge on the command line, over consumers in processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from attaching import idle_engine, served
from consuming import PROGRAM, Process, fill
from sqs_core.remote import bridge
from sqs_core.remote.sockets import living_sockets
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue

RUN_SECONDS = 60


@pytest.fixture
def queue(ministack_queue_factory: QueueFactory) -> TestQueue:
    """A queue of this test alone."""
    return ministack_queue_factory()


@contextlib.contextmanager
def consumer_of(ministack: str, queue: TestQueue, *more: str) -> Iterator[Process]:
    """A headless consumer that has started, and is ended cleanly."""
    with Process(ministack, queue.name, "--handler", "builtin:noop", "--wait", "1", *more) as process:
        process.wait_for("consumer.started")
        yield process
        process.signal(signal.SIGTERM)
        process.end().report()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The program, to its end."""
    return subprocess.run([str(PROGRAM), *arguments], capture_output=True, text=True, timeout=RUN_SECONDS)


def test_what_runs_here_is_listed(ministack: str, queue: TestQueue) -> None:
    assert "No consumer runs here: start one with" in run("attach").stdout
    with consumer_of(ministack, queue, "--control") as process:
        listed = run("attach")
        assert listed.returncode == 0
        assert all(word in listed.stdout for word in (str(process.pid), "local", "takes commands", queue.name)), listed.stdout
        (found,) = json.loads(run("attach", "--json").stdout)
        assert (found["pid"], found["queues"], found["control"]) == (process.pid, [queue.name], True)


def test_a_snapshot_is_the_contracts_json(ministack: str, ministack_sqs: SQSClient, queue: TestQueue) -> None:
    fill(ministack_sqs, queue, [f"body {number}" for number in range(25)])
    with consumer_of(ministack, queue) as process:
        seen: dict[str, Any] = {}

        def all_handled() -> bool:
            done = run("snapshot", str(process.pid))
            assert done.returncode == 0, done.stderr
            seen.update(json.loads(done.stdout))
            return bool(seen["consumers"][0]["totals"]["handled"] == 25)

        wait_until(all_handled)
    assert list(seen) == ["schema", "at", "engine", "credentials", "consumers", "events"]
    assert seen["schema"] == 1
    assert seen["engine"]["pid"] == process.pid
    assert len(seen["consumers"][0]["history"]) == 25


def test_commands_are_carried_out_and_told(ministack: str, queue: TestQueue) -> None:
    with consumer_of(ministack, queue, "--control") as process:
        pid = str(process.pid)
        paused = run("control", pid, "pause", "--reason", "a look")
        assert (paused.returncode, paused.stdout) == (0, f"pid {pid}: all queues: pausing\n")
        process.wait_for("asked for by")
        resized = run("control", pid, "resize", "--workers", "3", "--pollers", "1", "--queue", queue.name, "--json")
        said = json.loads(resized.stdout)
        assert said == {"target": f"pid {pid}", "ok": True, "result": f"{queue.name}: 1 pollers and 3 workers", "error": None}
        assert run("control", pid, "resume").returncode == 0
        (one,) = json.loads(run("snapshot", pid).stdout)["consumers"]
        assert (one["workers"]["target"], one["pollers"]["target"]) == (3, 1)
        assert run("control", pid, "drain").stdout == f"pid {pid}: draining\n"
        assert process.end().report()["in_flight_at_exit"] == 0


@pytest.mark.parametrize("command", [["pause"], ["resume"], ["drain"], ["resize", "--workers", "2"]])
def test_a_view_only_consumer_refuses_and_goes_on(command: list[str]) -> None:
    with served(idle_engine()):
        done = run("control", str(os.getpid()), *command)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "view only; start it with --control to allow commands" in done.stderr


def test_the_variable_allows_commands(ministack: str, queue: TestQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQS_TUI_CONTROL", "1")
    with consumer_of(ministack, queue) as process:
        assert run("control", str(process.pid), "pause").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("snapshot", "4000000"), "no consumer with pid 4000000"),
        (("snapshot", "nonsense"), "target 'nonsense' is neither"),
        (("control", "4000000", "pause"), "no consumer with pid 4000000"),
        (("control", "1", "resize"), "resize needs --workers N or --pollers N"),
        (("control", "1", "pause", "--workers", "3"), "--workers goes with resize, not with pause"),
        (("control", "1", "dance"), "'dance' is not one of"),
        (("control", "1", "resize", "--workers", "0"), "--workers 0 is not a whole number of at least 1"),
        (("bridge", "4000000"), "no consumer with pid 4000000"),
        (("bridge",), "no consumer runs here"),
        (("attach", "4000000"), "no consumer with pid 4000000"),
    ],
)
def test_wrong_input_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_attaching_needs_a_terminal() -> None:
    with served(idle_engine()):
        done = run("attach", str(os.getpid()))
    assert done.returncode == 2
    assert "no terminal on" in done.stderr


def test_several_are_members_and_one_that_fails_is_said(ministack: str, queue: TestQueue) -> None:
    with consumer_of(ministack, queue) as process, served(idle_engine()) as path:
        done = run("snapshot", str(process.pid), str(path))
        fleet = json.loads(done.stdout)
        assert done.returncode == 0
        assert (fleet["schema"], len(fleet["members"])) == (1, 2)
        assert [member["snapshot"]["engine"]["pid"] for member in fleet["members"]] == [process.pid, os.getpid()]
        assert [member["error"] for member in fleet["members"]] == [None, None]


def test_a_bridge_carries_the_protocol_and_ends_with_its_viewer() -> None:
    with served(idle_engine()):
        carrier = subprocess.Popen([str(PROGRAM), "bridge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert carrier.stdin is not None
        assert carrier.stdout is not None
        with carrier:
            assert json.loads(carrier.stdout.readline())["pid"] == os.getpid()
            carrier.stdin.write(b'{"type": "snapshot", "id": 5}\n')
            carrier.stdin.flush()
            answer = json.loads(carrier.stdout.readline())
            assert (answer["id"], answer["result"]["schema"]) == (5, 1)
            carrier.stdin.close()
            assert carrier.wait(RUN_SECONDS) == 0


def test_a_bridge_whose_viewer_says_nothing_any_more_ends() -> None:
    """A client of kubectl that dies leaves its program in the pod, with streams that never end."""
    program = f"from pathlib import Path; from sqs_core.remote.bridge import run_bridge; run_bridge(Path({{!r}}), {0.2})"
    with served(idle_engine()) as path:
        command = [sys.executable, "-c", program.format(str(path))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as carrier:
            assert carrier.wait(RUN_SECONDS) == 0
            assert carrier.stderr is not None
            assert b"the viewer has said nothing for 0.2 s" in carrier.stderr.read()
    assert bridge.SILENT_SECONDS == 60.0


def test_a_consumer_that_is_killed_leaves_nothing_that_is_listed(ministack: str, queue: TestQueue) -> None:
    with Process(ministack, queue.name, "--handler", "builtin:noop") as process:
        process.wait_for("consumer.started")
        process.signal(signal.SIGKILL)
        wait_until(lambda: not living_sockets())
        assert "No consumer runs here" in run("attach").stdout


def test_the_socket_is_private_whatever_the_umask(ministack: str, queue: TestQueue) -> None:
    before = os.umask(0)
    try:
        with consumer_of(ministack, queue):
            (path,) = living_sockets()
            assert _mode(path) == 0o600
            assert _mode(path.parent) == 0o700
    finally:
        os.umask(before)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777
