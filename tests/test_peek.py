"""Looking harms no message: what a look costs is what was said, and one that might use up a message is refused."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from consuming import PROCESS_SECONDS, PROGRAM, depth, fill, receive_counts
from identity_servers import Answer, Denying, Seen, Server, hand_on, serve
from sqs_core import look_record
from sqs_core.demo.emulator import free_port
from sqs_core.errors import ConfigurationError
from sqs_tui.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue


@pytest.fixture
def peek(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs `peek … --json`; gives the exit code and the object."""

    def peek(endpoint: str, queue: str, *more: str) -> tuple[int, dict[str, Any]]:
        code = cli.main(["--endpoint-url", endpoint, "peek", queue, "--json", *more], standalone_mode=False)
        seen: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert seen["schema"] == 1
        return int(code), seen

    return peek


def dead(sqs: SQSClient, queue: TestQueue) -> tuple[int, int]:
    assert queue.dlq_url is not None
    return depth(sqs, queue.dlq_url)


def test_the_emulators_own_page_costs_nothing(
    place: tuple[str, SQSClient, QueueFactory], peek: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    endpoint, sqs, factory = place
    queue = factory(max_receive_count=1)
    other = factory()
    fill(sqs, other, ["of another queue"])
    attributes: Any = {
        "raw": {"DataType": "Binary.x", "BinaryValue": bytes(range(256))},
        "count": {"DataType": "Number", "StringValue": "1.10"},
        "word": {"DataType": "String", "StringValue": "käse"},
    }
    sqs.send_message(QueueUrl=queue.url, MessageBody='{"a": "ü\u2028"}', MessageAttributes=attributes)
    for _ in range(3):
        code, seen = peek(endpoint, queue.name, "--read-only")
        assert (code, seen["rung"], seen["cost"]) == (0, "back-door", {"receives": 0, "not_handed_back": 0})
    (row,) = seen["messages"]
    assert (row["body"], row["receive_count"], row["visible"], row["receives_left"]) == ('{"a": "ü\u2028"}', 0, True, 1)
    assert row["attributes"]["raw"] == {"type": "Binary.x", "value": base64.b64encode(bytes(range(256))).decode()}
    assert row["attributes"]["count"] == {"type": "Number", "value": "1.10"}
    assert row["attributes"]["word"] == {"type": "String", "value": "käse"}
    assert receive_counts(sqs, queue) == [1]
    assert dead(sqs, queue) == (0, 0)


def test_of_a_fifo_queue_the_page_tells_the_group(
    place: tuple[str, SQSClient, QueueFactory], peek: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    endpoint, sqs, factory = place
    queue = factory(fifo=True)
    fill(sqs, queue, ["a", "b", "c"], ["g", "g", "h"])
    _, seen = peek(endpoint, queue.name, "--max", "2")
    assert [(row["body"], row["group_id"], row["dedup_id"]) for row in seen["messages"]] == [("a", "g", "0"), ("b", "g", "1")]
    assert seen["total"] == 3


@pytest.mark.parametrize("maximum", [1, 2, 3, 10])
def test_looks_by_receiving_leave_each_message_a_receive(
    maximum: int, place: tuple[str, SQSClient, QueueFactory], peek: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    endpoint, sqs, factory = place
    queue = factory(max_receive_count=maximum)
    fill(sqs, queue, [f"body {number}" for number in range(12)])
    looks, refusals = 0, []
    for _ in range(maximum + 2):
        try:
            code, seen = peek(endpoint, queue.name, "--receive", "--yes", "--max", "20")
        except ConfigurationError as error:
            refusals.append(str(error))
            continue
        looks += 1
        assert (code, seen["cost"]) == (0, {"receives": 12, "not_handed_back": 0})
        assert {row["receive_count"] for row in seen["messages"]} == {looks}
        assert {row["receives_left"] for row in seen["messages"]} == {maximum - looks}
    said = "after 1 receive" if maximum == 1 else f"{maximum - 1} of {maximum} times"
    assert [said in refusal for refusal in refusals] == [True] * 3
    assert looks == maximum - 1
    assert dead(sqs, queue) == (0, 0)
    assert receive_counts(sqs, queue) == [looks + 1] * 12


def test_processes_know_of_each_others_looks(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    fill(ministack_sqs, queue, ["a", "b"])
    command = [str(PROGRAM), "--endpoint-url", ministack, "peek", queue.name, "--receive", "--yes"]
    running = [
        subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    errors = [process.communicate(timeout=PROCESS_SECONDS)[1] for process in running]
    assert sorted(process.returncode for process in running) == [0, 0, 2, 2], errors
    assert sum("2 of 3 times" in text for text in errors) == 2
    assert dead(ministack_sqs, queue) == (0, 0)
    assert receive_counts(ministack_sqs, queue) == [3, 3]


def test_a_look_that_cannot_be_recorded_is_not_taken(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = ministack_queue_factory(max_receive_count=5)
    fill(ministack_sqs, queue, ["a"])
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    with pytest.raises(ConfigurationError, match="set XDG_STATE_HOME"):
        cli.main(["--endpoint-url", ministack, "peek", queue.name, "--receive", "--yes"], standalone_mode=False)
    assert receive_counts(ministack_sqs, queue) == [1]


@pytest.mark.parametrize("operation", ["begin", "saw", "end"])
def test_a_look_that_ends_early_counts_against_every_message(
    operation: str,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    peek: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    queue = ministack_queue_factory(max_receive_count=2)
    fill(ministack_sqs, queue, ["a"])

    def die(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look_record.LookRecord, operation, die)
        with pytest.raises(ZeroDivisionError):
            cli.main(["--endpoint-url", ministack, "peek", queue.name, "--receive", "--yes"], standalone_mode=False)
    if operation == "begin":  # nothing had been received
        peek(ministack, queue.name, "--receive", "--yes")
    with pytest.raises(ConfigurationError, match=r"[12] of 2 times"):
        peek(ministack, queue.name, "--receive", "--yes")
    assert dead(ministack_sqs, queue) == (0, 0)


def test_an_answer_that_was_lost_counts_too(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    peek: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    queue = ministack_queue_factory(max_receive_count=2)
    fill(ministack_sqs, queue, ["a"])
    losing = threading.Event()
    losing.set()

    def answer(_: Server, seen: Seen) -> Answer:
        found = hand_on(ministack, seen)
        lost = losing.is_set() and seen.headers.get("x-amz-target", "").endswith("ReceiveMessage")
        return (500, "text/plain", "lost") if lost else found

    with serve(answer) as front:
        with pytest.raises(Exception, match="ReceiveMessage"):
            peek(front.url, queue.name, "--receive", "--yes")
        losing.clear()
        with pytest.raises(ConfigurationError, match="1 of 2 times"):
            peek(front.url, queue.name, "--receive", "--yes")


def test_what_cannot_be_handed_back_is_said(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    peek: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, ["a", "b"])
    with serve(Denying(ministack, ChangeMessageVisibilityBatch="AccessDenied").answer) as front:
        code, seen = peek(front.url, queue.name, "--receive", "--yes")
    assert (code, seen["cost"]) == (1, {"receives": 2, "not_handed_back": 2})
    assert depth(ministack_sqs, queue.url) == (0, 2)


def test_a_redrive_policy_that_cannot_be_read_is_a_reason_not_to_look(
    ministack: str, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=5)
    denying = Denying(ministack, GetQueueAttributes="AccessDenied")
    with serve(denying.answer) as front, pytest.raises(ConfigurationError, match="cannot be read"):
        cli.main(["--endpoint-url", front.url, "peek", queue.name, "--receive", "--yes"], standalone_mode=False)
    assert "ReceiveMessage" not in denying.asked


def test_the_text_shows_rows_and_obeys_nobody(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = ministack_queue_factory(max_receive_count=4)
    monkeypatch.setenv("COLUMNS", "200")
    ministack_sqs.send_message(QueueUrl=queue.url, MessageBody='evil \u202e[bold] {"password": "hunter2-XYZZY"} ' + "x" * 300)
    assert cli.main(["--endpoint-url", ministack, "peek", queue.name], standalone_mode=False) == 0
    text = capsys.readouterr().out
    assert "1 of 1 seen on the emulator's own page, at no cost" in text
    assert "0, 4 left" in text
    assert "evil ⟨U+202E⟩" in text
    assert "hunter2" not in text
    assert max(map(len, text.splitlines())) <= 200
    assert cli.main(["--endpoint-url", ministack, "peek", queue.name, "--receive", "--dry-run"], standalone_mode=False) == 0
    assert "after 4 receives a message goes to the dead-letter queue" in capsys.readouterr().out


@pytest.mark.parametrize("command", [("peek",), ("redrive", "--dry-run"), ("send", "--body", "a", "--yes")])
def test_where_nothing_answers_a_command_says_what_to_do(command: tuple[str, ...]) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    name, *more = command
    arguments = [str(PROGRAM), "--endpoint-url", address, name, "orders", *more]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=PROCESS_SECONDS, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"sqs-tui: nothing answers at {address}: start LocalStack")
