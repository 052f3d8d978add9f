"""What a server may answer in SQS's place, on a real wire: nothing of it is believed without proof."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from sqs_core.client import AwsSession
from sqs_core.errors import ConfigurationError, RequestError, Trouble
from sqs_core.message import Message
from sqs_core.queue import SqsQueue
from sqs_core.queue_facts import resolve_queue
from sqs_core.sender import SendResult, Verdict
from sqs_core.settings import ConsumerSettings, make_connection_settings, parse_queue
from sqs_core.transports import make_clients

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.sdk
JSON = "application/x-amz-json-1.0"


class _Impostor(ThreadingHTTPServer):
    """Answers every request with the same status, type and body."""

    answer: tuple[int, str, bytes] = (200, JSON, b"{}")
    requests = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Impostor

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests += 1
        status, kind, body = self.server.answer
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Subject:
    """A queue whose server answers as told."""

    def __init__(self, server: _Impostor, transport: str) -> None:
        self.server = server
        url = f"http://127.0.0.1:{server.server_address[1]}"
        session = AwsSession(make_connection_settings(endpoint_url=url))
        made = make_clients(session, ConsumerSettings(transport=transport), 30, lambda _operation: None)
        self.look = made.look
        self.queue = SqsQueue("orders", f"{url}/000000000000/orders", made.poll, made.ack, made.look, made.send)

    def answers(self, body: object, status: int = 200, kind: str = JSON) -> None:
        """Answer every request so from now on."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.server.answer, self.server.requests = (status, kind, raw), 0


@pytest.fixture(scope="module")
def server() -> Iterator[_Impostor]:
    impostor = _Impostor(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=impostor.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield impostor
    impostor.shutdown()
    impostor.server_close()
    thread.join(10)


@pytest.fixture(params=["boto3", "lean"])
def subject(server: _Impostor, request: pytest.FixtureRequest) -> _Subject:
    return _Subject(server, request.param)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _raw(body: str, digest: str | None = None, **more: object) -> dict[str, object]:
    return {"MessageId": body, "ReceiptHandle": f"receipt of {body}", "Body": body, "MD5OfBody": digest or _md5(body), **more}


@pytest.mark.parametrize(("body", "kind"), [(b"<html>sign in</html>", "text/html; charset=utf-8"), (b"", JSON), (b"", "")])
def test_an_answer_that_is_not_of_sqs_is_no_quiet_queue(subject: _Subject, body: bytes, kind: str) -> None:
    subject.answers(body, kind=kind)
    with pytest.raises(RequestError) as error:
        subject.queue.receive(10, 0, 30, None)
    assert error.value.trouble is Trouble.PROTOCOL
    assert subject.server.requests == 1


def test_an_empty_answer_of_sqs_is_a_quiet_queue(subject: _Subject) -> None:
    subject.answers({})
    assert subject.queue.receive(10, 0, 30, None).messages == ()


def test_a_receive_is_not_repeated_below_us(subject: _Subject) -> None:
    subject.answers({"__type": "InternalError"}, 500)
    with pytest.raises(RequestError) as error:
        subject.queue.receive(10, 0, 30, None)
    assert error.value.trouble is Trouble.TRANSPORT
    assert subject.server.requests == 1


def test_a_body_that_does_not_match_its_md5_is_not_handed_out(subject: _Subject) -> None:
    subject.answers({"Messages": [_raw("one"), _raw("two", _md5("other")), _raw("three", MessageId=None)]})
    received = subject.queue.receive(10, 0, 30, None)
    assert [message.body for message in received.messages] == ["one"]
    assert received.damaged == ("receipt of two", "receipt of three")


def test_a_message_that_comes_twice_in_an_answer_is_one_with_its_newest_receipt(subject: _Subject) -> None:
    subject.answers({"Messages": [_raw("one"), _raw("one", ReceiptHandle="newest")]})
    (message,) = subject.queue.receive(10, 0, 30, None).messages
    assert message.receipt_handle == "newest"


@pytest.mark.parametrize("operation", ["delete", "change"])
def test_what_was_not_named_in_the_answer_was_not_done(subject: _Subject, operation: str) -> None:
    failed = {"Id": "2", "Code": "InternalError", "Message": "later", "SenderFault": False}
    subject.answers({"Successful": [{"Id": "0"}], "Failed": [failed]})
    handles = ["a", "b", "c"]
    refused = (
        subject.queue.delete_batch(handles)
        if operation == "delete"
        else subject.queue.change_visibility_batch([(handle, 5) for handle in handles])
    )
    assert {index: refusal.code for index, refusal in refused.items()} == {1: "Unconfirmed", 2: "InternalError"}
    assert not any(refusal.gone for refusal in refused.values())


@pytest.mark.parametrize(("body", "kind"), [(b"<html>", "text/html"), (b"", JSON)])
def test_a_batch_that_was_not_answered_by_sqs_is_trouble_with_the_protocol(subject: _Subject, body: bytes, kind: str) -> None:
    subject.answers(body, kind=kind)
    with pytest.raises(RequestError) as error:
        subject.queue.delete_batch(["a", "b"])
    assert error.value.trouble is Trouble.PROTOCOL
    assert not error.value.surely_refused


def test_a_batch_whose_answer_names_nothing_was_not_done(subject: _Subject) -> None:
    subject.answers({})
    refused = subject.queue.delete_batch(["a", "b"])
    assert {index: refusal.code for index, refusal in refused.items()} == {0: "Unconfirmed", 1: "Unconfirmed"}


@pytest.mark.parametrize("answer", [{}, {"MessageId": "new"}, {"MessageId": "new", "MD5OfMessageBody": "other"},
                                    {"MD5OfMessageBody": _md5("body")}])  # fmt: skip
def test_a_copy_is_sent_only_with_its_id_and_md5(subject: _Subject, answer: dict[str, str]) -> None:
    subject.answers(answer)
    assert subject.queue.send_copy(Message("old", "body", "receipt", "orders")).verdict is Verdict.UNCERTAIN
    assert subject.server.requests == 1, "a send is not repeated: it may have been done"
    subject.answers({"MessageId": "new", "MD5OfMessageBody": _md5("body")})
    assert subject.queue.send_copy(Message("old", "body", "receipt", "orders")) == SendResult(Verdict.SENT, "new")


def test_a_queue_that_does_not_exist_is_refused_and_a_strange_answer_is_not(subject: _Subject) -> None:
    missing = {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"}
    subject.answers(missing, 400)
    with pytest.raises(ConfigurationError, match="'orders'"):
        resolve_queue(parse_queue("orders"), subject.look, "us-east-1")
    for body, kind in ((b"<html>", "text/html"), (b"{}", JSON)):
        subject.answers(body, kind=kind)
        with pytest.raises(RequestError) as error:
            resolve_queue(parse_queue("orders"), subject.look, "us-east-1")
        assert error.value.trouble is Trouble.PROTOCOL


def test_attributes_that_are_missing_are_unknown_and_not_zero(subject: _Subject) -> None:
    subject.answers({"Attributes": {"VisibilityTimeout": "45", "RedrivePolicy": "not json"}})
    facts = subject.queue.facts(0.0)
    assert (facts.visibility_seconds, facts.depth, facts.dead_letter_name, facts.maximum_receives) == (45, None, None, None)
    subject.answers({})
    with pytest.raises(RequestError):
        subject.queue.facts(0.0)
