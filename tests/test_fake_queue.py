"""The fake queue and the real one behave alike, so that what was tested on the fake is true."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

import pytest

from fakes import FakeClock, FakeQueue
from sqs_core.client import AwsSession
from sqs_core.message import AttributeValue
from sqs_core.outgoing import REPLAYED_FROM
from sqs_core.queue import SqsQueue
from sqs_core.sender import Verdict
from sqs_core.settings import ConsumerSettings, make_connection_settings
from sqs_core.transports import make_clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core.message import Message
    from sqs_core.queue import Queue

pytestmark = pytest.mark.sdk
ATTRIBUTES = {
    "text": AttributeValue("String", "ä"),
    "number": AttributeValue("Number.int", "7"),
    "bytes": AttributeValue("Binary", b"\x00\xff"),
}


class Subject(Protocol):
    """A queue and a way to fill it."""

    queue: Queue

    def send(self, body: str, group: str | None = None) -> str: ...


class Fake:
    def __init__(self, fifo: bool) -> None:
        self._fake = FakeQueue(FakeClock(), fifo)
        self.queue: Queue = self._fake

    def send(self, body: str, group: str | None = None) -> str:
        return self._fake.send(body, group, ATTRIBUTES)


class Real:
    def __init__(self, endpoint_url: str, sqs: SQSClient, name: str, url: str, transport: str) -> None:
        session = AwsSession(make_connection_settings(endpoint_url=endpoint_url))
        made = make_clients(session, ConsumerSettings(transport=transport), 30, lambda _operation: None)
        self._url, self._sqs = url, sqs
        self.queue: Queue = SqsQueue(name, url, made.poll, made.ack, made.look, made.send)

    def send(self, body: str, group: str | None = None) -> str:
        fifo = {"MessageGroupId": group, "MessageDeduplicationId": body} if group else {}
        attributes = {
            name: {"DataType": value.type, "BinaryValue" if isinstance(value.value, bytes) else "StringValue": value.value}
            for name, value in ATTRIBUTES.items()
        }
        answer = self._sqs.send_message(QueueUrl=self._url, MessageBody=body, MessageAttributes=attributes, **fifo)  # type: ignore[arg-type]
        return answer["MessageId"]


@contextlib.contextmanager
def _subject(request: pytest.FixtureRequest, fifo: bool) -> Iterator[Subject]:
    if request.param == "fake":
        yield Fake(fifo)
        return
    factory: QueueFactory = request.getfixturevalue("queue_factory")
    queue = factory(fifo=fifo)
    yield Real(request.getfixturevalue("localstack"), request.getfixturevalue("sqs"), queue.name, queue.url, request.param)


@pytest.fixture(params=["fake", "boto3", "lean"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    with _subject(request, False) as made:
        yield made


@pytest.fixture(params=["fake", "boto3", "lean"])
def fifo_subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    with _subject(request, True) as made:
        yield made


def _receive(subject: Subject, maximum: int = 10) -> list[Message]:
    return list(subject.queue.receive(maximum, 0, 30, None).messages)


def test_a_message_comes_as_it_was_sent(subject: Subject) -> None:
    message_id = subject.send("body ä")
    (message,) = _receive(subject)
    assert (message.message_id, message.body, message.queue) == (message_id, "body ä", subject.queue.name)
    assert message.typed_attributes == ATTRIBUTES
    assert message.receive_count == 1
    assert message.sent_at is not None


def test_an_answer_holds_no_more_than_asked_for_and_hides_it(subject: Subject) -> None:
    sent = {subject.send(str(number)) for number in range(5)}
    first = _receive(subject, 3)
    rest = _receive(subject)
    assert (len(first), len(rest)) == (3, 2)
    assert {message.message_id for message in [*first, *rest]} == sent
    assert _receive(subject) == []


def test_deleted_messages_are_gone(subject: Subject) -> None:
    subject.send("one")
    (message,) = _receive(subject)
    assert subject.queue.delete_batch([message.receipt_handle]) == {}
    assert subject.queue.delete_batch([message.receipt_handle]) == {}  # SQS does not mind
    refused = subject.queue.change_visibility_batch([(message.receipt_handle, 0)])
    assert [refusal.gone for refusal in refused.values()] == [True]


def test_a_message_that_was_given_back_comes_again_and_its_count_rises(subject: Subject) -> None:
    subject.send("one")
    (message,) = _receive(subject)
    assert subject.queue.change_visibility_batch([(message.receipt_handle, 0)]) == {}
    (again,) = _receive(subject)
    assert again.message_id == message.message_id
    assert again.receive_count == 2


def test_the_fake_refuses_to_extend_what_is_visible_as_aws_does_and_localstack_does_not() -> None:
    fake = Fake(fifo=False)
    fake.send("one")
    (message,) = _receive(fake)
    fake.queue.change_visibility_batch([(message.receipt_handle, 0)])
    refused = fake.queue.change_visibility_batch([(message.receipt_handle, 30)])
    assert [refusal.gone for refusal in refused.values()] == [True]


def test_a_batch_is_answered_by_position(subject: Subject) -> None:
    subject.send("one")
    (message,) = _receive(subject)
    refused = subject.queue.change_visibility_batch([("no such receipt", 5), (message.receipt_handle, 5)])
    assert {index: refusal.gone for index, refusal in refused.items()} == {0: True}


def test_a_copy_has_the_same_body_and_attributes_and_says_where_it_came_from(subject: Subject) -> None:
    subject.send("one")
    (message,) = _receive(subject)
    result = subject.queue.send_copy(message)
    (copy,) = _receive(subject)
    assert (result.verdict, result.message_id) == (Verdict.SENT, copy.message_id)
    assert copy.message_id != message.message_id
    came_from = {REPLAYED_FROM: AttributeValue("String", message.message_id)}
    assert (copy.body, copy.typed_attributes, copy.receive_count) == ("one", ATTRIBUTES | came_from, 1)


def test_the_depth_is_told(subject: Subject) -> None:
    for body in ("one", "two"):
        subject.send(body)
    _receive(subject, 1)
    facts = subject.queue.facts(123.0)
    assert facts.depth is not None
    assert (facts.visibility_seconds, facts.depth.visible, facts.depth.in_flight, facts.depth.at) == (30, 1, 1, 123.0)


def test_a_group_comes_in_order_and_is_locked_while_one_of_it_is_out(fifo_subject: Subject) -> None:
    for body in ("a1", "a2", "a3"):
        fifo_subject.send(body, "a")
    fifo_subject.send("b1", "b")
    first, second = _receive(fifo_subject, 2)
    assert [first.body, second.body, first.group_id] == ["a1", "a2", "a"]
    assert [message.body for message in _receive(fifo_subject)] == ["b1"]
    fifo_subject.queue.change_visibility_batch([(first.receipt_handle, 0)])
    fifo_subject.queue.change_visibility_batch([(second.receipt_handle, 0)])
    again = _receive(fifo_subject)
    assert [message.body for message in again] == ["a1", "a2", "a3"]
    assert [message.receive_count for message in again] == [2, 2, 1]


def test_a_copy_in_a_group_stays_in_it(fifo_subject: Subject) -> None:
    fifo_subject.send("one", "a")
    (message,) = _receive(fifo_subject)
    fifo_subject.queue.delete_batch([message.receipt_handle])
    new = fifo_subject.queue.send_copy(message).message_id
    (copy,) = _receive(fifo_subject)
    assert (copy.message_id, copy.group_id, copy.body) == (new, "a", "one")
