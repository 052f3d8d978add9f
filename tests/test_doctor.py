"""`sqs-tui doctor` against real servers: endpoint, permissions and queue; what it asks, and that it changes nothing."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

import identity_servers
from consuming import depth, fill
from examining import RunDoctor, said, verdicts
from identity_servers import Denying, serve
from sqs_core import doctor, doctor_endpoint
from waiting import DEADLINE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


@pytest.mark.sdk
@pytest.mark.parametrize("probe", [[], ["--probe"]])
def test_a_good_queue_on_localstack(
    probe: list[str], run_doctor: RunDoctor, localstack: str, sqs: SQSClient, queue_factory: QueueFactory
) -> None:
    queue = queue_factory(max_receive_count=5, attributes={"ReceiveMessageWaitTimeSeconds": "20"})
    fill(sqs, queue, ["a", "b", "c"])
    code, seen = run_doctor("--endpoint-url", localstack, "doctor", queue.name, "--handler-p95", "1", *probe)
    assert verdicts(seen) == {
        "environment": "ok",
        "credentials": "ok",
        "identity": "ok",
        "endpoint": "ok",
        "clock-skew": "ok",
        "emulator": "ok",
        "permissions": "ok",
        "queue": "ok",
        "messages": "note",
        "visibility-timeout": "ok",
        "dead-letter-queue": "ok",
        "max-receive-count": "ok",
        "dlq-retention": "note",
        "receive-wait": "ok",
        "read-timeout": "ok",
    }
    assert code == 0
    assert "LocalStack" in said(seen, "emulator")
    assert ("DeleteMessage, ChangeMessageVisibility; not tried" in said(seen, "permissions")) == bool(probe)
    assert (seen["environment"], seen["environment_decided_by"], seen["region"]) == ("local", "default", "us-east-1")
    assert (seen["endpoint"], seen["queue"], seen["credentials"]["provider"]) == (localstack, queue.name, "dummy")
    assert depth(sqs, queue.url) == (3, 0)
    received = sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])["Messages"]
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in received} == {"1"}


def test_ministack_is_told_from_localstack(run_doctor: RunDoctor, ministack: str) -> None:
    code, seen = run_doctor("--endpoint-url", ministack, "doctor")
    assert "MiniStack" in said(seen, "emulator")
    assert (code, verdicts(seen)["queue"]) == (0, "note")


def test_a_queue_that_is_a_dead_letter_queue_needs_none(
    run_doctor: RunDoctor, localstack: str, queue_factory: QueueFactory
) -> None:
    queue = queue_factory(max_receive_count=3)
    dead = queue.dlq_url
    assert dead is not None
    _, seen = run_doctor("--endpoint-url", localstack, "doctor", dead)
    assert "this is one itself, of 1 queue" in said(seen, "dead-letter-queue")


def test_a_queue_that_is_not_there(run_doctor: RunDoctor, ministack: str) -> None:
    code, seen = run_doctor("--endpoint-url", ministack, "doctor", "no-such-queue")
    assert (code, verdicts(seen)["queue"]) == (1, "problem")
    assert "does not exist" in said(seen, "queue")
    assert "visibility-timeout" not in verdicts(seen)


def test_nobody_at_the_endpoint(run_doctor: RunDoctor) -> None:
    code, seen = run_doctor("--endpoint-url", "http://127.0.0.1:9", "doctor", "orders")
    assert (code, verdicts(seen)["endpoint"], verdicts(seen)["permissions"]) == (1, "problem", "unknown")
    assert "http://127.0.0.1:9" in said(seen, "endpoint")


def test_a_dead_letter_queue_that_is_not_there(
    run_doctor: RunDoctor, ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    ministack_sqs.delete_queue(QueueUrl=queue.dlq_url or "")
    code, seen = run_doctor("--endpoint-url", ministack, "doctor", queue.name)
    assert (code, verdicts(seen)["dead-letter-queue"]) == (1, "problem")
    assert "does not exist: a message that fails 3 times" in said(seen, "dead-letter-queue")


def test_an_endpoint_that_drips_does_not_hold_it_up(run_doctor: RunDoctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes before the socket's timeout, and the answer is never whole."""
    monkeypatch.setattr(doctor_endpoint, "TIMEOUT_SECONDS", 0.5)
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer, contextlib.suppress(OSError):
            while not over.wait(0.1):
                peer.sendall(b"H")

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=drip, args=(server,), daemon=True)
        thread.start()
        started = time.monotonic()
        code, seen = run_doctor("--endpoint-url", f"http://127.0.0.1:{server.getsockname()[1]}", "doctor")
        took = time.monotonic() - started
        over.set()
        thread.join(DEADLINE_SECONDS)
    assert (code, verdicts(seen)["endpoint"]) == (1, "problem")
    assert took < 5


