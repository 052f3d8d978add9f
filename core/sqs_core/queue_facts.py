"""What a queue says of itself: its URL, and its attributes as far as they could be read."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqs_core.answers import call
from sqs_core.client import LOOK
from sqs_core.errors import ConfigurationError, ProtocolError, RequestError, Trouble, UnreachableError, unreachable
from sqs_core.model import DeadLetterQueue, Depth
from sqs_core.settings import is_local_host, is_service_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_sqs import SQSClient

    from sqs_core.client import AwsSession
    from sqs_core.settings import QueueReference

_REGION = re.compile(r"[a-z]{2,3}(-[a-z]+){1,2}-\d\Z")
_BEYOND_COUNTS = 2**63
MISSING_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidAddress"})


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """A queue's attributes as far as they could be read; None where unknown."""

    visibility_seconds: int | None = None
    depth: Depth | None = None
    dead_letter_name: str | None = None
    maximum_receives: int | None = None
    dead_letter_account: str | None = None


@contextmanager
def looking_client(session: AwsSession) -> Iterator[SQSClient]:
    """A client that looks and changes nothing, for the block.

    Raises `UnreachableError`, which says where and what to do, for a request that nobody answered, else the `RequestError`.
    """
    client = session.client(LOOK)
    try:
        yield client
    except RequestError as error:
        if error.trouble is not Trouble.TRANSPORT:
            raise
        local = not session.connection.environment.deployed
        raise UnreachableError(unreachable(error, session.service_url(), local=local)) from error
    finally:
        client.close()


def resolve_queue(reference: QueueReference, look: SQSClient, region: str) -> str:
    """The queue's URL at this endpoint. Raises `ConfigurationError` when there is no such queue, `RequestError` otherwise."""
    if reference.region and reference.region != region:
        raise ConfigurationError(
            f"queue {reference.given!r} is in {reference.region}, this session in {region}: pass --region {reference.region}"
        )
    check_place(reference, str(look.meta.endpoint_url), region)
    owner: dict[str, Any] = {"QueueOwnerAWSAccountId": reference.account} if reference.account else {}
    try:
        answer = call("GetQueueUrl", lambda: look.get_queue_url(QueueName=reference.name, **owner))
    except RequestError as error:
        if error.code in MISSING_QUEUE:
            raise ConfigurationError(
                f"queue {reference.given!r} does not exist at {look.meta.endpoint_url} ({region}): "
                "check its name, --region and --endpoint-url"
            ) from error
        raise
    url = answer.get("QueueUrl")
    if not url:
        raise RequestError("GetQueueUrl", ProtocolError("the answer has no QueueUrl"))
    return str(url)


def check_place(reference: QueueReference, endpoint_url: str, region: str) -> None:
    """Refuse a queue URL of another server: only its name would be looked for, at the endpoint in use."""
    if reference.url is None:
        return
    theirs, ours = (urlsplit(url).hostname or "" for url in (reference.url, endpoint_url))
    if theirs == ours or (is_local_host(theirs) and is_local_host(ours)):
        return
    if not (is_service_host(theirs) and is_service_host(ours)):
        raise ConfigurationError(
            f"queue {reference.given!r} is not at this endpoint ({endpoint_url}): pass --endpoint-url, or the queue's name alone"
        )
    named = next((part for part in theirs.split(".") if _REGION.match(part)), None)
    if named is not None and named != region:
        raise ConfigurationError(f"queue {reference.given!r} is in {named}, this session in {region}: pass --region {named}")


def fetch_facts(look: SQSClient, url: str, now: float) -> QueueFacts:
    """Read a queue's attributes. Raises `RequestError`."""
    return read_facts(fetch_attributes(look, url), now)


def fetch_attributes(look: SQSClient, url: str) -> Mapping[str, str]:
    """A queue's attributes as SQS names them. Raises `RequestError`."""
    answer = call("GetQueueAttributes", lambda: look.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))
    attributes: Mapping[str, str] = answer.get("Attributes") or {}
    if not attributes:
        raise RequestError("GetQueueAttributes", ProtocolError("the answer names no attributes"))
    return attributes


def read_facts(attributes: Mapping[str, str], now: float) -> QueueFacts:
    """Facts from SQS's attribute map; values that are missing or no numbers are None."""
    counts = [whole(attributes.get(f"ApproximateNumberOfMessages{suffix}")) for suffix in ("", "NotVisible", "Delayed")]
    visible, in_flight, delayed = counts
    known = visible is not None and in_flight is not None and delayed is not None
    oldest = whole(attributes.get("ApproximateAgeOfOldestMessage"))
    depth = Depth(visible or 0, in_flight or 0, delayed or 0, oldest, now) if known else None
    name, account, maximum = _redrive(attributes.get("RedrivePolicy"))
    return QueueFacts(whole(attributes.get("VisibilityTimeout")), depth, name, maximum, account)


def dead_letter_queue(facts: QueueFacts, visible: int | None) -> DeadLetterQueue | None:
    """The snapshot's view of the redrive policy, or None where there is none."""
    if facts.dead_letter_name is None or facts.maximum_receives is None:
        return None
    return DeadLetterQueue(facts.dead_letter_name, visible, facts.maximum_receives)


def _redrive(policy: str | None) -> tuple[str | None, str | None, int | None]:
    """Name and account of the dead-letter queue, and the most receives."""
    try:
        parsed = json.loads(policy or "{}")
        arn, maximum = str(parsed["deadLetterTargetArn"]).split(":"), whole(parsed["maxReceiveCount"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, None, None
    return arn[-1], arn[4] if len(arn) == 6 and arn[4].isdigit() else None, maximum


def whole(text: object) -> int | None:
    """The number a text is, None for anything that is no count: not a number, negative, or beyond 64 bits."""
    try:
        number = int(text)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < _BEYOND_COUNTS else None
