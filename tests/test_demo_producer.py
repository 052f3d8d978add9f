"""The demo's producer: its rate, its orders, and that no error ends it."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqs_core.demo.producer import MAX_RATE_PER_SECOND, Producer
from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

STANDARD = "http://127.0.0.1/1/orders"
FIFO = "http://127.0.0.1/1/ledger.fifo"


class FakeSender:
    """Remembers every batch; `trouble` is raised, or makes the first entry of a batch fail."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[dict[str, Any]]]] = []
        self.trouble: Exception | str | None = None

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's
        if isinstance(self.trouble, Exception):
            raise self.trouble
        self.batches.append((QueueUrl, Entries))
        failed = [{"Id": Entries[0]["Id"], "Code": self.trouble}] if self.trouble else []
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries[len(failed) :]], "Failed": failed}

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [entry for _, entries in self.batches for entry in entries]


def _producer(sender: FakeSender, rate: float = 10, seed: int = 1) -> Producer:
    return Producer(sender, STANDARD, FIFO, rate_per_second=rate, seed=seed)


@given(rate=st.floats(0.5, MAX_RATE_PER_SECOND), seconds=st.integers(1, 5))
def test_it_keeps_its_rate_when_it_is_woken_as_it_asks(rate: float, seconds: int) -> None:
    producer, now = _producer(FakeSender(), rate), 0.0
    while now < seconds:
        wait_seconds = producer.step(now)
        assert 0.1 <= wait_seconds <= 1.0
        now += wait_seconds
    producer.step(now)
    assert producer.sent == pytest.approx(rate * now, abs=1.01)


def test_batches_hold_ten_at_most_and_every_id_once() -> None:
    sender = FakeSender()
    producer = _producer(sender, rate=500)
    producer.step(0)
    producer.step(0.9)
    assert producer.sent == len(sender.entries) == 450
    assert max(len(entries) for _, entries in sender.batches) == 10
    assert len({entry["Id"] for entry in sender.entries}) == 450
    assert len(sender.batches) <= 47


def test_orders_depend_on_the_seed_alone() -> None:
    def bodies(seed: int) -> list[str]:
        sender = FakeSender()
        producer = _producer(sender, rate=100, seed=seed)
        producer.step(0)
        producer.step(1)
        return [entry["MessageBody"] for entry in sender.entries]

    assert bodies(7) == bodies(7)
    assert bodies(7) != bodies(8)


def test_an_order_reads_like_one_and_a_customer_is_a_group() -> None:
    sender = FakeSender()
    producer = _producer(sender, rate=200)
    producer.step(0)
    producer.step(1)
    fifo = [entry for url, entries in sender.batches for entry in entries if url == FIFO]
    assert 20 < len(fifo) < 90
    for entry in sender.entries:
        order = json.loads(entry["MessageBody"])
        assert {"order_id", "type", "customer", "amount", "currency"} <= order.keys()
        assert entry["MessageAttributes"]["amount"]["StringValue"] == str(order["amount"])
        assert ("MessageGroupId" in entry) == (entry in fifo)
    assert all(entry["MessageGroupId"] == json.loads(entry["MessageBody"])["customer"] for entry in fifo)
    assert len({entry["MessageDeduplicationId"] for entry in fifo}) == len(fifo)


def test_a_long_pause_is_not_made_up_for() -> None:
    producer = _producer(FakeSender(), rate=20)
    producer.step(0)
    producer.step(3600)
    assert producer.sent == 20


def test_an_error_is_counted_and_slows_down_but_is_never_fatal() -> None:
    sender = FakeSender()
    producer = _producer(sender, rate=100)
    producer.step(0)
    sender.trouble = LookupError("refused")
    assert producer.step(0.5) == 1.0
    assert (producer.sent, producer.last_error) == (0, "LookupError: refused")
    assert producer.errors > 0
    sender.trouble = None
    producer.step(1.0)
    assert producer.sent == 50


def test_what_the_server_refuses_is_not_counted_as_sent() -> None:
    sender = FakeSender()
    producer = _producer(sender, rate=100)
    producer.step(0)
    sender.trouble = "InternalError"
    producer.step(0.1)
    assert producer.errors == len(sender.batches)
    assert producer.sent == 10 - len(sender.batches)
    assert producer.last_error == "InternalError: no message"


@pytest.mark.parametrize("rate", [-1, MAX_RATE_PER_SECOND + 1, float("nan"), float("inf")])
def test_an_impossible_rate_is_refused_and_changes_nothing(rate: float) -> None:
    producer = _producer(FakeSender(), rate=5)
    with pytest.raises(ConfigurationError, match="rate_per_second is"):
        producer.rate_per_second = rate
    assert producer.rate_per_second == 5
    with pytest.raises(ConfigurationError):
        _producer(FakeSender(), rate)


def test_the_thread_heeds_a_new_rate_and_stops_promptly() -> None:
    sender = FakeSender()
    producer = _producer(sender, rate=0)
    producer.start()
    threading.Event().wait(0.2)
    assert producer.sent == 0
    began = time.monotonic()
    producer.rate_per_second = 200
    while producer.sent < 20:
        assert time.monotonic() - began < 5
        threading.Event().wait(0.01)
    began = time.monotonic()
    assert producer.stop()
    assert time.monotonic() - began < 1
    sent = producer.sent
    threading.Event().wait(0.3)
    assert producer.sent == sent


@pytest.mark.sdk
@pytest.mark.parametrize("server", ["ministack", "localstack"])
def test_real_servers_take_the_orders(
    server: str, make_client: Callable[[str], SQSClient], request: pytest.FixtureRequest
) -> None:
    client = make_client(request.getfixturevalue(server))
    make: QueueFactory = request.getfixturevalue("queue_factory" if server == "localstack" else "ministack_queue_factory")
    standard, fifo = make(), make(fifo=True)
    producer = Producer(client, standard.url, fifo.url, rate_per_second=100)
    producer.step(0)
    producer.step(1)
    assert (producer.sent, producer.errors) == (100, 0)
    depth = [
        int(client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"])
        for url in (standard.url, fifo.url)
    ]
    assert sum(depth) == 100
    assert min(depth) > 0
