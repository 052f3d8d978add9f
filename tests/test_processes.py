"""`consume --processes N --headless` with real processes, real kills and a real server: nothing lost, nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from consuming import Process, bodies_in, depth, fill, wait_for_depth
from sqs_core.errors import ConfigurationError
from sqs_core.model import RunState
from sqs_core.processes.child import Ending
from sqs_core.processes.merged import MOST_LIVES, Life, merged_report, shortened
from sqs_core.remote.sockets import runtime_directory
from sqs_core.remote.targets import discover
from sqs_core.report import COLUMNS, make_report
from sqs_core.runner import SignalStops
from sqs_core.wire import iso
from sqs_tui.cli import cli
from sqs_tui.ensemble import successor_options
from tui_canned import consumer, snapshot
from waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue

HANDLERS = """
import os, pathlib, time

def note(message):
    with pathlib.Path(f"seen-{os.getpid()}").open("a") as seen:
        seen.write(message.body + "\\n")
    time.sleep(0.01)

def dot(message):
    print(".", end="")

def hold(message):
    note(message)
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
"""


@pytest.fixture
def queue(ministack_queue_factory: QueueFactory) -> TestQueue:
    """A queue of this test alone."""
    return ministack_queue_factory()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with handlers that note what they were given."""
    (tmp_path / "jobs.py").write_text(HANDLERS)
    return tmp_path


def seen(directory: Path) -> list[str]:
    """All bodies that handlers were given, in all processes."""
    return [line for path in directory.glob("seen-*") for line in path.read_text().splitlines()]


def pids(process: Process) -> list[int]:
    """The processes under this one that have been started so far, in order."""
    return [int(pid) for pid in re.findall(r"pid (\d+) is started", process.errors())]


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, timeout=30).stdout.strip()
    return not state or state.startswith("Z")


def test_all_messages_are_handled_once_and_each_has_its_share(
    ministack: str, ministack_sqs: SQSClient, queue: TestQueue, directory: Path
) -> None:
    bodies = [f"order-{number:03}" for number in range(201)]
    fill(ministack_sqs, queue, bodies)
    arguments = ("--handler", "jobs:note", "--wait", "1", "--processes", "2", "--max-messages", "201")
    with Process(ministack, queue.name, *arguments, directory=directory) as process:
        ended = process.end()
    report = ended.report()
    assert sorted(seen(directory)) == bodies
    assert (report["handled"], report["deleted"], report["restarts"]) == (201, 201, 0)
    children = {row["pid"] for row in report["processes"]}
    assert [(row["process"], row["handled"], row["ended"]) for row in report["processes"]] == [
        (1, 101, "exit code 0"),
        (2, 100, "exit code 0"),
    ]
    assert depth(ministack_sqs, queue.url) == (0, 0)
    lines = [json.loads(line) for line in ended.errors.splitlines()]
    assert {line["pid"] for line in lines if line["code"] == "consumer.stopped"} == children
    assert [line for line in lines if line["level"] == "error"] == []


def test_what_handlers_print_does_not_hide_the_report(
    ministack: str, ministack_sqs: SQSClient, queue: TestQueue, directory: Path
) -> None:
    fill(ministack_sqs, queue, [str(number) for number in range(20)])
    arguments = ("--handler", "jobs:dot", "--wait", "1", "--processes", "2", "--max-messages", "6")
    with Process(ministack, queue.name, *arguments, directory=directory) as process:
        ended = process.end()
    assert ended.code == 0, ended.errors
    *printed, last = ended.out.splitlines()
    report = json.loads(last)
    assert printed == ["...", "..."]
    assert (report["handled"], report["restarts"]) == (6, 0)
    assert [row["counted"] for row in report["processes"]] == ["at exit", "at exit"]


