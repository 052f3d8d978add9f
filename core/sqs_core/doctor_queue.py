"""What a queue's attributes say to somebody who consumes it. Pure: attributes in, findings out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.findings import Finding, Verdict
from sqs_core.queue_facts import read_facts, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAY_SECONDS = 86_400
_POLICY_SHOWN = 120
_STANDARD_IN_FLIGHT, _FIFO_IN_FLIGHT, _NEAR = 120_000, 20_000, 0.9


@dataclass(frozen=True, slots=True)
class DeadLetterView:
    """What could be read about dead letters: attributes of the target, why they could not be read, and our own sources.

    `missing` says that the target does not exist. `sources` counts the queues whose dead-letter queue this one is; None where
    that could not be read.
    """

    attributes: Mapping[str, str] | None = None
    error: str | None = None
    missing: bool = False
    sources: int | None = None


def examine_attributes(attributes: Mapping[str, str], dead: DeadLetterView, handler_p95_seconds: float | None) -> list[Finding]:
    """Findings about the messages, the visibility timeout, dead letters and the queue's own wait."""
    return [
        _messages(attributes),
        _visibility(attributes, handler_p95_seconds),
        *_dead_letters(attributes, dead),
        _wait(attributes),
    ]


def _messages(attributes: Mapping[str, str]) -> Finding:
    """Beyond its limit of messages in flight a queue answers receives with an error (AWS's quotas)."""
    depth = read_facts(attributes, 0.0).depth
    if depth is None:
        return Finding("messages", Verdict.UNKNOWN, "the queue does not tell how many messages it holds")
    said = f"about {depth.visible:,} waiting, {depth.in_flight:,} in flight, {depth.delayed:,} delayed"
    limit = _FIFO_IN_FLIGHT if attributes.get("FifoQueue") == "true" else _STANDARD_IN_FLIGHT
    if depth.in_flight >= limit * _NEAR:
        remedy = "consumers receive more than they delete: find out why, or wait for the visibility timeout"
        return Finding("messages", Verdict.WARNING, f"{said}; at {limit:,} in flight SQS hands out no more", remedy)
    if depth.in_flight and not depth.visible:
        return Finding("messages", Verdict.OK, f"{said}: all that there are, consumers hold")
    if depth.visible and not depth.in_flight:
        return Finding(
            "messages", Verdict.NOTE, f"{said}: nobody seems to consume", "start a consumer, or look whether one hangs"
        )
    return Finding("messages", Verdict.OK, said)


def _visibility(attributes: Mapping[str, str], p95_seconds: float | None) -> Finding:
    check, visibility = "visibility-timeout", whole(attributes.get("VisibilityTimeout"))
    if visibility is None:
        return Finding(check, Verdict.UNKNOWN, "the queue does not tell its visibility timeout")
    if visibility == 0:
        said = "0 s: a message is visible again while it is being handled, to every consumer that does not set its own"
        return Finding(check, Verdict.WARNING, said, "set VisibilityTimeout to several times what handling takes")
    if p95_seconds is None:
        return Finding(
            check, Verdict.OK, f"{visibility} s; whether handling takes less is not known", "pass --handler-p95 SECONDS"
        )
    both = f"{visibility} s, and 95 of 100 messages are handled within {p95_seconds:g} s"
    if p95_seconds >= visibility:
        remedy = f"set VisibilityTimeout to at least {6 * p95_seconds:.0f} s; this consumer extends its leases, others may not"
        return Finding(check, Verdict.WARNING, f"{both}: the others come a second time while still being handled", remedy)
    if p95_seconds * 2 > visibility:
        return Finding(check, Verdict.NOTE, f"{both}: little room for a slow one", "a longer VisibilityTimeout gives room")
    return Finding(check, Verdict.OK, both)