def test_an_endpoint_that_never_answers_does_not_hold_it_up(run_doctor: RunDoctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_endpoint, "TIMEOUT_SECONDS", 0.5)
    with closing(socket.create_server(("127.0.0.1", 0))) as hung:
        started = time.monotonic()
        code, seen = run_doctor("--endpoint-url", f"http://127.0.0.1:{hung.getsockname()[1]}", "doctor", "orders")
        assert time.monotonic() - started < 5
    assert (code, verdicts(seen)["endpoint"]) == (1, "problem")


DENIED = [
    ({"ListQueues": "AccessDenied"}, "note", "sqs:ListQueues is denied (AccessDenied): the list of queues stays empty"),
    ({"GetQueueUrl": "AccessDenied"}, "problem", "sqs:GetQueueUrl is denied"),
    ({"GetQueueAttributes": "AccessDeniedException"}, "warning", "allow sqs:GetQueueAttributes to this identity"),
    ({"DeleteMessageBatch": "AccessDenied"}, "problem", "sqs:DeleteMessage is denied"),
    ({"ChangeMessageVisibilityBatch": "AccessDenied"}, "problem", "sqs:ChangeMessageVisibility is denied"),
    ({"DeleteMessageBatch": "ReceiptHandleIsInvalid"}, "ok", "DeleteMessage, ChangeMessageVisibility; not tried"),
    ({"ListQueues": "InvalidClientTokenId"}, "problem", "check the credentials in use"),
    ({"GetQueueAttributes": "RequestTimeTooSkewed"}, "problem", "set this machine's clock"),
]