def test_a_killed_process_is_started_again_and_sigterm_drains_all_and_nothing_is_lost(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, directory: Path
) -> None:
    queue = ministack_queue_factory(attributes={"VisibilityTimeout": "2"})
    bodies = [f"order-{number:02}" for number in range(24)]
    fill(ministack_sqs, queue, bodies)
    arguments = ("--handler", "jobs:hold", "--wait", "1", "--processes", "2", "--control")
    with Process(ministack, queue.name, *arguments, directory=directory) as process:
        wait_until(lambda: len(list(directory.glob("seen-*"))) == 2)
        assert {found.hello.pid for found in discover() if found.hello.control} == set(pids(process)), "viewers find them"
        victim = pids(process)[0]
        os.kill(victim, signal.SIGKILL)
        process.wait_for(f"pid {victim} ended with signal 9 (SIGKILL), the next starts in ")
        (directory / "go").touch()
        wait_until(lambda: set(seen(directory)) == set(bodies))
        wait_until(lambda: len(pids(process)) == 3)
        wait_for_depth(ministack_sqs, queue.url, (0, 0))
        third = pids(process)[2]
        wait_until(lambda: f'"pid": {third}' in process.errors())
        children = pids(process)
        process.signal()
        report = process.end().report()
    assert report["restarts"] == 1
    assert all(map(is_gone, children))
    killed = next(row for row in report["processes"] if row["pid"] == victim)
    assert third in [row["pid"] for row in report["processes"] if row["process"] == killed["process"]]
    assert killed["ended"] == "signal 9 (SIGKILL)"
    assert report["handled"] >= len(bodies) - killed.get("in_flight_at_exit", 0)
    assert [trouble["code"] for trouble in report["troubles"]] == ["process.crashed"]


def test_processes_whose_parent_is_killed_drain_and_end(
    ministack: str, ministack_sqs: SQSClient, queue: TestQueue, directory: Path
) -> None:
    fill(ministack_sqs, queue, [str(number) for number in range(16)])
    arguments = ("--handler", "jobs:hold", "--wait", "1", "--processes", "2", "--workers", "4", "--batch", "4")
    with Process(ministack, queue.name, *arguments, directory=directory) as process:
        wait_until(lambda: len(seen(directory)) >= 8)
        assert discover() == [], "without --control they take commands of their parent alone"
        children = pids(process)
        os.kill(process.pid, signal.SIGKILL)
        process.end()
    (directory / "go").touch()
    for child in children:
        wait_until(lambda child=child: is_gone(child))  # type: ignore[misc]
    assert list(runtime_directory().iterdir()) == [], "nor is the folder of their sockets left behind"
    held = set(seen(directory))
    assert set(bodies_in(ministack_sqs, queue.url)).isdisjoint(held), "what was handled was deleted before they ended"


def test_a_signal_to_parent_and_process_alike_is_one_wish_to_drain() -> None:
    with SignalStops() as stops:
        stops.at_least(1)
        signal.raise_signal(signal.SIGTERM)
        assert stops.count == 1
        signal.raise_signal(signal.SIGTERM)
        assert stops.count == 2
        stops.at_least(1)
        assert stops.count == 2


def test_a_duration_in_which_nothing_was_reached_is_an_error(directory: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    arguments = ("orders", "--handler", "builtin:noop", "--processes", "2", "--duration", "0.1")
    with Process(nowhere, *arguments, directory=directory) as process:
        ended = process.end()
    assert ended.report(1)["received"] == 0
    assert f"sqs-tui: nothing answers at {nowhere}" in ended.errors.splitlines()[-1]


def test_a_refusal_of_theirs_is_said_once(ministack: str, queue: TestQueue, directory: Path) -> None:
    with Process(ministack, queue.name, "--handler", "jobs:missing", "--processes", "2", directory=directory) as process:
        ended = process.end()
    refusals = [line for line in ended.errors.splitlines() if line.startswith("sqs-tui: ")]
    assert (ended.code, ended.out, len(refusals)) == (2, "", 1), ended.errors
    assert "missing" in refusals[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--metrics-address", "127.0.0.1:9999"], "--metrics-address 127.0.0.1:9999 goes with one process, not with 2"),
        (["--capture", "x"], "--capture x goes with one process, not with 2"),
        (["--record", "x"], "--record x goes with one process, not with 2"),
        (["--wait", "21"], "--wait 21"),
        (["--handler", ""], "consume needs --handler"),
    ],
)
def test_what_cannot_be_is_refused_before_any_is_started(more: list[str], said: str) -> None:
    arguments = ["consume", "orders", "--headless", "--processes", "2", "--handler", "builtin:noop", *more]
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        cli.main(arguments, standalone_mode=False)


