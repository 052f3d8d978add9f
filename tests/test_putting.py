"""Sends as they are judged and held back: whose fault a refusal is, who is asked last, and what counts as a failure."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from consuming import depth, fill
from identity_servers import serve
from sqs_core.client import SEND, AwsSession
from sqs_core.move_report import MoveOptions, State
from sqs_core.move_targets import find_targets
from sqs_core.mover import Mover
from sqs_core.outgoing import Outgoing
from sqs_core.peek import find_place
from sqs_core.put_back_journal import Journal
from sqs_core.putting import MOST_FAILURES_IN_A_ROW, Pace, Putter, Target, Wall
from sqs_core.selecting import Selection
from sqs_core.sender import Sender, SendResult, Verdict
from sqs_core.settings import make_connection_settings, parse_queue
from sqs_core.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_sqs import SQSClient

    from identity_servers import Answer, Seen, Server
    from servers import QueueFactory

REFUSED = SendResult(Verdict.REFUSED, None, "denied")


class WatchedPace(Pace):
    """As fast as it goes; knows whether it was waited for."""

    waited = False

    def wait(self, count: int) -> bool:
        self.waited = True
        return super().wait(count)


@contextmanager
def putter_to(endpoint: str, target: Target, pace: Pace) -> Iterator[Putter]:
    session = AwsSession(make_connection_settings(endpoint_url=endpoint))
    putter = Putter(session, target, Journal(None, time.time()), pace, threading.Event())
    yield putter
    putter.close()


@pytest.mark.parametrize(
    ("code", "sender_fault", "verdict", "requests"),
    [
        ("InternalError", False, Verdict.UNCERTAIN, 1),
        ("ServiceUnavailable", False, Verdict.UNCERTAIN, 1),
        ("SomethingNew", False, Verdict.UNCERTAIN, 1),
        ("SomethingNew", True, Verdict.REFUSED, 1),
        ("InvalidMessageContents", False, Verdict.REFUSED, 1),
        ("InvalidParameterValue", False, Verdict.REFUSED, 1),
        ("KmsAccessDenied", False, Verdict.REFUSED, 1),
        ("ThrottlingException", False, Verdict.REFUSED, 6),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_an_entry_is_refused_where_sqs_says_no_and_uncertain_where_sqs_failed(
    code: str, sender_fault: bool, verdict: Verdict, requests: int
) -> None:
    def answer(_: Server, __: Seen) -> Answer:
        failed = [{"Id": str(index), "Code": code, "Message": "told to", "SenderFault": sender_fault} for index in (0, 1)]
        return 200, "application/x-amz-json-1.0", json.dumps({"Successful": [], "Failed": failed})

    with serve(answer) as server:
        client = AwsSession(make_connection_settings(endpoint_url=server.url)).client(SEND)
        sender = Sender(client, f"{server.url}/000000000000/q", threading.Event(), fifo=False)
        results = sender.send([Outgoing(key, "body", {}, None, None) for key in "ab"])
        client.close()
    assert {result.verdict for result in results.values()} == {verdict}
    assert len(server.seen) == requests, "only a throttled one is tried again"


def test_what_localstack_refuses_for_its_contents_is_not_called_uncertain(localstack: str, queue_factory: QueueFactory) -> None:
    queue = queue_factory()
    target = Target(queue.name, queue.url, False, 1000)
    with putter_to(localstack, target, Pace(None, threading.Event())) as putter:
        (results,) = putter.put([Outgoing("good", "body", {}, None, None), Outgoing("bad", "\x00", {}, None, None)])
    assert {key: result.verdict for key, result in results.items()} == {"good": Verdict.SENT, "bad": Verdict.REFUSED}


def test_whether_a_message_may_go_is_asked_after_the_wait(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory()
    pace = WatchedPace(None, threading.Event())
    with putter_to(ministack, Target(queue.name, queue.url, False, 1000), pace) as putter:
        assert list(putter.put([Outgoing("a", "body", {}, None, None)], lambda _: not pace.waited)) == []
    assert pace.waited
    assert depth(ministack_sqs, queue.url) == (0, 0)


def test_behind_a_message_that_another_reader_may_have_none_of_its_group_goes(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = ministack_queue_factory(fifo=True, max_receive_count=3)
    fill(ministack_sqs, queue.dead_letters, ["a1", "b1", "a2", "b2"], ["a", "b", "a", "b"])
    session = AwsSession(make_connection_settings(endpoint_url=ministack))
    place = find_place(session, parse_queue(queue.dead_letters.name))
    asked: list[str] = []

    def lapsed_at_first(_: Sweep, message_id: str) -> bool:
        asked.append(message_id)
        return len(asked) > 1

    monkeypatch.setattr(Sweep, "holds", lapsed_at_first)
    report = Mover(session, place, find_targets(session, place, None), Selection(None), MoveOptions(), threading.Event()).run(
        lambda _: True
    )
    assert {state: report.count(state) for state in (State.MOVED, State.FAILED)} == {State.MOVED: 2, State.FAILED: 2}
    received = ministack_sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)["Messages"]
    arrived = [message["Body"] for message in received]
    assert arrived in (["a1", "a2"], ["b1", "b2"])


def test_only_what_was_tried_counts_as_a_failure_in_a_row() -> None:
    wall = Wall()
    held_back = SendResult(Verdict.REFUSED, None, "order", held_back=True)
    for number in range(MOST_FAILURES_IN_A_ROW - 1):
        assert wall.met({str(number): REFUSED}) == ""
        assert wall.met({f"held {number}": held_back}) == ""
    assert wall.met({"last": REFUSED, "held": held_back}) == "stopped after 30 in a row that were not sent: denied"
    assert wall.met({"sent": SendResult(Verdict.SENT, "new")}) == ""
    assert wall.met({"again": REFUSED}) == ""
