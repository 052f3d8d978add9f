"""Reads depths and attributes now and then, and the list of queues when somebody looks at it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.errors import RequestError, describe
from sqs_core.events import Code
from sqs_core.model import Level, QueueListing, RunState
from sqs_core.queue_facts import dead_letter_queue, read_facts

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from sqs_core.consumer import QueueConsumer
    from sqs_core.engine import Engine
    from sqs_core.model import Depth

REFRESH_SECONDS = 5.0
MAXIMUM_LISTED = 1000
_ASKED_RECENTLY_SECONDS = 15.0


class QueueWatch:
    """One thread for a whole engine. A denied or failed read leaves the last figure with its time, or none."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._listing = QueueListing(0.0)
        self._asked_at: float | None = None
        self._wake = threading.Event()
        self._urls: dict[str, str] = {}
        self._clients: dict[str, SQSClient] = {}

    def listing(self) -> QueueListing:
        """The newest listing; asking keeps it refreshed for a while."""
        first = self._asked_at is None
        self._asked_at = self._engine.clock.monotonic()
        if first:
            self._wake.set()
        return self._listing

    def forget_clients(self) -> None:
        """Make new clients, with the session's new credentials, when they are next needed."""
        self._clients = {}

    def run(self) -> None:
        """The thread's body."""
        while not self._engine.stopping().is_set():
            self.step()
            self._wake.wait(REFRESH_SECONDS)
            self._wake.clear()

    def step(self) -> None:
        """One round of reads. Never raises."""
        for consumer in self._engine.consumers:
            if consumer.queue is not None and consumer.state not in (RunState.STOPPED, RunState.FAILED):
                self._read(consumer)
        asked = self._asked_at
        if asked is not None and self._engine.clock.monotonic() - asked < _ASKED_RECENTLY_SECONDS:
            self._list()

    def _read(self, consumer: QueueConsumer) -> None:
        assert consumer.queue is not None
        try:
            facts = consumer.queue.facts(self._engine.clock.wall())
        except RequestError as error:
            text = f"attributes cannot be read, the depth shown is the last known: {error}"
            self._engine.events.record(Level.WARNING, Code.ATTRIBUTES_UNREADABLE, consumer.name, text, collapse=error.trouble)
            return
        if facts.dead_letter_name is None and consumer.facts.dead_letter_name is None and facts.depth is None:
            return
        consumer.take_facts(facts)
        if facts.dead_letter_name is not None:
            consumer.dlq = dead_letter_queue(facts, self._dead_letters(facts.dead_letter_name, consumer))

    def _dead_letters(self, name: str, consumer: QueueConsumer) -> int | None:
        try:
            depth = self._depth(self._client(consumer), name)
        except Exception:  # noqa: BLE001 - a dead-letter queue that may not be read is shown without a count
            return None
        return depth.visible if depth else None

    def _client(self, consumer: QueueConsumer | None) -> SQSClient:
        from sqs_core.client import LOOK

        key = consumer.name if consumer else ""
        clients = self._clients
        if key not in clients:
            count = consumer.ledger.request if consumer else None
            clients[key] = self._engine.session().client(LOOK, count)
        return clients[key]

    def _depth(self, look: SQSClient, name: str) -> Depth | None:
        url = self._urls.get(name) or look.get_queue_url(QueueName=name)["QueueUrl"]
        self._urls[name] = url
        answer = look.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        attributes = {str(key): value for key, value in answer.get("Attributes", {}).items()}
        return read_facts(attributes, self._engine.clock.wall()).depth

    def _list(self) -> None:
        now = self._engine.clock.wall()
        try:
            look = self._client(None)
            names = self._names(look)
            rows: list[tuple[str, Depth | None]] = []
            for name in names:
                try:
                    rows.append((name, self._depth(look, name)))
                except Exception:  # noqa: BLE001 - a queue that may not be read is listed without figures
                    rows.append((name, None))
            more = f"only the first {MAXIMUM_LISTED} queues are listed" if len(names) == MAXIMUM_LISTED else None
            self._listing = QueueListing(now, tuple(rows), more)
        except Exception as error:  # noqa: BLE001 - shown instead of the list
            self._engine.say_unreachable(error)
            self._listing = replace(self._listing, at=now, error=describe(error))

    def _names(self, look: SQSClient) -> list[str]:
        urls = look.list_queues(MaxResults=MAXIMUM_LISTED).get("QueueUrls") or []
        names = {str(url).rstrip("/").rpartition("/")[2]: str(url) for url in urls}
        self._urls.update(names)
        return sorted(names)