def test_one_process_is_as_without(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def consume(queues: tuple[str, ...], flags: dict[str, Any]) -> int:
        asked.append(queues)
        return 0

    monkeypatch.setattr("sqs_tui.run.consume_queues", consume)
    cli.main(["consume", "orders", "--handler", "builtin:noop", "--processes", "1"], standalone_mode=False)
    assert asked == [("orders",)]


def test_one_in_the_place_of_a_paused_one_goes_on_paused_and_with_what_was_left() -> None:
    running, paused = consumer(), replace(consumer(), queue="bills", state=RunState.PAUSED)
    heard = Life(1, 70, Ending(-9, None, "", 3.0), snapshot(running, paused))
    unheard = Life(1, 71, Ending(-11, None, "", 0.1), None)
    assert successor_options([], None) == []
    assert successor_options([heard, unheard], None) == ["--paused=bills"]
    assert successor_options([heard], heard.finished + 5) == ["--paused=bills", "--max-messages=5"]
    assert successor_options([heard], 3) == ["--paused=bills", "--max-messages=1"]


def test_what_is_to_begin_paused_receives_nothing(ministack: str, ministack_sqs: SQSClient, queue: TestQueue) -> None:
    fill(ministack_sqs, queue, ["a"])
    with Process(ministack, queue.name, "--handler", "builtin:noop", "--paused", queue.name) as process:
        process.wait_for("consumer.paused")
        process.signal()
        assert process.end().report()["received"] == 0


def test_what_a_crashed_process_was_last_heard_of_is_in_the_report() -> None:
    totals = replace(
        snapshot(consumer()).consumers[0].totals, received=9, handled=5, discarded=0, failed=0, released=0, leases_lost=0
    )
    heard = snapshot(replace(consumer(), totals=totals, in_flight=()))
    killed = Life(1, 70, Ending(-9, None, "", 3.0), heard)
    unheard = Life(1, 71, Ending(-11, None, "", 0.1), None)
    own = {"received": 4, "handled": 3, "in_flight_at_exit": 1, "requests": {"ReceiveMessage": 2}, "troubles": []}
    last = Life(1, 72, Ending(1, own, "stopped", 2.0), None)
    report = merged_report([killed, unheard, last], (), 6.0)
    assert (report["received"], report["handled"], report["in_flight_at_exit"], report["restarts"]) == (13, 8, 5, 2)
    assert [row["ended"] for row in report["processes"]] == ["signal 9 (SIGKILL)", "signal 11 (SIGSEGV)", "exit code 1"]
    assert [row["counted"] for row in report["processes"]] == [iso(heard.at), None, "at exit"]


def test_the_oldest_of_very_many_are_told_of_together_and_nothing_of_them_is_missing() -> None:
    seen = snapshot(replace(consumer(), state=RunState.PAUSED))
    own = {"received": 4, "handled": 3, "requests": {"ReceiveMessage": 2}, "queues": {"orders": {"handled": 3}}}
    every = [
        Life(1, 70, Ending(-9, None, "", 3.0), seen),
        *(Life(1, pid, Ending(3, own, "", 1.0), None) for pid in range(71, 99)),
    ]
    kept: list[Life] = []
    for life in every:
        kept = shortened([*kept, life])
    together, apart = (merged_report([*lives, Life(2, 99, Ending(0, own, "", 1.0), None)], (), 6.0) for lives in (kept, every))
    rows = together.pop("processes")
    assert len(rows) == MOST_LIVES + 1 < len(apart.pop("processes"))
    assert together == apart
    assert (rows[0]["ended"], rows[0]["counted"]) == ("10 processes, the last with exit code 3", "together")
    assert successor_options(kept, None) == ["--paused=orders"]


def test_the_report_has_its_columns_where_no_process_lived_to_tell_anything() -> None:
    report = merged_report([Life(1, 70, Ending(-11, None, "", 0.1), None)], (), 6.0)
    alone = make_report(snapshot(consumer()), 6.0)
    assert report.keys() - {"restarts", "processes"} == alone.keys()
    assert {report[name] for name in COLUMNS} == {0}
