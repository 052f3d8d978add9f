"""SQS's own move task on LocalStack: followed while it runs, cancelled on request, and what it had moved is said."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from consuming import depth
from sqs_core.action_log import newest_lines
from sqs_core.client import AwsSession
from sqs_core.peek import find_place
from sqs_core.server_side import MoveTask
from sqs_core.settings import make_connection_settings, parse_queue
from test_redrive import dead_letters

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core.server_side import TaskState

MESSAGES = 30


def test_a_task_that_is_cancelled_stops_on_its_way_and_says_how_far_it_came(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory
) -> None:
    queue = queue_factory(max_receive_count=3)
    dead = dead_letters(sqs, queue, MESSAGES)
    session = AwsSession(make_connection_settings(endpoint_url=localstack))
    task = MoveTask(session, find_place(session, parse_queue(dead.name)), queue.name, 1)
    stop = threading.Event()
    seen: list[TaskState] = []

    def told(state: TaskState) -> None:
        seen.append(state)
        if state.moved:
            stop.set()

    ended = task.run(told, stop)
    assert seen[0].state == "RUNNING", "its progress was told"
    assert ended.state == "CANCELLED"
    assert 0 < ended.moved < MESSAGES
    moved, left = depth(sqs, queue.url)[0], depth(sqs, dead.url)[0]
    assert moved + left == MESSAGES
    assert 0 < moved < MESSAGES
    assert str(newest_lines(1)[0]["result"]).startswith("CANCELLED, about ")
