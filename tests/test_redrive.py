"""Putting dead letters back: planned, proved, and after a kill or a lost answer exactly where they are said to be."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from consuming import depth, fill
from identity_servers import Denying, Losing, serve
from sqs_core.action_log import log_path
from sqs_core.errors import ConfigurationError
from sqs_core.put_back_journal import open_journal
from sqs_tui.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue

Place = tuple[str, "SQSClient", "QueueFactory"]
REFUNDS = "json.type == 'refund'"


@pytest.fixture
def redrive(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs `redrive … --json`; gives the exit code and the object."""

    def redrive(endpoint: str, queue: str, *more: str) -> tuple[int, dict[str, Any]]:
        code = cli.main(["--endpoint-url", endpoint, "redrive", queue, "--json", *more], standalone_mode=False)
        seen: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert seen["schema"] == 1
        return int(code), seen

    return redrive


def counts(seen: dict[str, Any]) -> dict[str, int]:
    return {state: seen[state] for state in ("moved", "skipped", "uncertain", "failed")}


def dead_letters(sqs: SQSClient, queue: TestQueue, count: int) -> TestQueue:
    """Bodies by number, every fourth a refund, in the dead-letter queue; that queue."""
    dead = queue.dead_letters
    fill(sqs, dead, [json.dumps({"n": number, "type": "sale" if number % 4 else "refund"}) for number in range(count)])
    return dead


def everything(sqs: SQSClient, url: str) -> list[dict[str, Any]]:
    """All that is visible, received."""
    found: list[Any] = []
    names: Any = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60, **names).get("Messages"):
        found += messages
    return found


def numbers(messages: list[dict[str, Any]]) -> list[int]:
    return sorted(json.loads(message["Body"])["n"] for message in messages)


