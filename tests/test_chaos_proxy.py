"""Each fault of the proxy is what it says it is, as a plain boto3 client and the server behind it see it."""

from __future__ import annotations

import gc
import socket
import time
import warnings
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    ResponseStreamingError,
)

import servers
from consuming import depth
from sqs_core.demo.chaos import ChaosProxy, Fault, Rule
from sqs_core.errors import ConfigurationError
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue

PATIENT_SECONDS, HASTY_SECONDS = 30.0, 1.0
"""Read timeouts: a busy machine may be late with an answer, and some faults never give one."""


class Through:
    """A proxy before a server, a queue, a client that goes through the proxy and one that goes past it."""

    def __init__(self, proxy: ChaosProxy, queue: TestQueue, past: SQSClient) -> None:
        self.proxy, self.queue, self.past = proxy, queue, past
        self.sqs, self.hasty = self._client(PATIENT_SECONDS), self._client(HASTY_SECONDS)

    def _client(self, read_timeout_seconds: float) -> SQSClient:
        session = boto3.Session(servers.DUMMY_KEY, servers.DUMMY_KEY, region_name=servers.REGION)
        config = Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout_seconds)
        return session.client("sqs", endpoint_url=self.proxy.url, config=config)

    def close(self) -> None:
        for client in (self.sqs, self.hasty):
            client.close()

    def send(self, body: str = "one", client: SQSClient | None = None) -> Any:
        return (client or self.sqs).send_message(QueueUrl=self.queue.url, MessageBody=body)

    def receive(self, client: SQSClient | None = None) -> list[Any]:
        answer = (client or self.sqs).receive_message(QueueUrl=self.queue.url, MaxNumberOfMessages=10, VisibilityTimeout=30)
        return list(answer.get("Messages", []))

    def waiting(self) -> int:
        """Messages that are visible, as the server says."""
        return depth(self.past, self.queue.url)[0]


@pytest.fixture
def through(ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory) -> Iterator[Through]:
    with ChaosProxy(ministack) as proxy:
        there = Through(proxy, ministack_queue_factory(), ministack_sqs)
        yield there
        there.close()


def test_without_a_rule_everything_passes_and_is_counted(through: Through) -> None:
    for number in range(20):
        through.send(str(number))
    assert sorted(m["Body"] for _ in range(2) for m in through.receive()) == sorted(map(str, range(20)))
    assert through.proxy.asked == {"SendMessage": 20, "ReceiveMessage": 2}
    assert 1 <= through.proxy.busiest_second("Send*") <= through.proxy.count("Send*") == 20
    assert not through.proxy.struck


def test_refused_and_back_on_the_same_port(through: Through) -> None:
    through.send()
    url = through.proxy.url
    through.proxy.down()
    assert through.proxy.url == url
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0))
    with pytest.raises((EndpointConnectionError, ConnectionClosedError)):
        through.send()
    through.proxy.up()
    through.send()
    assert through.waiting() == 2


UNANSWERED = [
    (Fault.RESET, ConnectionClosedError, 0),
    (Fault.LOST, ConnectionClosedError, 1),
    (Fault.HUNG, ReadTimeoutError, 0),
    (Fault.STALLED, ReadTimeoutError, 1),
    (Fault.TRUNCATED, (ConnectionClosedError, ResponseStreamingError, HTTPClientError), 1),
]


@pytest.mark.parametrize(("fault", "error", "acted"), UNANSWERED)
def test_no_answer_and_whether_the_server_acted(
    through: Through, fault: Fault, error: type[Exception] | tuple[type[Exception], ...], acted: int
) -> None:
    through.proxy.add(Rule(fault, "SendMessage", times=1))
    with pytest.raises(error):
        through.send(client=through.hasty)
    assert through.waiting() == acted
    through.send()
    assert through.waiting() == acted + 1
    assert through.proxy.struck == {fault: 1}


@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.DRIPPED])
def test_slow_and_dripped_answers_are_whole(through: Through, fault: Fault) -> None:
    through.proxy.add(Rule(fault, seconds=0.4))
    started = time.monotonic()
    assert through.send("whole")["MessageId"]
    assert time.monotonic() - started >= 0.3
    assert [message["Body"] for message in through.receive()] == ["whole"]


def test_twice_reaches_the_server_twice(through: Through) -> None:
    through.proxy.add(Rule(Fault.TWICE, "SendMessage"))
    assert through.send()["MessageId"]
    assert through.waiting() == 2


def test_redelivered_comes_again_while_it_is_held(through: Through) -> None:
    through.send()
    through.proxy.add(Rule(Fault.REDELIVERED, "ReceiveMessage", times=1))
    first, second = through.receive(), through.receive()
    assert [m["MessageId"] for m in first] == [m["MessageId"] for m in second]
    assert first[0]["ReceiptHandle"] != second[0]["ReceiptHandle"]
    assert through.receive() == []