@pytest.mark.parametrize(("codes", "verdict", "text"), DENIED)
def test_what_is_denied_is_named_with_what_it_means(
    codes: dict[str, str],
    verdict: str,
    text: str,
    run_doctor: RunDoctor,
    ministack: str,
    ministack_queue_factory: QueueFactory,
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    denying = Denying(ministack, **codes)
    with serve(denying.answer) as front:
        _, seen = run_doctor("--endpoint-url", front.url, "doctor", queue.name, "--probe")
    assert verdicts(seen)["permissions"] == verdict
    assert text in said(seen, "permissions")
    assert "ReceiveMessage" not in denying.asked
    assert "SendMessage" not in denying.asked


def test_what_would_change_something_is_asked_only_with_probe(
    run_doctor: RunDoctor, ministack: str, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory()
    denying = Denying(ministack)
    with serve(denying.answer) as front:
        run_doctor("--endpoint-url", front.url, "doctor", queue.name)
        assert set(denying.asked) <= {"", "ListQueues", "GetQueueUrl", "GetQueueAttributes", "ListDeadLetterSourceQueues"}
        _, seen = run_doctor("--endpoint-url", front.url, "--read-only", "doctor", queue.name, "--probe")
    assert "DeleteMessageBatch" not in denying.asked
    assert verdicts(seen)["permissions"] == "unknown"
    assert "this session is read-only" in said(seen, "permissions")


def test_a_clock_that_is_wrong(run_doctor: RunDoctor, ministack: str) -> None:
    with serve(Denying(ministack).answer) as front:
        front.skew_seconds = -500
        code, seen = run_doctor("--endpoint-url", front.url, "doctor")
    assert (code, verdicts(seen)["clock-skew"]) == (1, "problem")
    assert " s ahead of the endpoint's; AWS refuses requests at 300 s" in said(seen, "clock-skew")


def _answers(queue: dict[str, Any], **more: Any) -> Callable[..., identity_servers.Answer]:
    """An SQS whose only queue has these attributes; `more` replaces whole answers by operation."""

    def answer(_: identity_servers.Server, seen: identity_servers.Seen) -> identity_servers.Answer:
        operation = seen.headers.get("x-amz-target", "").rpartition(".")[2]
        answers = {"GetQueueUrl": {"QueueUrl": "http://x/1/orders"}, "GetQueueAttributes": {"Attributes": queue}, **more}
        return 200, "application/x-amz-json-1.0", json.dumps(answers.get(operation, {}))

    return answer


PLAIN = {"VisibilityTimeout": "30", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "20"}


TO_DEAD = '{"deadLetterTargetArn": "a:b:c:d:e:f", "maxReceiveCount": Infinity}'


FAILED = {"Id": "0", "Code": "InternalError", "SenderFault": False}


ODD: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    (
        {**PLAIN, "RedrivePolicy": '{"deadLetterTargetArn": "a:b:c:d:e:f", "maxReceiveCount": Infinity}'},
        {},
        "dead-letter-queue",
        "unknown",
    ),
    ({**PLAIN, "RedrivePolicy": "[" * 100_000}, {}, "dead-letter-queue", "unknown"),
    ({**PLAIN, "RedrivePolicy": '{"deadLetterTargetArn": "a:b:c:d:e:f"}'}, {}, "dead-letter-queue", "unknown"),
    ({**PLAIN, "MessageRetentionPeriod": "9" * 400}, {}, "dead-letter-queue", "warning"),
    ({**PLAIN, "VisibilityTimeout": "-3"}, {}, "visibility-timeout", "unknown"),
    ({}, {}, "queue", "unknown"),
    ({**PLAIN, "RedrivePolicy": None, "VisibilityTimeout": {"a": 1}}, {}, "visibility-timeout", "unknown"),
    (PLAIN, {"DeleteMessageBatch": {"Failed": [None]}}, "permissions", "problem"),
    (
        PLAIN,
        {"DeleteMessageBatch": {"Failed": [FAILED]}},
        "permissions",
        "unknown",
    ),
    (PLAIN, {"DeleteMessageBatch": {"Failed": "x"}}, "permissions", "problem"),
]


@pytest.mark.parametrize(("queue", "more", "check", "verdict"), ODD)
def test_odd_answers_are_findings_and_no_crash(
    queue: dict[str, Any], more: dict[str, Any], check: str, verdict: str, run_doctor: RunDoctor
) -> None:
    with serve(_answers(queue, **more)) as front:
        _, seen = run_doctor("--endpoint-url", front.url, "doctor", "orders", "--probe")
    assert verdicts(seen)[check] == verdict
    assert "allowed: ListQueues" in said(seen, "permissions")
    assert "DeleteMessageBatch" not in more or "GetQueueAttributes, ChangeMessageVisibility" in said(seen, "permissions")


def test_a_page_that_is_not_sqs_allows_nothing(run_doctor: RunDoctor) -> None:
    with serve(lambda _, __: (200, "text/html", "<html>hello</html>")) as front:
        code, seen = run_doctor("--endpoint-url", front.url, "doctor")
    assert (code, verdicts(seen)["permissions"]) == (1, "problem")
    assert "allowed" not in said(seen, "permissions")


def test_requests_that_drip_do_not_hold_it_up(run_doctor: RunDoctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SERVICE_SECONDS", 0.5)
    over = threading.Event()

    def answer(_: identity_servers.Server, seen: identity_servers.Seen) -> identity_servers.Answer:
        if seen.method == "POST":
            over.wait(3)
        return 200, "application/x-amz-json-1.0", "{}"

    with serve(answer) as front:
        code, seen = run_doctor("--endpoint-url", front.url, "doctor")
        over.set()
    assert (code, verdicts(seen)["permissions"]) == (1, "problem")
    assert "did not answer everything within 0.5 s" in said(seen, "permissions")
