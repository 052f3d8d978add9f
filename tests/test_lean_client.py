"""What the lean client and the SDK's make of an answer: the same messages, and the same trouble from the same faults."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import boto3
import pytest

from scripted_server import ScriptedServer, answer
from sqs_core.demo.emulator import free_port
from sqs_core.errors import Trouble
from sqs_core.message import AttributeValue
from sqs_core.words import Transport
from transport_subjects import BOTH, Subject

pytestmark = pytest.mark.sdk


def _refusal(code: str, status: str = "400 Bad Request", query_code: str | None = None) -> bytes:
    header = [f"x-amzn-query-error: {query_code};Sender"] if query_code else []
    return answer(json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": "the reason"}).encode(), status, *header)


READS_PAST_THE_END = tuple(map(int, boto3.__version__.split(".")[:2])) >= (1, 44)
"""That boto3 sees no end that came too early, and so does not ask again; that something is wrong is found out, in other words."""
FAULTS: dict[str, bytes | None] = {
    "closed": None,
    "truncated body": b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 200\r\n\r\n{",
    "hung": b"",
    "internal": _refusal("InternalError", "500 Internal Server Error"),
    "unavailable page": answer(b"<html>busy</html>", "503 Service Unavailable"),
    "bad gateway, empty": answer(b"", "502 Bad Gateway"),
    "throttled": _refusal("RequestThrottled", "403 Forbidden", "RequestThrottled"),
    "expired": _refusal("ExpiredToken", "403 Forbidden"),
    "unknown key": _refusal("InvalidClientTokenId", "403 Forbidden", "InvalidClientTokenId"),
    "skewed": _refusal("RequestTimeTooSkewed", "403 Forbidden"),
    "no queue": _refusal("QueueDoesNotExist", query_code="AWS.SimpleQueueService.NonExistentQueue"),
    "multiple choices": answer(b"", "300 Multiple Choices"),
    "moved": answer(b"", "301 Moved Permanently", "Location: http://example.com/"),
    "refused with a page": answer(b"<html>no</html>", "403 Forbidden"),
}


@pytest.mark.parametrize("operation", ["receive", "delete"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_the_same_trouble_on_both_transports(scripted: ScriptedServer, fault: str, operation: str) -> None:
    scripted.closes = lambda sent: sent == FAULTS[fault] and fault != "hung"
    told, sent = [], []
    for transport in BOTH:
        subject, before = Subject(scripted.url, transport), len(scripted.asked)
        scripted.steps.clear()
        scripted.steps.extend([FAULTS[fault]] * 2)
        told.append(subject.trouble(operation))
        sent.append((len(scripted.asked) - before, sum(subject.asked.values())))
    if fault != "truncated body" or not READS_PAST_THE_END:
        assert _without_count(told[0]) == _without_count(told[1])
        assert sent[0] == sent[1], "as many requests, and all of them counted"
    assert sent[1][0] == sent[1][1]
    if operation == "receive":
        assert sent[1][0] == 1, "a receive is not repeated below us: it may have hidden messages"


def _without_count(told: tuple[object, ...]) -> list[str]:
    """The SDK says in the text how often it tried."""
    return [re.sub(r" \(reached max retries: \d\)", "", str(one)) for one in told]


@pytest.mark.parametrize("fault", ["closed", "hung", "internal", "throttled"])
@pytest.mark.parametrize("transport", BOTH)
def test_a_delete_that_failed_for_a_passing_reason_is_sent_again(
    scripted: ScriptedServer, fault: str, transport: Transport
) -> None:
    scripted.closes = lambda sent: sent == FAULTS[fault] and fault != "hung"
    scripted.steps.extend([FAULTS[fault], answer(b'{"Successful": [{"Id": "0"}, {"Id": "1"}], "Failed": []}')])
    subject = Subject(scripted.url, transport)
    assert subject.queue.delete_batch(["a", "b"]) == {}
    assert subject.asked == {"DeleteMessageBatch": 2}
    assert scripted.asked[0][1] == scripted.asked[1][1]


def test_a_receive_on_a_connection_that_died_as_it_was_asked_is_told(scripted: ScriptedServer) -> None:
    scripted.steps.extend([answer(b"{}"), None])
    subject = Subject(scripted.url, Transport.LEAN)
    subject.queue.receive(10, 0, 30, None)
    assert subject.trouble("receive")[3] is True, "SQS may have handed out messages: the answer is lost"
    assert (scripted.connections, len(scripted.asked)) == (1, 2)


@pytest.mark.parametrize("operation", ["receive", "delete"])
def test_an_endpoint_that_is_not_there_is_the_same_trouble(operation: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    told = [_without_count(Subject(url, transport).trouble(operation)) for transport in BOTH]
    assert told[0][:5] == told[1][:5]
    assert told[1][0] == "EndpointConnectionError"


@pytest.mark.parametrize("status", ["201 Created", "202 Accepted", "206 Partial Content", "299 Something New"])
@pytest.mark.parametrize("transport", BOTH)
def test_any_status_of_success_is_one(scripted: ScriptedServer, transport: Transport, status: str) -> None:
    scripted.steps.append(answer(b'{"Successful": [{"Id": "0"}], "Failed": []}', status))
    subject = Subject(scripted.url, transport)
    assert subject.queue.delete_batch(["a"]) == {}
    assert subject.asked == {"DeleteMessageBatch": 1}


@pytest.mark.parametrize("page", [b"<html>sign in</html>", b"", b"[]", b"\xff", b"[" * 100_000])
def test_a_page_is_no_answer_even_under_the_right_name(scripted: ScriptedServer, page: bytes) -> None:
    subject = Subject(scripted.url, Transport.LEAN)
    for operation in ("receive", "delete"):
        scripted.steps.extend([answer(page), answer(page)])
        assert subject.trouble(operation)[1] is Trouble.PROTOCOL
        scripted.steps.clear()


@pytest.mark.parametrize(
    "messages",
    [7, [7], [None], ["text"], [{"ReceiptHandle": "r", "MessageId": "m", "Body": "", "MessageAttributes": [1]}],
     [{"ReceiptHandle": "r", "MessageAttributes": {"name": {"DataType": "Binary", "BinaryValue": "x"}}}]],
)  # fmt: skip
def test_an_answer_in_the_wrong_shape_is_trouble_with_the_protocol(scripted: ScriptedServer, messages: object) -> None:
    scripted.steps.append(answer(json.dumps({"Messages": messages}).encode()))
    assert Subject(scripted.url, Transport.LEAN).trouble("receive")[1] is Trouble.PROTOCOL


@pytest.mark.parametrize("transport", BOTH)
def test_messages_are_read_alike(scripted: ScriptedServer, transport: Transport) -> None:
    body = "grüße \U0001f600 \x7f"
    raw = {
        "MessageId": "m-1", "ReceiptHandle": "r", "Body": body, "MD5OfBody": hashlib.md5(body.encode()).hexdigest(),
        "Attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1700000000123", "Odd": "x"},
        "MessageAttributes": {
            "text": {"DataType": "String", "StringValue": "ä"},
            "bytes": {"DataType": "Binary.png", "BinaryValue": base64.b64encode(b"\x00\xff").decode()},
            "no bytes": {"DataType": "Binary", "BinaryValue": None, "StringValue": None},
            "no text": {"DataType": "String", "BinaryValue": None, "StringValue": None},
        },
        "SomethingNew": {"a": 1},
    }  # fmt: skip
    scripted.steps.append(
        answer(json.dumps({"Messages": [raw], "New": None}).encode(), "200 OK", "Date: Sat, 01 Jan 2000 00:00:00 GMT")
    )
    received = Subject(scripted.url, transport).queue.receive(10, 0, 30, None)
    (message,) = received.messages
    assert (message.body, message.receive_count, message.sent_at) == (body, 3, 1700000000.123)
    assert message.typed_attributes == {
        "text": AttributeValue("String", "ä"),
        "bytes": AttributeValue("Binary.png", b"\x00\xff"),
        "no bytes": AttributeValue("Binary", b""),
        "no text": AttributeValue("String", ""),
    }
    assert received.clock_skew_seconds > 1e8
    assert (received.damaged, received.retries) == ((), 0)


@pytest.mark.parametrize("transport", BOTH)
@pytest.mark.parametrize("sent", ["9" * 4_000, "9" * 5_000, "253402300800000", "-1", "yesterday"])
def test_times_that_are_none_cost_no_message(scripted: ScriptedServer, transport: Transport, sent: str) -> None:
    raw = {"MessageId": "m-1", "ReceiptHandle": "r", "Body": "b", "MD5OfBody": hashlib.md5(b"b").hexdigest()}
    body = json.dumps({"Messages": [raw | {"Attributes": {"SentTimestamp": sent}}]}).encode()
    scripted.steps.append(answer(body, "200 OK", "Date: Sat, 01 Jan 99999999999999 00:00:00 GMT"))
    received = Subject(scripted.url, transport).queue.receive(10, 0, 30, None)
    assert [message.sent_at for message in received.messages] == [None]
    assert received.clock_skew_seconds == 0.0
