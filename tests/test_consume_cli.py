"""`sqs-tui consume --headless` against a real server: every message accounted for, and an orderly end."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from consuming import PROGRAM, Process, bodies_in, depth, fill, wait_for_depth
from sqs_core.demo.emulator import free_port
from waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from consuming import Ended
    from servers import QueueFactory

pytestmark = pytest.mark.sdk
HANDLERS = """
from sqs_core import Retry
not_callable = 7

def some_fail(message):
    if message.body.endswith("7"):
        raise Retry(0)

async def some_fail_async(message):
    some_fail(message)

def returns_coroutine(message):
    return some_fail_async(message)
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with handlers."""
    (tmp_path / "jobs.py").write_text(HANDLERS)
    return tmp_path


def test_2000_messages_some_of_which_fail(localstack: str, sqs: SQSClient, queue_factory: QueueFactory, directory: Path) -> None:
    queue = queue_factory(max_receive_count=3)
    assert queue.dlq_url is not None
    bodies = [f"order-{number:04}" for number in range(2000)]
    poison = [body for body in bodies if body.endswith("7")]
    fill(sqs, queue, bodies)
    arguments = ("--handler", "jobs:some_fail", "--max-messages", "2000", "--workers", "16", "--pollers", "4", "--wait", "2")
    with Process(localstack, queue.name, *arguments, directory=directory) as process:
        report = process.end().report()
    assert report["handled"] == len(bodies) - len(poison)
    assert report["given_up"] == len(poison)
    assert report["retried"] == 2 * len(poison)
    assert report["in_flight_at_exit"] == report["leases_lost"] == 0
    assert report["deleted"] == report["handled"]
    assert sum(report["requests"].values()) / len(bodies) < 0.5, report["requests"]
    visible, in_flight = depth(sqs, queue.url)
    assert visible <= len(poison), "what was given up last is visible until the next receive, by anyone"
    assert in_flight == 0
    assert bodies_in(sqs, queue.url) == []
    assert sorted(bodies_in(sqs, queue.dlq_url)) == poison


def test_sigterm_waits_for_handlers_and_polls_and_hides_nothing(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory
) -> None:
    queue = queue_factory()
    fill(sqs, queue, [f"before-{number}" for number in range(8)])
    with Process(localstack, queue.name, "--handler", "builtin:sleep?seconds=3", "--wait", "5") as process:
        wait_for_depth(sqs, queue.url, (0, 8))
        process.signal()
        process.wait_for("consumer.draining")
        fill(sqs, queue, [f"during-{number}" for number in range(5)])
        ended = process.end()
    report = ended.report()
    assert ended.seconds < 9
    assert (report["handled"], report["in_flight_at_exit"], report["leases_lost"]) == (8, 0, 0)
    assert report["released"] == report["received"] - 8 > 0, "the poll that was out caught some"
    assert depth(sqs, queue.url) == (5, 0)
    assert sorted(bodies_in(sqs, queue.url)) == [f"during-{number}" for number in range(5)]


def test_a_queue_that_is_done_ends_no_program_of_another(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, tmp_path: Path
) -> None:
    quiet, busy = ministack_queue_factory(), ministack_queue_factory()
    fill(ministack_sqs, busy, ["one"])
    begun = tmp_path / "begun"
    handler = f"exec:sh -c 'touch {begun}; sleep 4'"
    with Process(ministack, quiet.name, busy.name, "--handler", handler, "--wait", "1") as process:
        wait_until(begun.exists)
        process.signal()
        report = process.end().report()
    assert (report["handled"], report["failed"], report["in_flight_at_exit"]) == (1, 0, 0)


def test_sigterm_while_idle_waits_for_one_poll(localstack: str, queue_factory: QueueFactory) -> None:
    queue = queue_factory()
    arguments = ("--handler", "builtin:noop", "--wait", "3", "--pollers", "4")
    with Process(localstack, queue.name, *arguments) as process:
        process.wait_for("consumer.started")
        process.signal()
        ended = process.end()
    report = ended.report()
    assert 2 < ended.seconds < 5
    assert report["requests"]["ReceiveMessage"] == 1


def test_a_second_sigterm_ends_it_within_a_second_and_gives_everything_back(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory
) -> None:
    queue = queue_factory()
    fill(sqs, queue, [str(number) for number in range(8)])
    with Process(localstack, queue.name, "--handler", "builtin:sleep?seconds=60", "--wait", "20") as process:
        wait_for_depth(sqs, queue.url, (0, 8))
        process.signal()
        process.wait_for("consumer.draining")
        process.signal()
        ended = process.end()
    report = ended.report(code=1)
    assert ended.seconds < 1
    assert (report["handled"], report["in_flight_at_exit"]) == (0, 0)
    assert report["released"] == report["received"] >= 8
    assert "stopped before everything held had ended" in ended.errors
    wait_for_depth(sqs, queue.url, (8, 0), 3)


def test_several_queues_at_once(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queues = [queue_factory(), queue_factory(), queue_factory(fifo=True)]
    for queue in queues:
        fill(sqs, queue, [str(number) for number in range(10)], ["g"] * 10 if queue.name.endswith(".fifo") else None)
    names = [queue.name for queue in queues]
    with Process(localstack, *names, "--handler", "builtin:noop", "--max-messages", "30", "--wait", "1") as process:
        report = process.end().report()
    assert report["handled"] == 30
    assert {name: part["handled"] for name, part in report["queues"].items()} == dict.fromkeys(names, 10)
    assert [depth(sqs, queue.url) for queue in queues] == [(0, 0)] * 3


def test_a_run_ends_after_its_duration(localstack: str, sqs: SQSClient, queue_factory: QueueFactory, directory: Path) -> None:
    queue = queue_factory()
    fill(sqs, queue, ["one", "two-7"])
    arguments = ("--handler", "jobs:some_fail_async", "--duration", "3", "--wait", "1", "--max-messages", "50")
    with Process(localstack, queue.name, *arguments, directory=directory) as process:
        report = process.end(20).report()
    assert report["handled"] == 1
    assert report["retried"] > 1
    assert 3 <= report["duration_seconds"] < 8


def test_a_coroutine_that_was_returned_fails_its_message(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory, directory: Path
) -> None:
    queue = queue_factory(max_receive_count=1)
    fill(sqs, queue, ["one"])
    arguments = ("--handler", "jobs:returns_coroutine", "--max-messages", "1", "--wait", "1")
    with Process(localstack, queue.name, *arguments, directory=directory) as process:
        ended = process.end(20)
    report = ended.report()
    assert (report["given_up"], report["handled"], report["deleted"]) == (1, 0, 0)
    assert "async def" in ended.errors


WRONG = [
    (["--handler", "builtin:noop"], "no-such-queue", "'no-such-queue'"),
    (["--handler", "nowhere:handle"], "orders", "'nowhere'"),
    (["--handler", "jobs:missing"], "orders", "'missing'"),
    (["--handler", "jobs:not_callable"], "orders", "not callable"),
    (["--handler", "builtin:sleep?seconds=-1"], "orders", "negative"),
    (["--handler", "exec:no-such-program"], "orders", "no-such-program"),
    ([], "orders", "--handler"),
    (["--handler", "builtin:noop", "--workers", "0"], "orders", "--workers 0"),
    (["--handler", "builtin:noop", "--wait", "25"], "orders", "--wait 25"),
    (["--handler", "builtin:noop", "--batch", "x"], "orders", "--batch"),
    (["--handler", "builtin:noop", "--max-messages", "0"], "orders", "--max-messages"),
    (["--handler", "builtin:noop", "--no-such-option"], "orders", "--no-such-option"),
    (["--handler", "builtin:noop", "--endpoint-url", "localhost:4566"], "orders", "'localhost:4566'"),
    (["--handler", "builtin:noop", "--endpoint-url", "http://sqs.eu-west-1.amazonaws.com"], "orders", "amazonaws.com"),
    (["--handler", "builtin:noop", "--read-only"], "orders", "read-only"),
    (["--handler", "builtin:noop"], "two words", "'two words'"),
    (["--handler", "builtin:noop"], "arn:aws:sqs:eu-west-1:000000000000:orders", "--region eu-west-1"),
]


def test_wrong_input_is_one_line_and_exit_code_2(localstack: str, directory: Path) -> None:
    def run(case: tuple[list[str], str, str]) -> Ended:
        arguments, queue, _ = case
        with Process(localstack, queue, *arguments, directory=directory) as process:
            return process.end()

    with ThreadPoolExecutor(4) as pool:
        for (arguments, queue, named), ended in zip(WRONG, pool.map(run, WRONG), strict=True):
            told = f"{queue} {arguments}: {ended.errors}"
            assert (ended.code, ended.out, len(ended.errors.splitlines())) == (2, "", 1), told
            assert named in ended.errors, told


@pytest.mark.parametrize("duration", ["0.01", "3"])
def test_nobody_at_the_endpoint_is_told_with_its_address(directory: Path, duration: str) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with Process(address, "orders", "--handler", "builtin:noop", "--duration", duration, directory=directory) as process:
        ended = process.end(20)
    assert ended.report(code=1)["received"] == 0  # a run that never reached its endpoint is no success
    assert address in ended.errors
    assert "sqs-tui demo" in ended.errors


def test_a_closed_stream_changes_nothing_but_who_reads() -> None:
    for closed in ("1>&-", "2>&-"):
        ended = subprocess.run(["sh", "-c", f"exec {PROGRAM} demo --list {closed}"], capture_output=True, text=True, timeout=30)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert bool(ended.stdout) is (closed == "2>&-")
