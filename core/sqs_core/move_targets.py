"""Where the messages of a queue go: a queue that was named, else the one that each of them came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.answers import call
from sqs_core.elsewhere import session_of
from sqs_core.errors import ConfigurationError, RequestError
from sqs_core.putting import find_target
from sqs_core.queue_facts import fetch_facts, looking_client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_sqs import SQSClient

    from sqs_core.client import AwsSession
    from sqs_core.message import Message
    from sqs_core.peek import Place
    from sqs_core.putting import Target

MOST_QUEUES_READ = 1000
_SOURCE_ARN = "DeadLetterQueueSourceArn"
_UNKNOWN_OPERATION = frozenset({"InvalidAction", "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"})


class Targets:
    """Where messages of a source go: one queue that was named, else the queue each of them came from.

    `session` is that of the queue that was named, where it is at another endpoint.
    """

    def __init__(self, named: Target | None, sources: Mapping[str, Target], session: AwsSession | None = None) -> None:
        self._named, self._sources, self.session = named, sources, session

    def of(self, message: Message) -> tuple[Target | None, str]:
        """The target, or why there is none."""
        if self._named is not None:
            return self._named, ""
        came_from = message.system.get(_SOURCE_ARN, "").rpartition(":")[2]
        if came_from in self._sources:
            return self._sources[came_from], ""
        if came_from:
            return None, f"{came_from}, where it came from, has another dead-letter queue now; say where to with --to"
        if len(self._sources) == 1:
            return next(iter(self._sources.values())), ""
        return None, "which queue it came from is not known; say where to with --to"

    @property
    def note(self) -> str:
        """Where that queue is, if it is elsewhere."""
        return f"{' '.join(self.names)} is at {self.session.service_url()}" if self.session else ""

    @property
    def names(self) -> list[str]:
        """The names, sorted."""
        return [self._named.name] if self._named else sorted(self._sources)


def find_targets(session: AwsSession, source: Place, to: str | None) -> Targets:
    """Raises `ConfigurationError` where messages would go in a circle, or nobody knows where to."""
    if to is not None:
        there = session_of(to, session, lambda: session)
        target = find_target(there, to)
        if there is session and target.url == source.url:
            raise ConfigurationError(f"--to {to!r} is the queue that messages are taken from: name another")
        return Targets(target, {}, None if there is session else there)
    with looking_client(session) as client:
        names = sorted(set(_sources(client, source)))
    if not names:
        raise ConfigurationError(f"no queue names {source.name} as its dead-letter queue: say where to with --to QUEUE")
    return Targets(None, {name: find_target(session, name) for name in names})


def _sources(client: SQSClient, source: Place) -> Iterator[str]:
    """The names of the queues whose dead letters come here. An emulator that cannot tell is asked for every queue's policy."""
    try:
        answer = call("ListDeadLetterSourceQueues", lambda: client.list_dead_letter_source_queues(QueueUrl=source.url))
    except RequestError as error:
        if error.code not in _UNKNOWN_OPERATION:
            raise
    else:
        yield from (_name(url) for url in answer.get("queueUrls") or ())
        return
    listed = call("ListQueues", lambda: client.list_queues(MaxResults=MOST_QUEUES_READ))
    for url in listed.get("QueueUrls") or ():
        if fetch_facts(client, str(url), 0.0).dead_letter_name == source.name:
            yield _name(url)


def _name(url: object) -> str:
    return str(url).rstrip("/").rpartition("/")[2]
