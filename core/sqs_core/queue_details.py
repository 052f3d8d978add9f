"""Reads queues for who looks at them: the names of all, and one in full. Nothing here writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqs_core.answers import call, reading
from sqs_core.errors import ConfigurationError, RequestError, describe
from sqs_core.queue_facts import MISSING_QUEUE, fetch_attributes, resolve_queue
from sqs_core.queue_listing import QueueDetails, Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_sqs import SQSClient

    from sqs_core.settings import QueueReference

MAXIMUM_LISTED = 10_000
_PAGE = 1000
_MOST_PAGES = 20
_DENIED = re.compile("AccessDenied|NotAuthorized")
"""Of the queue alone; keys that have expired, or a clock that is wrong, are trouble with all of them."""


def list_urls(look: SQSClient, prefix: str) -> tuple[dict[str, str], bool]:
    """Name → URL of the queues whose names start with `prefix`, by name, and whether there are more than are listed.

    At most 10,000 queues, in 10 requests where the server fills its pages and never more than 20. Raises `RequestError`.
    """
    urls: dict[str, str] = {}
    asked: dict[str, Any] = {"MaxResults": _PAGE, **({"QueueNamePrefix": prefix} if prefix else {})}
    token = None
    for _ in range(_MOST_PAGES):
        page = asked | ({"NextToken": token} if token else {})
        answer = call("ListQueues", lambda page=page: look.list_queues(**page))  # type: ignore[misc]
        before = len(urls)
        with reading("ListQueues"):
            urls.update((url.rstrip("/").rpartition("/")[2], url) for url in answer.get("QueueUrls") or [])
        token = answer.get("NextToken")
        if not token or len(urls) == before or len(urls) >= MAXIMUM_LISTED:
            break
    return dict(sorted(urls.items())[:MAXIMUM_LISTED]), bool(token) or len(urls) > MAXIMUM_LISTED


def find_urls(
    look: SQSClient, references: Iterable[QueueReference], known: Mapping[str, str], region: str
) -> tuple[dict[str, str], str | None]:
    """Name → URL of these queues, by name, and what is wrong with the last one that is not there or may not be looked for.

    SQS is asked for those that are not `known`, one request each. Raises `RequestError` for trouble that is not of one queue.
    """
    urls: dict[str, str] = {}
    missing = None
    for reference in references:
        try:
            urls[reference.name] = known.get(reference.name) or resolve_queue(reference, look, region)
        except ConfigurationError as error:
            missing = str(error)
        except RequestError as error:
            if outcome(error) is not Reading.DENIED:
                raise
            missing = f"queue {reference.given!r}: {describe(error)}"
    return dict(sorted(urls.items())), missing


def outcome(error: BaseException) -> Reading:
    """What a read that failed says of its queue."""
    if isinstance(error, RequestError) and error.code in MISSING_QUEUE:
        return Reading.GONE
    code = isinstance(error, RequestError) and error.code
    return Reading.DENIED if code and _DENIED.search(code) else Reading.FAILED


def read_details(look: SQSClient, name: str, url: str | None, known_sources: Sequence[str], now: float) -> QueueDetails:
    """A queue's attributes, sources and tags; three requests, one more without its URL. What cannot be read is told.

    `known_sources` stand in for those that SQS does not list. Raises `RequestError` when the attributes cannot be read.
    """
    if url is None:
        url = str(call("GetQueueUrl", lambda: look.get_queue_url(QueueName=name)).get("QueueUrl"))
    attributes = fetch_attributes(look, url)
    sources, more, sources_error = _sources(look, url)
    tags, tags_error = _tags(look, url)
    return QueueDetails(
        name,
        url,
        Reading.READ,
        now,
        attributes=tuple(sorted((str(key), str(value)) for key, value in attributes.items())),
        sources=tuple(known_sources) if sources_error else sources,
        sources_error=sources_error,
        more_sources=more,
        tags=tags,
        tags_error=tags_error,
    )


def _sources(look: SQSClient, url: str) -> tuple[tuple[str, ...], bool, str | None]:
    operation = "ListDeadLetterSourceQueues"
    try:
        answer = call(operation, lambda: look.list_dead_letter_source_queues(QueueUrl=url, MaxResults=_PAGE))
        with reading(operation):
            names = tuple(sorted(source.rstrip("/").rpartition("/")[2] for source in answer.get("queueUrls") or []))
    except RequestError as error:
        return (), False, str(error)
    return names, bool(answer.get("NextToken")), None


def _tags(look: SQSClient, url: str) -> tuple[tuple[tuple[str, str], ...] | None, str | None]:
    try:
        answer = call("ListQueueTags", lambda: look.list_queue_tags(QueueUrl=url))
        with reading("ListQueueTags"):
            return tuple(sorted((str(name), str(value)) for name, value in (answer.get("Tags") or {}).items())), None
    except RequestError as error:
        return None, str(error)
