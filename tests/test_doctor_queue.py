"""Verdicts on a queue's attributes, on timeouts, and on clocks; each has its evidence and, where it matters, its remedy."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from sqs_core.doctor import Question, judge_read_timeout
from sqs_core.doctor_endpoint import judge_skew
from sqs_core.doctor_queue import DeadLetterView, examine_attributes
from sqs_core.findings import Finding, Verdict
from sqs_core.settings import ConnectionSettings
from sqs_core.unsigned import Answer

DAY = 86_400
PLAIN = {"VisibilityTimeout": "30", "MessageRetentionPeriod": str(4 * DAY), "ReceiveMessageWaitTimeSeconds": "20"}
TARGET = DeadLetterView(attributes={"MessageRetentionPeriod": str(14 * DAY), "ApproximateNumberOfMessages": "0"})


def redrive(maximum: int = 5) -> str:
    """A redrive policy as SQS gives it."""
    return json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:orders-dead", "maxReceiveCount": maximum})


def examined(check: str, dead: DeadLetterView = TARGET, p95: float | None = None, **attributes: Any) -> Finding:
    """The only finding of a check, for the plain attributes with those changed."""
    given = {**PLAIN, "RedrivePolicy": redrive(), **attributes}
    kept = {name: str(value) for name, value in given.items() if value is not None}
    (finding,) = [found for found in examine_attributes(kept, dead, p95) if found.check == check]
    assert finding.remedy or finding.verdict in (Verdict.OK, Verdict.UNKNOWN)
    return finding


@pytest.mark.parametrize(
    ("visible", "in_flight", "fifo", "verdict", "said"),
    [
        (0, 0, None, Verdict.OK, "about 0 waiting, 0 in flight, 0 delayed"),
        (5, 3, None, Verdict.OK, "about 5 waiting, 3 in flight"),
        (0, 3, None, Verdict.OK, "consumers hold"),
        (5, 0, None, Verdict.NOTE, "nobody seems to consume"),
        (5, 107_999, None, Verdict.OK, "107,999 in flight"),
        (5, 108_000, None, Verdict.WARNING, "at 120,000 in flight SQS hands out no more"),
        (5, 18_000, "true", Verdict.WARNING, "at 20,000 in flight"),
        (None, 0, None, Verdict.UNKNOWN, "does not tell"),
    ],
)
def test_the_messages_of_the_queue(visible: int | None, in_flight: int, fifo: str | None, verdict: Verdict, said: str) -> None:
    counts: dict[str, Any] = {
        f"ApproximateNumberOfMessages{kind}": n for kind, n in (("", visible), ("NotVisible", in_flight), ("Delayed", 0))
    }
    finding = examined("messages", FifoQueue=fifo, **counts)
    assert finding.verdict is verdict
    assert said in finding.evidence


@pytest.mark.parametrize(
    ("visibility", "p95", "verdict", "said"),
    [
        (30, None, Verdict.OK, "30 s; whether handling takes less is not known"),
        (30, 15, Verdict.OK, "30 s, and 95 of 100 messages are handled within 15 s"),
        (30, 15.1, Verdict.NOTE, "little room"),
        (30, 29.9, Verdict.NOTE, "little room"),
        (30, 30, Verdict.WARNING, "come a second time"),
        (0, None, Verdict.WARNING, "0 s: a message is visible again while it is being handled"),
        (None, 15, Verdict.UNKNOWN, "does not tell"),
        ("x", 15, Verdict.UNKNOWN, "does not tell"),
    ],
)
def test_the_visibility_timeout_against_the_handlers_time(
    visibility: Any, p95: float | None, verdict: Verdict, said: str
) -> None:
    finding = examined("visibility-timeout", p95=p95, VisibilityTimeout=visibility)
    assert finding.verdict is verdict
    assert said in finding.evidence


def test_a_better_visibility_timeout_is_named() -> None:
    assert "at least 240 s" in examined("visibility-timeout", p95=40).remedy


@pytest.mark.parametrize(
    ("dead", "policy", "verdict", "said"),
    [
        (TARGET, redrive(), Verdict.OK, "orders-dead, empty"),
        (DeadLetterView(attributes={"ApproximateNumberOfMessages": "1"}), redrive(), Verdict.NOTE, "orders-dead holds 1 message"),
        (DeadLetterView(attributes={"ApproximateNumberOfMessages": "1234"}), redrive(), Verdict.NOTE, "holds 1,234 messages"),
        (DeadLetterView(attributes={}), redrive(), Verdict.OK, "orders-dead"),
        (DeadLetterView(missing=True, error="x"), redrive(7), Verdict.PROBLEM, "does not exist: a message that fails 7 times"),
        (DeadLetterView(error="AccessDenied"), redrive(), Verdict.UNKNOWN, "cannot be read: AccessDenied"),
        (DeadLetterView(), None, Verdict.WARNING, "none: a message that always fails comes back for 4 days"),
        (DeadLetterView(), "not json", Verdict.UNKNOWN, "not understood: not json"),
        (DeadLetterView(sources=0), None, Verdict.WARNING, "none"),
        (DeadLetterView(sources=2), None, Verdict.OK, "this is one itself, of 2 queues"),
    ],
)
def test_the_dead_letter_queue(dead: DeadLetterView, policy: str | None, verdict: Verdict, said: str) -> None:
    finding = examined("dead-letter-queue", dead, RedrivePolicy=policy)
    assert finding.verdict is verdict
    assert said in finding.evidence


@pytest.mark.parametrize(("maximum", "verdict"), [(1, Verdict.WARNING), (2, Verdict.NOTE), (3, Verdict.OK), (1000, Verdict.OK)])
def test_the_receives_before_a_dead_letter(maximum: int, verdict: Verdict) -> None:
    finding = examined("max-receive-count", RedrivePolicy=redrive(maximum))
    assert finding.verdict is verdict
    assert finding.evidence.startswith(f"{maximum}: ")


@pytest.mark.parametrize(
    ("ours", "theirs", "fifo", "verdict"),
    [
        (4 * DAY, 14 * DAY, None, Verdict.OK),
        (4 * DAY, 4 * DAY, None, Verdict.NOTE),
        (4 * DAY, 3600, None, Verdict.WARNING),
        (4 * DAY, 3600, "true", Verdict.OK),
        (4 * DAY, None, None, Verdict.UNKNOWN),
    ],
)
def test_dead_letters_keep_the_time_they_were_first_sent_at(
    ours: int, theirs: int | None, fifo: str | None, verdict: Verdict
) -> None:
    dead = DeadLetterView(attributes={} if theirs is None else {"MessageRetentionPeriod": str(theirs)})
    finding = examined("dlq-retention", dead, MessageRetentionPeriod=ours, FifoQueue=fifo)
    assert finding.verdict is verdict
    assert theirs != 3600 or "kept 1 h, messages of the queue 4 days" in finding.evidence


@pytest.mark.parametrize(("wait", "verdict"), [(0, Verdict.NOTE), (20, Verdict.OK), (None, Verdict.UNKNOWN)])
def test_the_queues_own_wait(wait: int | None, verdict: Verdict) -> None:
    assert examined("receive-wait", ReceiveMessageWaitTimeSeconds=wait).verdict is verdict


@pytest.mark.parametrize(
    ("wait", "read", "verdict", "remedy"),
    [
        (20, None, Verdict.OK, ""),
        (20, 22, Verdict.OK, ""),
        (20, 21.9, Verdict.WARNING, "--read-timeout 30"),
        (20, 20, Verdict.PROBLEM, "--read-timeout 30 or a shorter --wait"),
        (20, 3, Verdict.PROBLEM, "--read-timeout 30 or a shorter --wait"),
        (0, 0, Verdict.PROBLEM, "--read-timeout 10"),
    ],
)
def test_the_clients_timeout_against_the_long_poll(wait: int, read: float | None, verdict: Verdict, remedy: str) -> None:
    finding = judge_read_timeout(Question(ConnectionSettings(), wait_seconds=wait, read_timeout_seconds=read))
    assert finding.verdict is verdict
    assert remedy in finding.remedy
    shown = wait + 10 if read is None else read
    assert f"waits up to {wait} s, and the client hangs up after {shown:g} s" in finding.evidence


@pytest.mark.parametrize(
    ("ahead_seconds", "verdict", "said"),
    [
        (0, Verdict.OK, "at most 1 s"),
        (5, Verdict.OK, "at most 5 s"),
        (7, Verdict.NOTE, "7 s ahead of"),
        (-7, Verdict.NOTE, "7 s behind"),
        (62, Verdict.WARNING, "62 s ahead of"),
        (242, Verdict.PROBLEM, "242 s ahead of"),
        (-4000, Verdict.PROBLEM, "4000 s behind"),
    ],
)
def test_the_clock_against_the_endpoints(ahead_seconds: int, verdict: Verdict, said: str) -> None:
    here = 1_700_000_000.0
    there = datetime.fromtimestamp(here, UTC) - timedelta(seconds=ahead_seconds)
    finding = judge_skew(Answer(200, {"date": format_datetime(there, usegmt=True)}, b"", here + 0.4, 0.2))
    assert finding.verdict is verdict
    assert said in finding.evidence


@pytest.mark.parametrize("date", [None, "yesterday", "", "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"])
def test_an_answer_without_a_date_says_nothing_about_the_clock(date: str | None) -> None:
    headers = {} if date is None else {"date": date}
    assert judge_skew(Answer(200, headers, b"", 0.0, 0.0)).verdict is Verdict.UNKNOWN
