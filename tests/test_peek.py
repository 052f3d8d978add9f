"""Looking harms no message: what a look costs is what was said, and one that might use up a message is refused."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from consuming import PROCESS_SECONDS, PROGRAM, depth, fill
from identity_servers import Answer, Denying, Seen, Server, hand_on, serve
from sqs_core import look_record
from sqs_core.action_log import log_path
from sqs_core.errors import ConfigurationError
from sqs_core.look_record import open_record
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


@pytest.fixture(params=["ministack", "localstack"])
def place(request: pytest.FixtureRequest) -> tuple[str, SQSClient, QueueFactory]:
    """Each emulator: its endpoint, a client that looks past us, and queues."""
    prefix = "ministack_" if request.param == "ministack" else ""
    sqs, factory = (request.getfixturevalue(f"{prefix}{name}") for name in ("sqs", "queue_factory"))
    return request.getfixturevalue(request.param), sqs, factory


def receive_counts(sqs: SQSClient, queue: TestQueue) -> list[int]:
    """Receives of each message, this one included; the messages stay hidden."""
    counts: list[int] = []
    while found := sqs.receive_message(
        QueueUrl=queue.url, MaxNumberOfMessages=10, VisibilityTimeout=60, MessageSystemAttributeNames=["All"]
    ).get("Messages"):
        counts += [int(message["Attributes"]["ApproximateReceiveCount"]) for message in found]
    return sorted(counts)


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


DEPLOYED = ("--env", "staging", "--region", "us-east-1", "--allow-endpoint", "127.0.0.1")
REFUSED: list[tuple[tuple[str, ...], tuple[str, ...], str]] = [
    ((), (), "pass --yes"),
    ((), ("--read-only", "--yes"), "read-only"),
    (DEPLOYED, ("--yes",), "staging is locked: pass --allow-writes and --reason"),
    ((*DEPLOYED, "--allow-writes"), ("--yes",), "say why with --reason"),
    ((*DEPLOYED, "--reason", "why"), ("--yes",), "staging is locked"),
    ((*DEPLOYED, "--allow-writes", "--reason", "why"), ("--yes", "--read-only"), "read-only"),
    ((*DEPLOYED, "--allow-writes", "--reason", "why"), (), "pass --yes"),
]


@pytest.mark.parametrize(("before", "after", "said"), REFUSED)
def test_without_leave_nothing_is_received(
    before: tuple[str, ...],
    after: tuple[str, ...],
    said: str,
    ministack: str,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVKEY000001")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-environment")
    queue = ministack_queue_factory(max_receive_count=5)
    denying = Denying(ministack)
    with serve(denying.answer) as front, pytest.raises(ConfigurationError, match=said):
        cli.main([*before, "--endpoint-url", front.url, "peek", queue.name, "--receive", *after], standalone_mode=False)
    assert "ReceiveMessage" not in denying.asked


def test_a_look_in_a_deployed_environment_is_logged_with_its_reason(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVKEY000001")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-environment")
    queue = ministack_queue_factory(max_receive_count=5)
    fill(ministack_sqs, queue, ["the body"])
    leave = ("--allow-writes", "--reason", "ticket 42")
    arguments = [*DEPLOYED, *leave, "--endpoint-url", ministack, "peek", queue.name, "--receive", "--yes", "--json"]
    assert cli.main(arguments, standalone_mode=False) == 0
    (row,) = json.loads(capsys.readouterr().out)["messages"]
    path = log_path()
    begun, ended = (json.loads(line) for line in path.read_text().splitlines())
    for line in (begun, ended):
        assert (line["operation"], line["queue"], line["environment"], line["reason"]) == (
            "peek",
            queue.name,
            "staging",
            "ticket 42",
        )
        assert line["who"]
    assert (begun["result"], ended["result"]) == ("begun", "1 handed back")
    assert (ended["count"], ended["message_ids"]) == (1, [row["message_id"]])
    assert "the body" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_look_that_cannot_be_logged_is_not_taken(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=5)
    fill(ministack_sqs, queue, ["a"])
    log_path().mkdir()
    with pytest.raises(ConfigurationError, match=r"the action log .* cannot be written"):
        cli.main(["--endpoint-url", ministack, "peek", queue.name, "--receive", "--yes"], standalone_mode=False)
    assert receive_counts(ministack_sqs, queue) == [1]


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


def test_the_record_is_private_and_forgets_what_is_past_its_retention() -> None:
    with open_record("http://e", "http://e/q", now=1000.0) as record:
        record.begin(2000.0)
    folder = Path(os.environ["XDG_STATE_HOME"]) / "sqs-tui" / look_record.FOLDER
    (path,) = folder.iterdir()
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    with open_record("http://e", "http://e/q", now=1999.0) as record:
        assert record.worst == 1
    with open_record("http://e", "http://e/q", now=2001.0) as record:
        assert record.worst == 0
    with open_record("http://e", "http://e/other", now=1000.0) as record:
        assert record.worst == 0


def test_only_one_look_at_a_time() -> None:
    second = threading.Event()

    def look() -> None:
        with open_record("http://e", "http://e/q", now=0.0):
            second.set()

    with open_record("http://e", "http://e/q", now=0.0):
        thread = threading.Thread(target=look)
        thread.start()
        assert not second.wait(0.3)
    thread.join(5)
    assert second.is_set()


def test_a_line_cut_by_a_crash_is_no_end_of_a_look() -> None:
    with open_record("http://e", "http://e/q", now=0.0) as record:
        record.begin(10.0)
        record.end(10.0)
        record.begin(10.0)
    (path,) = (Path(os.environ["XDG_STATE_HOME"]) / "sqs-tui" / look_record.FOLDER).iterdir()
    with path.open("a") as file:
        file.write('{"ended": "')
    with open_record("http://e", "http://e/q", now=0.0) as record:
        assert record.worst == 1
        record.begin(10.0)  # on a line of its own
    with open_record("http://e", "http://e/q", now=0.0) as record:
        assert record.worst == 2
