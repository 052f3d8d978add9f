"""Reads depths and attributes of the consumed queues now and then."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqs_core.errors import RequestError
from sqs_core.events import Code
from sqs_core.model import Level, RunState
from sqs_core.queue_facts import dead_letter_queue, read_facts

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from sqs_core.consumer import QueueConsumer
    from sqs_core.engine import Engine
    from sqs_core.model import Depth

REFRESH_SECONDS = 5.0


class QueueWatch:
    """One thread for a whole engine. A denied or failed read leaves the last figure with its time, or none."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._due = threading.Event()
        self._urls: dict[str, str] = {}
        self._clients: dict[str, SQSClient] = {}

    def forget_clients(self) -> None:
        """Make new clients, with the session's new credentials, when they are next needed."""
        self._clients = {}

    def wake(self) -> None:
        """Read now, or end where the engine stops; returns at once."""
        self._due.set()

    def run(self) -> None:
        """The thread's body."""
        while not self._engine.stopping().is_set():
            self.step()
            self._due.wait(REFRESH_SECONDS)
            self._due.clear()

    def step(self) -> None:
        """One round of reads. Never raises."""
        for consumer in self._engine.consumers:
            if consumer.queue is not None and consumer.state not in (RunState.STOPPED, RunState.FAILED):
                self._read(consumer)

    def _read(self, consumer: QueueConsumer) -> None:
        assert consumer.queue is not None
        try:
            facts = consumer.queue.facts(self._engine.clock.wall())
        except RequestError as error:
            text = f"{error}; the depth shown is the last known"
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

    def _client(self, consumer: QueueConsumer) -> SQSClient:
        from sqs_core.client import LOOK

        clients = self._clients
        if consumer.name not in clients:
            clients[consumer.name] = self._engine.session().client(LOOK, consumer.ledger.request)
        return clients[consumer.name]

    def _depth(self, look: SQSClient, name: str) -> Depth | None:
        url = self._urls.get(name) or look.get_queue_url(QueueName=name)["QueueUrl"]
        self._urls[name] = url
        answer = look.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        attributes = {str(key): value for key, value in answer.get("Attributes", {}).items()}
        return read_facts(attributes, self._engine.clock.wall()).depth
