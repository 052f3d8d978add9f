"""What a listing of queues holds: a row for each queue, and one queue in full. Frozen, for they cross threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sqs_core.queue_facts import read_facts, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqs_core.model import Depth

REFRESH_SECONDS = 5.0


class Reading(StrEnum):
    """How the newest read of a queue's attributes went. `failed` keeps the figures of the last one that did not."""

    UNREAD = "unread"
    READ = "read"
    DENIED = "denied"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ListedAttributes:
    """What a row shows of a queue's attributes; None where the server does not say. `encryption`: SSE-SQS, none, KMS KEY."""

    depth: Depth | None = None
    dead_letter_name: str | None = None
    maximum_receives: int | None = None
    encryption: str | None = None
    retention_seconds: int | None = None
    visibility_seconds: int | None = None
    delay_seconds: int | None = None
    maximum_message_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ListedQueue:
    """A queue of the endpoint. `read_at` is when its attributes were read; `error` why the newest read failed."""

    name: str
    url: str
    reading: Reading = Reading.UNREAD
    read_at: float | None = None
    attributes: ListedAttributes | None = None
    error: str | None = None

    @property
    def fifo(self) -> bool:
        """Whether it keeps the order of each message group."""
        return self.name.endswith(".fifo")


@dataclass(frozen=True, slots=True)
class QueueListing:
    """The endpoint's queues whose names start with `prefix`, by name, as listed at `at` (0.0: not yet).

    The object stays the same while nothing changes. `sources` is dead-letter queue → the queues whose redrive policy
    names it, as far as those were read; `unread` counts the rows without figures. `error` says why the newest listing
    failed, `note` what is missing though it did not.
    """

    at: float
    queues: tuple[ListedQueue, ...] = ()
    error: str | None = None
    note: str | None = None
    prefix: str = ""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: int = 0
    refresh_seconds: float = REFRESH_SECONDS


@dataclass(frozen=True, slots=True)
class QueueDetails:
    """One queue in full: `attributes` and `tags` by name, as SQS gives them; `tags` is None where they could not be read.

    `sources` send their dead letters here. Where `sources_error` says that SQS's own list could not be read, they are those
    that the listing knows; `more_sources` says that SQS has more of them than are named.
    """

    name: str
    url: str | None = None
    reading: Reading = Reading.UNREAD
    read_at: float | None = None
    error: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    sources_error: str | None = None
    more_sources: bool = False
    tags: tuple[tuple[str, str], ...] | None = None
    tags_error: str | None = None
    refresh_seconds: float = REFRESH_SECONDS


def listed_attributes(attributes: Mapping[str, str], now: float) -> ListedAttributes:
    """What a row shows, from SQS's attribute map; `now` (epoch seconds) stamps the depth."""
    facts = read_facts(attributes, now)
    return ListedAttributes(
        depth=facts.depth,
        dead_letter_name=facts.dead_letter_name,
        maximum_receives=facts.maximum_receives,
        encryption=encryption(attributes),
        retention_seconds=whole(attributes.get("MessageRetentionPeriod")),
        visibility_seconds=facts.visibility_seconds,
        delay_seconds=whole(attributes.get("DelaySeconds")),
        maximum_message_bytes=whole(attributes.get("MaximumMessageSize")),
    )


def encryption(attributes: Mapping[str, str]) -> str | None:
    """How messages are encrypted at rest; None where the server says nothing of it."""
    if attributes.get("KmsMasterKeyId"):
        return f"KMS {attributes['KmsMasterKeyId']}"
    return {"true": "SSE-SQS", "false": "none"}.get(str(attributes.get("SqsManagedSseEnabled")).lower())
