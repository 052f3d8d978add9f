"""One queue in words and units."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queue_canned import details
from sqs_core.queue_listing import QueueDetails, Reading
from sqs_tui import format as shown
from sqs_tui.queue_text import queue_text

SECRET = "wJalrXUtnFEMI/K7MDENG"


def lines(of: QueueDetails, width: int = 100) -> list[str]:
    """The text's lines, words apart by one space."""
    return [" ".join(line.split()) for line in queue_text(of, width).plain.splitlines()]


def test_a_queue_in_full() -> None:
    text = lines(details())
    for said in (
        "every 5 s, read 2026-03-01 10:00:00 UTC",
        "visible ~118",
        "in flight ~7",
        "delayed ~2",
        "type standard",
        "go to orders-dlq after 5 receives",
        "come from no queue",
        "encryption SSE-SQS",
        "access policy none",
        "visibility timeout 1 min 30 s",
        "retention 4 days",
        "delay 0 s",
        "largest message 256 KiB",
        "created 2026-03-01 10:00:00 UTC",
        "cost-centre 4711",
        "team checkout",
    ):
        assert said in text
    assert not any("oldest" in line for line in text)


def with_attributes(**attributes: str) -> QueueDetails:
    """A queue with more or other attributes; an empty value takes one away."""
    known = {**dict(details().attributes), **attributes}
    return details(attributes=tuple((name, value) for name, value in known.items() if value))


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"Policy": '{"Statement": []}'}, "access policy present"),
        ({"KmsMasterKeyId": "alias/k"}, "encryption KMS alias/k"),
        ({"SqsManagedSseEnabled": "false"}, "encryption none"),
        ({"SqsManagedSseEnabled": ""}, "encryption ? (the server does not say)"),
        ({"ApproximateNumberOfMessages": ""}, "visible ? (the server does not say)"),
        ({"ApproximateNumberOfMessages": "many"}, "visible ?"),
        ({"ApproximateAgeOfOldestMessage": "130"}, "oldest 2 min 10 s"),
        ({"RedrivePolicy": ""}, "go to no dead-letter queue: a message that fails comes back until it is too old"),
        ({"RedrivePolicy": "nonsense"}, "go to ? (redrive policy nonsense)"),
        ({"RedriveAllowPolicy": '{"redrivePermission": "denyAll"}'}, "dead letters from no queue"),
        ({"RedriveAllowPolicy": '{"redrivePermission": "byQueue", "sourceQueueArns": ["a:b:c"]}'}, "dead letters from c"),
        ({"RedriveAllowPolicy": "[]"}, "dead letters from []"),
        ({"ContentBasedDeduplication": "false"}, "deduplication by id only"),
        ({"CreatedTimestamp": "99999999999999"}, "created 99999999999999"),
        ({"VisibilityTimeout": "soon"}, "visibility timeout soon"),
        ({"SomethingNew": "7"}, "SomethingNew 7"),
    ],
)
def test_an_attribute_in_words(attributes: dict[str, str], said: str) -> None:
    assert said in lines(with_attributes(**attributes))


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (details(sources=("a", "b")), "come from 2 queues: a, b"),
        (
            replace(with_attributes(RedrivePolicy=""), sources=("a",)),
            "go to nowhere: this is a dead-letter queue, and messages stay until they are too old",
        ),
        (details(sources=("a",), more_sources=True), "come from 1 queue: a and more"),
        (details(sources_error="InvalidAction"), "come from ?; InvalidAction"),
        (details(sources=("a",), sources_error="InvalidAction"), "only those that the listing knows; InvalidAction"),
        (details(tags=None, tags_error="AccessDenied"), "? AccessDenied"),
        (details("jobs.fifo"), "type FIFO: in order within each group"),
        (QueueDetails("orders"), "Being read."),
        (QueueDetails("orders", reading=Reading.DENIED, error="told to"), "✗ denied: told to"),
        (
            replace(details(), reading=Reading.FAILED, error="no answer"),
            "every 5 s, the last known, read 2026-03-01 10:00:00 UTC",
        ),
    ],
)
def test_what_is_known_of_a_queue_and_what_is_not(of: QueueDetails, said: str) -> None:
    assert said in lines(of)


def test_secrets_in_tags_are_masked() -> None:
    text = queue_text(details(tags=(("api_token", SECRET),)), 100).plain
    assert SECRET not in text
    assert "api_token  ***" in text


@pytest.mark.parametrize("width", [1, 40, 77])
def test_nothing_is_wider_than_the_screen(width: int) -> None:
    long = details(sources=tuple(f"queue-{n}" for n in range(300)), tags=(("t" * 128, "v" * 256),))
    text = queue_text(long, width)
    assert max(line.cell_length for line in text.split("\n")) <= max(width, 40)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (90, "1 min 30 s"), (86_400, "1 day"), (345_600, "4 days"), (90_061, "1 day 1 h 1 min 1 s")]
)
def test_a_span_is_exact(seconds: int, text: str) -> None:
    assert shown.span(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bytes"), (1, "1 byte"), (1000, "1,000 bytes"), (262_144, "256 KiB"), (2**20, "1 MiB")]
)
def test_a_size_is_exact(number: int, text: str) -> None:
    assert shown.size(number) == text