ERRORS = [
    ("ExpiredToken", 403), ("InvalidClientTokenId", 403), ("RequestThrottled", 400), ("ServiceUnavailable", 503),
    ("RequestTimeTooSkewed", 403), ("OverLimit", 403), ("SignatureDoesNotMatch", 403),
]  # fmt: skip


@pytest.mark.parametrize(("code", "status"), ERRORS)
def test_any_error_with_any_status(through: Through, code: str, status: int) -> None:
    through.proxy.add(Rule(Fault.ERROR, "SendMessage", code=code, status=status))
    with pytest.raises(ClientError) as told:
        through.send()
    assert told.value.response["Error"]["Code"] == code
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert through.waiting() == 0


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.EMPTY])
def test_a_page_or_nothing_with_status_200_looks_like_success(through: Through, fault: Fault) -> None:
    through.proxy.add(Rule(fault, "SendMessage", status=200))
    answer = through.send()
    assert "MessageId" not in answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert through.waiting() == 0


def test_every_second_entry_of_a_batch_is_refused_and_the_others_done(through: Through) -> None:
    for _ in range(4):
        through.send()
    entries: Any = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(through.receive())]
    through.proxy.add(Rule(Fault.PARTIAL, "*Batch", code="InternalError"))
    answer = through.sqs.delete_message_batch(QueueUrl=through.queue.url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["0", "2"]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("1", "InternalError"), ("3", "InternalError")]
    assert depth(through.past, through.queue.url) == (0, 2)


def test_wrong_digests_of_what_is_sent_and_of_what_comes(through: Through) -> None:
    through.send()
    through.proxy.add(Rule(Fault.WRONG_MD5))
    assert through.send()["MD5OfMessageBody"] == "0" * 32
    assert {message["MD5OfBody"] for message in through.receive()} == {"0" * 32}


def test_the_date_is_off(through: Through) -> None:
    through.proxy.add(Rule(Fault.SKEWED, seconds=-3600))
    answer = through.send()
    date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert 3590 < time.time() - parsedate_to_datetime(date).timestamp() < 3660


def test_rules_count_skip_and_roll_seeded_dice(through: Through) -> None:
    def struck(seed: int) -> list[int]:
        with ChaosProxy(f"http://127.0.0.1:{urlsplit(through.proxy.url).port}", seed=seed) as proxy:
            proxy.add(Rule(Fault.ERROR, "SendMessage", skip=2, times=5, probability=0.5))
            there = Through(proxy, through.queue, through.past)
            return [number for number in range(25) if _fails(there)]

    first = struck(7)
    assert len(first) == 5
    assert min(first) >= 2
    assert struck(7) == first
    assert struck(8) != first


def test_a_rule_may_strike_each_third_request(through: Through) -> None:
    through.proxy.add(Rule(Fault.ERROR, skip=1, every=3, times=2))
    assert [number for number in range(12) if _fails(through)] == [3, 6]


def _fails(through: Through) -> bool:
    try:
        through.send()
    except ClientError:
        return True
    return False


def test_the_first_rule_that_matches_decides_and_clear_ends_all(through: Through) -> None:
    through.proxy.add(Rule(Fault.ERROR, "Send*", times=1, code="First"), Rule(Fault.ERROR, "*", code="Second"))
    codes = []
    for _ in range(2):
        with pytest.raises(ClientError) as told:
            through.send()
        codes.append(told.value.response["Error"]["Code"])
    assert codes == ["First", "Second"]
    through.proxy.clear()
    through.send()


@pytest.mark.parametrize(
    "url", ["http://sqs.us-east-1.amazonaws.com:80", "https://127.0.0.1:1", "http://10.0.0.1:80", "http://127.0.0.1", "x"]
)
def test_an_upstream_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="not on this machine"):
        ChaosProxy(url)


def test_it_ends_at_once_with_requests_that_hang(ministack: str, ministack_queue_factory: QueueFactory) -> None:
    with ChaosProxy(ministack, Rule(Fault.HUNG)) as proxy:
        port = urlsplit(proxy.url).port or 0
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
        wait_until(lambda: proxy.struck)
        started = time.monotonic()
    assert time.monotonic() - started < 3
    with pytest.raises(OSError, match="reset"):
        client.recv(1)
    client.close()


def test_it_closes_what_connects_at_the_last_moment() -> None:
    """A transport that stays open warns when it is collected, which may be in the middle of anything."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ResourceWarning)
        for _ in range(10):
            with ChaosProxy("http://127.0.0.1:9") as proxy:
                port = urlsplit(proxy.url).port or 0
                clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
            for client in clients:
                client.close()
        gc.collect()
    assert [str(one.message) for one in said] == []
