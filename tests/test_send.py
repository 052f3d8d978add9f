"""One message sent by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from consuming import depth
from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue


Place = tuple[str, "SQSClient", "QueueFactory"]


def test_sending_one(place: Place, run: Callable[..., tuple[int, dict[str, Any]]], tmp_path: Path) -> None:
    endpoint, sqs, factory = place
    queue, fifo = factory(), factory(fifo=True)
    code, seen = run(endpoint, "send", queue.name, "--body", "ü", "--attr", "n:Number=3", "--attr", "b:Binary=AAE=", "--yes")
    assert (code, seen["state"]) == (0, "sent")
    (found,) = sqs.receive_message(QueueUrl=queue.url, MessageAttributeNames=["All"])["Messages"]
    assert (found["Body"], found["MessageId"]) == ("ü", seen["message_id"])
    assert found["MessageAttributes"]["n"]["StringValue"] == "3"
    assert found["MessageAttributes"]["b"]["BinaryValue"] == b"\x00\x01"
    path = tmp_path / "body"
    path.write_text("from a file\n")
    code, _ = run(endpoint, "send", fifo.name, "--file", str(path), "--group", "g", "--yes")
    (found,) = sqs.receive_message(QueueUrl=fifo.url, MessageSystemAttributeNames=["All"])["Messages"]
    assert (code, found["Body"], found["Attributes"]["MessageGroupId"]) == (0, "from a file\n", "g")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--body TEXT or --file PATH"),
        (("--body", "x", "--file", "y"), "--body TEXT or --file PATH"),
        (("--body", "x", "--attr", "colour"), "is not NAME=VALUE"),
        (("--body", "x", "--attr", "a:Colour=red"), "is not String, Number or Binary"),
        (("--body", "x", "--attr", "a:Binary=%"), "base64"),
        (("--body", "x", "--dedup", "d"), "is not FIFO"),
        (("--body", ""), "its body is empty"),
        (("--body", "x" * (2**20 + 1)), "it is larger"),
        (("--file", "/nowhere/body"), "cannot be read"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    arguments: tuple[str, ...],
    said: str,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    queue: TestQueue = ministack_queue_factory()
    with pytest.raises(ConfigurationError, match=said):
        run(ministack, "send", queue.name, *arguments, "--yes")
    assert depth(ministack_sqs, queue.url) == (0, 0)
