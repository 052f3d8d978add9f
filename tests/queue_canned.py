"""Canned queues at the time that stands still."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqs_core.model import Depth
from sqs_core.queue_listing import ListedAttributes, ListedQueue, QueueDetails, QueueListing, Reading
from tui_canned import NOW

if TYPE_CHECKING:
    from collections.abc import Iterable


def queue(
    name: str, visible: int = 0, in_flight: int = 0, delayed: int = 0, oldest: float | None = None, **more: Any
) -> ListedQueue:
    """A queue that was read."""
    depth = Depth(visible, in_flight, delayed, oldest, NOW)
    attributes = ListedAttributes(depth, encryption="SSE-SQS", retention_seconds=345_600, visibility_seconds=30)
    url = f"http://127.0.0.1:4566/000000000000/{name}"
    return ListedQueue(name, url, Reading.READ, NOW - 1, replace(attributes, **more))


def unread(name: str) -> ListedQueue:
    """A queue of which only the name is known."""
    return ListedQueue(name, f"http://127.0.0.1:4566/000000000000/{name}")


def unreadable(name: str, reading: Reading = Reading.DENIED, error: str = "GetQueueAttributes: AccessDenied") -> ListedQueue:
    """A queue whose attributes could not be read."""
    return replace(unread(name), reading=reading, read_at=NOW - 1, error=error)


def listing(queues: Iterable[ListedQueue] = (), **more: Any) -> QueueListing:
    """A listing of these, by name, whose counts and sources are right."""
    rows = tuple(sorted(queues, key=lambda one: one.name))
    sources: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for row in rows:
        if row.attributes and row.attributes.dead_letter_name:
            sources[row.attributes.dead_letter_name] += (row.name,)
    count = sum(row.reading is Reading.UNREAD for row in rows)
    return QueueListing(**{"at": NOW, "queues": rows, "sources": dict(sources), "unread": count, **more})


def shop() -> QueueListing:
    """A few queues of every kind."""
    return listing(
        (
            queue("billing.fifo", 3, 1, encryption="KMS alias/billing"),
            queue("orders", 118, 7, 2, dead_letter_name="orders-dlq", maximum_receives=5),
            queue("orders-dlq", 3, retention_seconds=1_209_600),
            queue("refunds", dead_letter_name="orders-dlq", maximum_receives=3),
            unreadable("payroll"),
            unread("zebra"),
        )
    )


def details(name: str = "orders", **more: Any) -> QueueDetails:
    """A queue in full."""
    attributes = {
        "ApproximateNumberOfMessages": "118",
        "ApproximateNumberOfMessagesNotVisible": "7",
        "ApproximateNumberOfMessagesDelayed": "2",
        "VisibilityTimeout": "90",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "MaximumMessageSize": "262144",
        "CreatedTimestamp": "1772359200",
        "QueueArn": f"arn:aws:sqs:eu-central-1:123456789012:{name}",
        "SqsManagedSseEnabled": "true",
        "RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:orders-dlq", "maxReceiveCount": 5}',
    }
    values: dict[str, Any] = {
        "url": f"https://sqs.eu-central-1.amazonaws.com/123456789012/{name}",
        "reading": Reading.READ,
        "read_at": NOW,
        "attributes": tuple(sorted(attributes.items())),
        "tags": (("cost-centre", "4711"), ("team", "checkout")),
    }
    return QueueDetails(name, **{**values, **more})