def test_the_chosen_go_back_whole_and_the_others_stay(place: Place, redrive: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    endpoint, sqs, factory = place
    queue = factory(max_receive_count=3)
    dead = dead_letters(sqs, queue, 40)
    attributes: Any = {
        "raw": {"DataType": "Binary.x", "BinaryValue": bytes(range(256))},
        "price": {"DataType": "Number", "StringValue": "1.10"},
    }
    body = json.dumps({"n": 40, "type": "refund", "text": "ü\u2028 🙂"})
    sent = sqs.send_message(QueueUrl=dead.url, MessageBody=body, MessageAttributes=attributes)
    code, seen = redrive(endpoint, dead.name, "--where", REFUNDS, "--dry-run")
    assert (code, seen["plan"]["moves"], seen["plan"]["left_alone"]) == (0, {queue.name: 11}, 30)
    assert depth(sqs, dead.url) == (41, 0), "a dry run moves nothing"
    code, seen = redrive(endpoint, dead.name, "--where", REFUNDS, "--yes")
    assert (code, counts(seen), seen["left_alone"]) == (0, {"moved": 11, "skipped": 0, "uncertain": 0, "failed": 0}, 30)
    back = everything(sqs, queue.url)
    assert numbers(back) == [*range(0, 40, 4), 40]
    (whole,) = [message for message in back if message["Body"] == body]
    replayed_from = whole["MessageAttributes"].pop("sqs-tui.replayed-from")
    assert replayed_from["StringValue"] == sent["MessageId"]
    assert {name: {**value} for name, value in whole["MessageAttributes"].items()} == attributes
    assert {result["new_id"] for result in seen["results"]} == {message["MessageId"] for message in back}
    assert depth(sqs, dead.url) == (30, 0), "handed back at once"
    assert numbers(everything(sqs, dead.url)) == [number for number in range(40) if number % 4]


def test_it_leaves_a_backup_and_a_line_in_the_log(
    place: Place, redrive: Callable[..., tuple[int, dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint, sqs, factory = place
    queue = factory(max_receive_count=3)
    dead = dead_letters(sqs, queue, 12)
    _, seen = redrive(endpoint, dead.name, "--yes")
    lines = [json.loads(line) for line in log_path().read_text().splitlines()]
    assert [(line["operation"], line["queue"], line["result"], line.get("count")) for line in lines] == [
        ("redrive", dead.name, "begun", None),
        ("redrive", dead.name, "moved", 12),
    ]
    assert "refund" not in log_path().read_text(), "no bodies in the log"
    assert Path(seen["backup"]).stat().st_mode & 0o777 == 0o600
    assert cli.main(["--endpoint-url", endpoint, "import", seen["backup"], dead.name, "--yes"], standalone_mode=False) == 0
    assert "sent       12" in capsys.readouterr().out
    assert numbers(everything(sqs, dead.url)) == list(range(12))


def test_fifo_messages_keep_their_groups_and_their_order(
    place: Place, redrive: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    endpoint, sqs, factory = place
    queue = factory(fifo=True, max_receive_count=3)
    dead = queue.dead_letters
    fill(sqs, dead, [f"{number}" for number in range(18)], [f"g{number % 3}" for number in range(18)])
    code, seen = redrive(endpoint, dead.name, "--yes")
    assert (code, counts(seen)["moved"]) == (0, 18)
    order: dict[str, list[int]] = {}
    names: Any = ["All"]
    for _ in range(18):
        found = sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=1, MessageSystemAttributeNames=names)["Messages"][0]
        order.setdefault(found["Attributes"]["MessageGroupId"], []).append(int(found["Body"]))
        sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=found["ReceiptHandle"])
    assert order == {f"g{group}": list(range(group, 18, 3)) for group in range(3)}


def test_what_cannot_be_sent_is_skipped_with_the_reason(place: Place, redrive: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    endpoint, sqs, factory = place
    queue = factory(max_receive_count=3, attributes={"MaximumMessageSize": "1024"})
    dead = dead_letters(sqs, queue, 2)
    sqs.send_message(QueueUrl=dead.url, MessageBody="x" * 1025)
    code, seen = redrive(endpoint, dead.name, "--yes")
    assert (code, counts(seen)) == (0, {"moved": 2, "skipped": 1, "uncertain": 0, "failed": 0})
    assert [result["why"] for result in seen["results"] if result["state"] == "skipped"] == [
        "it is larger, with its attributes, than the 1,024 bytes that the queue takes"
    ]
    fifo = factory(fifo=True)
    with_group = redrive(endpoint, dead.name, "--to", fifo.name, "--yes")[1]
    assert with_group["plan"]["skipped"] == {f"it has no message group id, and {fifo.name} is FIFO": 1}
    assert depth(sqs, dead.url) == (1, 0)


def test_a_refused_send_leaves_the_message_where_it_was(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    redrive: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    dead = dead_letters(ministack_sqs, queue, 45)
    denying = Denying(ministack, SendMessageBatch="AccessDeniedException")
    with serve(denying.answer) as server:
        code, seen = redrive(server.url, dead.name, "--yes")
        assert (code, counts(seen)) == (1, {"moved": 0, "skipped": 0, "uncertain": 0, "failed": 30})
        assert "AccessDenied" in seen["cut"], "it does not go on against a wall"
        assert depth(ministack_sqs, dead.url) == (45, 0)
        denying.codes.clear()
        code, seen = redrive(server.url, dead.name, "--yes")
    assert (code, counts(seen)["moved"]) == (0, 45)


@pytest.mark.parametrize("page", [False, True])
def test_a_lost_answer_makes_no_duplicate_and_is_told(
    page: bool,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    redrive: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    dead = dead_letters(ministack_sqs, queue, 100)
    losing = Losing(ministack, "SendMessage", lambda number: number % 3 == 0, page=page)
    with serve(losing.answer) as server:
        code, seen = redrive(server.url, dead.name, "--yes")
        assert (code, counts(seen)) == (1, {"moved": 70, "skipped": 0, "uncertain": 30, "failed": 0})
        again, later = redrive(server.url, dead.name, "--yes")
        assert (again, counts(later)) == (1, {"moved": 0, "skipped": 0, "uncertain": 30, "failed": 0})
    assert losing.number == 10, "what may have been sent is not sent again"
    assert numbers(everything(ministack_sqs, queue.url)) == list(range(100)), "here all arrived, each once"
    uncertain = {result["message_id"] for result in seen["results"] if result["state"] == "uncertain"}
    assert {message["MessageId"] for message in everything(ministack_sqs, dead.url)} == uncertain


@pytest.mark.usefixtures("impatient")
def test_a_fifo_queue_is_asked_again_after_a_lost_answer(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory, redrive: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    queue = queue_factory(fifo=True, max_receive_count=3)
    dead = queue.dead_letters
    fill(sqs, dead, [f"{number}" for number in range(8)], ["g"] * 8)
    losing = Losing(localstack, "SendMessage", lambda number: number % 2 == 1)
    with serve(losing.answer) as server:
        code, seen = redrive(server.url, dead.name, "--yes")
    assert (code, counts(seen)["moved"]) == (0, 8)
    assert losing.number == 16
    assert depth(sqs, queue.url) == (8, 0), "each arrived once"


def test_a_lost_answer_to_a_delete_is_finished_by_the_next_run(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    redrive: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    dead = dead_letters(ministack_sqs, queue, 20)
    denying = Denying(ministack, DeleteMessageBatch="InternalError")
    with serve(denying.answer) as server:
        code, seen = redrive(server.url, dead.name, "--yes")
        assert (code, counts(seen)["uncertain"]) == (1, 20)
        denying.codes.clear()
        code, seen = redrive(server.url, dead.name, "--yes")
    assert (code, counts(seen)) == (0, {"moved": 0, "skipped": 20, "uncertain": 0, "failed": 0})
    assert depth(ministack_sqs, dead.url) == (0, 0)
    assert numbers(everything(ministack_sqs, queue.url)) == list(range(20)), "sent once"


def test_only_one_run_at_a_time(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    redrive: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    dead = dead_letters(ministack_sqs, ministack_queue_factory(max_receive_count=3), 3)
    with (
        open_journal(time.time(), ministack, dead.url),
        pytest.raises(ConfigurationError, match="another sqs-tui holds messages"),
    ):
        redrive(ministack, dead.name, "--yes")
    assert depth(ministack_sqs, dead.url) == (3, 0)


def test_refusals_before_anything_is_received(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    redrive: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    dead = dead_letters(ministack_sqs, queue, 3)
    denying = Denying(ministack)
    with serve(denying.answer) as server:
        for arguments, said in {
            (): "nobody can be asked",
            ("--yes", "--where", "json.type =="): "is no JMESPath",
            ("--yes", "--to", dead.name): "name another",
            ("--yes", "--read-only"): "read-only",
            ("--yes", "--rate", "0"): "--rate 0",
            ("--yes", "--server-side", "--where", REFUNDS): "all or nothing",
        }.items():
            with pytest.raises(ConfigurationError, match=said):
                redrive(server.url, dead.name, *arguments)
        with pytest.raises(ConfigurationError, match="no queue names"):
            redrive(server.url, queue.name, "--yes")
    assert set(denying.asked) <= {"", "GetQueueUrl", "GetQueueAttributes", "ListDeadLetterSourceQueues", "ListQueues"}


def test_sqs_moves_them_itself_only_when_it_is_asked_to(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory, redrive: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    queue = queue_factory(max_receive_count=3)
    dead = dead_letters(sqs, queue, 15)
    code, seen = redrive(localstack, dead.name, "--to", queue.name, "--server-side", "--yes")
    assert (code, seen["state"], seen["moved"]) == (0, "COMPLETED", 15)
    assert numbers(everything(sqs, queue.url)) == list(range(15))


def test_messages_go_to_an_emulator_at_another_endpoint_and_to_no_other_server(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    localstack: str,
    sqs: SQSClient,
    queue_factory: QueueFactory,
    redrive: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    dead, other = dead_letters(ministack_sqs, ministack_queue_factory(max_receive_count=3), 8), queue_factory()
    there = f"{localstack}/000000000000/{other.name}"
    code, seen = redrive(ministack, dead.name, "--to", there, "--dry-run")
    assert (code, seen["plan"]["moves"]) == (0, {other.name: 8})
    assert localstack in seen["plan"]["note"]
    code, seen = redrive(ministack, dead.name, "--to", there, "--where", REFUNDS, "--yes")
    assert (code, counts(seen)["moved"]) == (0, 2)
    assert numbers(everything(sqs, other.url)) == [0, 4]
    assert depth(ministack_sqs, dead.url) == (6, 0)
    with pytest.raises(ConfigurationError, match="not on this machine"):
        redrive(ministack, dead.name, "--to", "https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "--yes")
