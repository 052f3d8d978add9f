"""One queue in words: what its attributes mean, with their units, where its dead letters go and come from, its tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from textual.content import Content

from sqs_core.clock import LATEST_SECONDS
from sqs_core.masking import mask_value
from sqs_core.queue_facts import read_facts, whole
from sqs_core.queue_listing import Reading, encryption
from sqs_tui import format as shown
from sqs_tui.paragraphs import hanging, heading, pair
from sqs_tui.rows import Tone
from sqs_tui.safe_text import one_line
from sqs_tui.summary import styled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqs_core.queue_listing import QueueDetails

LEAST_WIDTH = 40
_NAME_WIDTH = 20
_LONGEST = 2000
_MOST_SHOWN = 200


def _approximate(text: str) -> str:
    return shown.approximate(whole(text))


def _span(text: str) -> str:
    number = whole(text)
    return text if number is None else shown.span(number)


def _size(text: str) -> str:
    number = whole(text)
    return text if number is None else shown.size(number)


def _time(text: str) -> str:
    number = whole(text)
    return text if number is None or number > LATEST_SECONDS else shown.stamp(number)


def _deduplication(text: str) -> str:
    return {"true": "by content", "false": "by id only"}.get(text, text)


def _allowed_sources(text: str) -> str:
    """Who may name this queue as its dead-letter queue."""
    try:
        policy = json.loads(text)
        names = [str(arn).rpartition(":")[2] for arn in policy.get("sourceQueueArns", ())]
        return {"allowAll": "every queue", "denyAll": "no queue"}.get(policy["redrivePermission"], ", ".join(names))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return text


_COUNTS = {
    "ApproximateNumberOfMessages": ("visible", _approximate),
    "ApproximateNumberOfMessagesNotVisible": ("in flight", _approximate),
    "ApproximateNumberOfMessagesDelayed": ("delayed", _approximate),
    "ApproximateAgeOfOldestMessage": ("oldest", _span),
}
_SETTINGS: dict[str, tuple[str, Callable[[str], str]]] = {
    "VisibilityTimeout": ("visibility timeout", _span),
    "MessageRetentionPeriod": ("retention", _span),
    "DelaySeconds": ("delay", _span),
    "ReceiveMessageWaitTimeSeconds": ("long poll", _span),
    "MaximumMessageSize": ("largest message", _size),
    "ContentBasedDeduplication": ("deduplication", _deduplication),
    "DeduplicationScope": ("deduplicated within", str),
    "FifoThroughputLimit": ("throughput limit", str),
    "KmsDataKeyReusePeriodSeconds": ("KMS key reused for", _span),
    "RedriveAllowPolicy": ("dead letters from", _allowed_sources),
    "CreatedTimestamp": ("created", _time),
    "LastModifiedTimestamp": ("changed", _time),
    "QueueArn": ("ARN", str),
}
_SAID_OTHERWISE = frozenset({"FifoQueue", "RedrivePolicy", "Policy", "KmsMasterKeyId", "SqsManagedSseEnabled"})


def queue_text(details: QueueDetails, width: int) -> Content:
    """All of it, wrapped to `width` cells."""
    width = max(width, LEAST_WIDTH)
    attributes = dict(details.attributes)
    lines = [*_reading(details, width)]
    if attributes:
        lines += _counts(details, attributes, width)
        lines += _dead_letters(details, attributes, width)
        lines += _settings(details, attributes, width)
        lines += _others(attributes, width)
        lines += _tags(details, width)
    return Content("\n").join(lines)


def _reading(details: QueueDetails, width: int) -> Iterator[Content]:
    """How the newest read went, and when the figures are of."""
    every = f"every {details.refresh_seconds:g} s"
    if details.error is not None:
        yield from hanging("✗ ", styled(f"{details.reading.value}: {details.error}", Tone.BAD, _LONGEST), width)
    if details.read_at is not None:
        last = "the last known, " if details.reading is Reading.FAILED else ""
        yield styled(f"{every}, {last}read {shown.stamp(details.read_at)}", Tone.MUTED)
    elif details.error is None:
        yield styled("Being read.", Tone.MUTED)


def _counts(details: QueueDetails, attributes: Mapping[str, str], width: int) -> Iterator[Content]:
    yield from heading("Messages", width)
    for key, (name, words) in _COUNTS.items():
        if key in attributes:
            yield from _pair(name, words(attributes[key]), width)
        elif name != "oldest":
            yield from _pair(name, f"{shown.UNKNOWN} (the server does not say)", width)
    yield from _pair("type", "FIFO: in order within each group" if details.name.endswith(".fifo") else "standard", width)


def _dead_letters(details: QueueDetails, attributes: Mapping[str, str], width: int) -> Iterator[Content]:
    yield from heading("Dead letters", width)
    facts = read_facts(attributes, 0.0)
    if facts.dead_letter_name is not None:
        most = shown.UNKNOWN if facts.maximum_receives is None else shown.plural(facts.maximum_receives, "receive")
        yield from _pair("go to", f"{facts.dead_letter_name} after {most}", width)
    elif attributes.get("RedrivePolicy"):
        yield from _pair("go to", f"{shown.UNKNOWN} (redrive policy {attributes['RedrivePolicy']})", width)
    elif details.sources:
        yield from _pair("go to", "nowhere: this is a dead-letter queue, and messages stay until they are too old", width)
    else:
        yield from _pair("go to", "no dead-letter queue: a message that fails comes back until it is too old", width)
    names = details.sources[:_MOST_SHOWN]
    more = " and more" if details.more_sources or len(details.sources) > _MOST_SHOWN else ""
    if names:
        listed = ", ".join(one_line(name) for name in names)
        yield from _pair("come from", f"{shown.plural(len(details.sources), 'queue')}: {listed}{more}", width)
    elif details.sources_error is None:
        yield from _pair("come from", "no queue", width)
    if details.sources_error is not None:
        known = "only those that the listing knows" if names else shown.UNKNOWN
        yield from _pair("" if names else "come from", f"{known}; {details.sources_error}", width, Tone.WARNING)


def _settings(details: QueueDetails, attributes: Mapping[str, str], width: int) -> Iterator[Content]:
    yield from heading("Settings", width)
    yield from _pair("encryption", encryption(attributes) or f"{shown.UNKNOWN} (the server does not say)", width)
    yield from _pair("access policy", "present" if attributes.get("Policy") else "none", width)
    for key, (name, words) in _SETTINGS.items():
        if key in attributes:
            yield from _pair(name, words(attributes[key]), width)
    if details.url:
        yield from _pair("URL", details.url, width)


def _others(attributes: Mapping[str, str], width: int) -> Iterator[Content]:
    """What this program has no words for, as it came."""
    told = _SAID_OTHERWISE | _COUNTS.keys() | _SETTINGS.keys()
    others = [(key, value) for key, value in attributes.items() if key not in told][:_MOST_SHOWN]
    if others:
        yield from heading("Other attributes", width)
    for key, value in others:
        yield from _foreign_pair(key, value, width)
    if attributes.get("Policy"):
        yield from heading("Access policy", width)
        yield from styled(mask_value("Policy", attributes["Policy"], _LONGEST), Tone.PLAIN, _LONGEST).wrap(width)


def _tags(details: QueueDetails, width: int) -> Iterator[Content]:
    yield from heading("Tags", width)
    if details.tags is None:
        yield from hanging("", styled(f"{shown.UNKNOWN} {details.tags_error or ''}", Tone.WARNING, _LONGEST), width)
    elif not details.tags:
        yield styled("none", Tone.MUTED)
    for name, value in (details.tags or ())[:_MOST_SHOWN]:
        yield from _foreign_pair(name, mask_value(name, value, _LONGEST), width)


def _pair(name: str, value: str, width: int, tone: Tone = Tone.PLAIN) -> Iterator[Content]:
    return pair(name, styled(value, tone, _LONGEST), width, _NAME_WIDTH)


def _foreign_pair(name: str, value: str, width: int) -> Iterator[Content]:
    head = styled(f"{one_line(name, width // 2)}  ", Tone.MUTED)
    return hanging(head, styled(value, Tone.PLAIN, _LONGEST), width)