def _dead_letters(attributes: Mapping[str, str], dead: DeadLetterView) -> list[Finding]:
    facts = read_facts(attributes, 0.0)
    if facts.dead_letter_name is None or facts.maximum_receives is None:
        if attributes.get("RedrivePolicy"):
            said = f"the redrive policy is not understood: {attributes['RedrivePolicy'][:_POLICY_SHOWN]}"
            return [Finding("dead-letter-queue", Verdict.UNKNOWN, said, "it needs a deadLetterTargetArn and a maxReceiveCount")]
        return [_no_dead_letter_queue(attributes, dead)]
    name = facts.dead_letter_name
    findings = [_maximum_receives(facts.maximum_receives)]
    if dead.missing:
        said = f"{name} does not exist: a message that fails {facts.maximum_receives} times is not moved, and comes for ever"
        findings.insert(0, Finding("dead-letter-queue", Verdict.PROBLEM, said, f"create {name}, or correct the redrive policy"))
    elif dead.attributes is None:
        said = f"{name}; it cannot be read: {dead.error}"
        findings.insert(0, Finding("dead-letter-queue", Verdict.UNKNOWN, said, "allow sqs:GetQueueAttributes on it"))
    else:
        visible = whole(dead.attributes.get("ApproximateNumberOfMessages"))
        findings.insert(0, _dead_letter_depth(name, visible))
        findings.append(_retention(attributes, dead.attributes))
    return findings


def _no_dead_letter_queue(attributes: Mapping[str, str], dead: DeadLetterView) -> Finding:
    check, retention = "dead-letter-queue", whole(attributes.get("MessageRetentionPeriod"))
    if dead.sources:
        return Finding(check, Verdict.OK, f"this is one itself, of {_count(dead.sources, 'queue')}")
    kept = f"for {_days(retention)}, then it is gone" if retention else "until its retention ends, then it is gone"
    said = f"none: a message that always fails comes back {kept}"
    return Finding(check, Verdict.WARNING, said, "set a RedrivePolicy: a dead-letter queue and a maxReceiveCount of 3 or more")


def _dead_letter_depth(name: str, visible: int | None) -> Finding:
    if not visible:
        return Finding("dead-letter-queue", Verdict.OK, f"{name}, empty" if visible == 0 else name)
    said = f"{name} holds {_count(visible, 'message')}"
    return Finding("dead-letter-queue", Verdict.NOTE, said, "look at them, mend the cause, then redrive")


def _maximum_receives(maximum: int) -> Finding:
    check = "max-receive-count"
    if maximum == 1:
        said = "1: a single crash, timeout or look by any tool moves a message to the dead-letter queue; nothing is tried again"
        return Finding(check, Verdict.WARNING, said, "set maxReceiveCount to 3 or more")
    said = f"{maximum}: a message is tried {maximum} times, and every receive counts as one, also a look by another tool"
    return Finding(check, Verdict.NOTE if maximum == 2 else Verdict.OK, said, "3 or more leave room" if maximum == 2 else "")


def _retention(attributes: Mapping[str, str], target: Mapping[str, str]) -> Finding:
    """A standard queue's dead letter keeps its first enqueue time; a FIFO queue's begins anew (AWS's developer guide)."""
    check = "dlq-retention"
    ours, theirs = (whole(found.get("MessageRetentionPeriod")) for found in (attributes, target))
    if ours is None or theirs is None:
        return Finding(check, Verdict.UNKNOWN, "a queue does not tell its retention")
    both = f"dead letters are kept {_days(theirs)}, messages of the queue {_days(ours)}"
    if attributes.get("FifoQueue") == "true" or theirs > ours:
        return Finding(check, Verdict.OK, both)
    said = f"{both}, counted from when a message was first sent"
    remedy = "set the dead-letter queue's MessageRetentionPeriod to 14 days"
    if theirs == ours:
        return Finding(check, Verdict.NOTE, f"{said}: one that dies late is soon gone", remedy)
    return Finding(check, Verdict.WARNING, f"{said}: an old message is deleted as it dies", remedy)


def _wait(attributes: Mapping[str, str]) -> Finding:
    check, wait = "receive-wait", whole(attributes.get("ReceiveMessageWaitTimeSeconds"))
    if wait is None:
        return Finding(check, Verdict.UNKNOWN, "the queue does not tell its ReceiveMessageWaitTimeSeconds")
    if wait == 0:
        said = "the queue's own wait is 0 s: a consumer that does not ask for a long poll pays for empty ones; this one asks"
        return Finding(check, Verdict.NOTE, said, "set ReceiveMessageWaitTimeSeconds to 20 if others consume it too")
    return Finding(check, Verdict.OK, f"the queue's own wait is {wait} s")


def _days(seconds: int) -> str:
    if seconds < _DAY_SECONDS:
        return f"{seconds / 3600:.3g} h"
    days = seconds / _DAY_SECONDS
    return f"{days:.3g} day{'s' * (days != 1)}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"
