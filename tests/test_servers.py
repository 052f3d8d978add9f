"""The servers the other tests stand on do what those tests take for granted."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

pytestmark = pytest.mark.sdk


def test_no_setting_of_the_developer_is_left(clean_environment: Path) -> None:
    assert not [name for name in os.environ if name.startswith("AWS_")]
    assert os.environ["HOME"] == str(clean_environment)
    assert len(str(clean_environment / "runtime" / "sqs-tui" / "123456.sock")) < 104


@pytest.mark.parametrize("factory", ["queue_factory", "ministack_queue_factory"])
def test_a_dead_letter_queue_gets_what_was_received_too_often(factory: str, request: pytest.FixtureRequest) -> None:
    make: QueueFactory = request.getfixturevalue(factory)
    client: SQSClient = request.getfixturevalue("sqs" if factory == "queue_factory" else "ministack_sqs")
    queue = make(max_receive_count=1, attributes={"VisibilityTimeout": "0"})
    assert queue.dlq_url is not None
    client.send_message(QueueUrl=queue.url, MessageBody="poison")

    assert [message["Body"] for message in client.receive_message(QueueUrl=queue.url)["Messages"]] == ["poison"]
    assert "Messages" not in client.receive_message(QueueUrl=queue.url)
    dead = client.receive_message(QueueUrl=queue.dlq_url, WaitTimeSeconds=3)
    assert [message["Body"] for message in dead["Messages"]] == ["poison"]


def test_a_fifo_group_comes_in_order(sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue = queue_factory(fifo=True, attributes={"ContentBasedDeduplication": "true"})
    for body in "abc":
        sqs.send_message(QueueUrl=queue.url, MessageBody=body, MessageGroupId="g")
    answer = sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10, WaitTimeSeconds=3)
    assert [message["Body"] for message in answer["Messages"]] == ["a", "b", "c"]


@pytest.mark.parametrize("server", ["localstack", "ministack"])
def test_only_the_loopback_is_listened_on(server: str, request: pytest.FixtureRequest) -> None:
    endpoint_url: str = request.getfixturevalue(server)
    port = int(endpoint_url.rsplit(":", 1)[1])
    address = _own_address()
    if address is None:
        pytest.skip("this machine has no address but the loopback")
    with socket.socket() as probe:
        probe.settimeout(2)
        assert probe.connect_ex((address, port)) != 0


def _own_address() -> str | None:
    """This machine's address on its network; connecting a datagram socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") else address
