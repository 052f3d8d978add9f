"""What a scene cost its messages, seen on the server before it is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqs_core.client import LOOK
from sqs_core.queue_facts import fetch_attributes, read_facts

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient

    from sqs_core.client import AwsSession
    from sqs_core.model import ConsumerSnapshot, Snapshot

Observations = dict[str, Any]


def observe(session: AwsSession, snapshot: Snapshot, receive_counts: Mapping[str, Counter[int]]) -> Observations:
    """By queue: `delay_ms` from sending to handling, `receive_counts` (how often messages had been received when they were
    handled → how many), `poll_errors`, and `dead_lettered_unseen`: dead letters that no handler here ever gave up.
    """
    client = session.client(LOOK)
    try:
        return {each.queue: _of_queue(client, each, receive_counts.get(each.queue, {})) for each in snapshot.consumers}
    finally:
        client.close()


def _of_queue(client: SQSClient, consumer: ConsumerSnapshot, receive_counts: Mapping[int, int]) -> Observations:
    delay = consumer.latency_ms.queue
    dead = _depth(client, consumer.dlq.name) if consumer.dlq is not None else 0
    return {
        "delay_ms": {"p50": delay.p50, "p95": delay.p95, "max": delay.max},
        "receive_counts": {str(count): number for count, number in sorted(receive_counts.items())},
        "poll_errors": consumer.totals.poll_errors,
        "dead_lettered_unseen": max(0, dead - consumer.totals.given_up),
    }


def _depth(client: SQSClient, name: str) -> int:
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    depth = read_facts(fetch_attributes(client, url), 0.0).depth
    return depth.visible + depth.in_flight + depth.delayed if depth else 0
