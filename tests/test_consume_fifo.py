"""FIFO queues against a real server: order of each group through failures, and never more than two of a group held."""

from __future__ import annotations

import collections
import threading
from typing import TYPE_CHECKING

import pytest

from consuming import depth, fill, finished, look, running
from sqs_core import Retry
from waiting import Sampler, wait_until

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core import Consumer, Message

pytestmark = pytest.mark.sdk
GROUPS, LENGTH = 20, 10


class _Ordered:
    """A handler that fails every fifth message once, and keeps what succeeded and what ran at the same time."""

    def __init__(self) -> None:
        self.done: dict[str, list[int]] = collections.defaultdict(list)
        self.wrong: list[str] = []
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, message: Message) -> None:
        group, _, number = message.body.partition("/")
        with self._lock:
            if group in self._running:
                self.wrong.append(f"two of {group} at a time")
            if len(self.done[group]) != int(number):
                self.wrong.append(f"{message.body} after {self.done[group]}")
            self._running.add(group)
        try:
            if int(number) % 5 == 2 and message.receive_count == 1:
                raise Retry(1 if group in ("g0", "g1") else 0)
            with self._lock:
                self.done[group].append(int(number))
        finally:
            with self._lock:
                self._running.discard(group)


def test_each_group_keeps_its_order_through_failures(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue = queue_factory(fifo=True, max_receive_count=10)
    pairs = [(f"g{group}", f"g{group}/{number}") for number in range(LENGTH) for group in range(GROUPS)]
    fill(sqs, queue, [body for _, body in pairs], [group for group, _ in pairs])
    handler = _Ordered()
    with running(localstack, queue, handler, workers=8, pollers=4) as consumer:
        with Sampler(lambda: _at_most_two_of_a_group(consumer)) as sampler:
            wait_until(lambda: finished(consumer) == GROUPS * LENGTH, 60)
        totals = look(consumer).totals
    assert handler.wrong == []
    assert sampler.errors == []
    assert sampler.samples > 100
    assert handler.done == {f"g{group}": list(range(LENGTH)) for group in range(GROUPS)}
    assert (totals.handled, totals.given_up, totals.leases_lost) == (GROUPS * LENGTH, 0, 0)
    assert totals.retried >= GROUPS * 2 - totals.released
    assert depth(sqs, queue.url) == (0, 0)


def _at_most_two_of_a_group(consumer: Consumer) -> None:
    held = collections.Counter(entry.group_id for entry in look(consumer).in_flight)
    assert max(held.values(), default=0) <= 2, held


def test_a_poison_head_does_not_drag_its_followers_into_the_dead_letter_queue(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory
) -> None:
    queue = queue_factory(fifo=True, max_receive_count=3)
    assert queue.dlq_url is not None
    bodies = ["poison", *(str(number) for number in range(9))]
    fill(sqs, queue, bodies, ["g"] * 10)
    done: list[str] = []

    def handle(message: Message) -> None:
        if message.body == "poison":
            raise Retry(0)
        done.append(message.body)

    with running(localstack, queue, handle) as consumer:
        wait_until(lambda: finished(consumer) == 10)
        assert look(consumer).totals.given_up == 1
    assert done == bodies[1:]
    sqs.receive_message(QueueUrl=queue.url)
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=queue.dlq_url)["Messages"]] == ["poison"]
