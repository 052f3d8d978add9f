"""What a scene acts on: servers, queues, producer, proxy, consumers, and the line that says what just happened."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqs_core.demo.chaos import ChaosProxy
from sqs_core.demo.emulator import Emulator
from sqs_core.demo.faults import Faults
from sqs_core.demo.load_desk import LoadDesk
from sqs_core.demo.orders import Deliveries, handle_order
from sqs_core.demo.producer import Producer
from sqs_core.demo.telling import Teller
from sqs_core.errors import ConfigurationError, describe
from sqs_core.settings import ConnectionSettings, parse_queue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from sqs_core.consumer import QueueConsumer
    from sqs_core.demo.engine import DemoEngine
    from sqs_core.demo.scene import Load, SceneQueue
    from sqs_core.model import ConsumerSnapshot, Depth, Message


class Stage:
    """Everything may be used from any thread. What a scene starts besides goes into `resources`, which end with the scene.

    `unattended` says that nobody is there to press keys. `acted` counts the actions done, by id.
    """

    def __init__(self, engine: DemoEngine, load: Load, speed: float, seed: int, emulator: Emulator | None, *, unattended: bool):
        self.engine, self.speed, self.seed, self.unattended = engine, speed, seed, unattended
        self.load = load
        self.emulator = emulator or Emulator()
        self._owns_emulator = emulator is None
        self.acted: Counter[str] = Counter()
        self.deliveries: dict[str, Deliveries] = {}
        self.urls: dict[str, str] = {}
        self.resources = ExitStack()
        self.teller = Teller()
        self.faults, self.desk = Faults(self), LoadDesk(self)
        self._lock = threading.RLock()
        self._clients: dict[frozenset[str], SQSClient] = {}
        self._proxy: ChaosProxy | None = None
        self._producer: Producer | None = None

    @property
    def proxy(self) -> ChaosProxy:
        """Between the engine and the emulator, all the time; it also counts what was asked."""
        if self._proxy is None:
            raise ConfigurationError("the scene has not begun yet")
        return self._proxy

    @property
    def producer(self) -> Producer:
        """Who sends the orders."""
        if self._producer is None:
            raise ConfigurationError("the scene has not begun yet")
        return self._producer

    @property
    def begun(self) -> bool:
        """Whether there are servers, queues and a producer."""
        return self._producer is not None

    def open_servers(self) -> str:
        """Start the emulator and the proxy before it; the endpoint to use."""
        if self._owns_emulator:
            self.resources.callback(self.emulator.stop)
            self.emulator.start()
        self._proxy = ChaosProxy(self.emulator.endpoint_url, seed=self.seed)
        self.resources.enter_context(self._proxy)
        if self._owns_emulator:
            # It ends before the proxy does: consumers that see their polls cut may be the last that this process waits for.
            self.resources.callback(self.emulator.stop)
        return self._proxy.url

    def make_queues(self, queues: tuple[SceneQueue, ...]) -> None:
        """Make the queues and the producer that fills them."""
        client = self.client("CreateQueue", "GetQueueAttributes", "SendMessageBatch")
        for queue in queues:
            self.urls[queue.name] = _make_queue(client, queue, self.whole_seconds(queue.visibility_seconds))
        fifo = next((url for name, url in self.urls.items() if name.endswith(".fifo")), None)
        standard = [url for name, url in self.urls.items() if not name.endswith(".fifo")]
        first, *others = standard or [fifo or ""]
        copies = tuple(others) if self.load.copied else ()
        self._producer = Producer(
            client, first, fifo, copies=copies, rate_per_second=self.load.rate_per_second * self.speed, seed=self.seed,
            groups=self.load.groups,
        )  # fmt: skip

    def close(self) -> None:
        """End the producer and every server. Takes 3 s at most; a second call does nothing."""
        if self._producer is not None:
            self._producer.stop()
        with self._lock:
            self.resources.close()

    def seconds(self, seconds: float) -> float:
        """A scene's time in real seconds."""
        return seconds / self.speed

    def whole_seconds(self, seconds: float) -> int:
        """The same as SQS takes it: whole, and at least 1."""
        return max(1, round(seconds / self.speed))

    def say(self, text: str) -> None:
        """Tell the audience what just happened; the depths on the screen are those of that moment."""
        self.teller.say(text)
        self.engine.look_at_queues()

    def act(self, action: str) -> None:
        """Do what a key of the scene does; returns at once. Errors are told."""
        threading.Thread(target=self._act, args=(action,), name="scene action", daemon=True).start()

    def _act(self, action: str) -> None:
        try:
            self.say(self.engine.scene.act(action))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told and the scene goes on
            self.say(f"{action} did not work: {describe(error)}")
        else:
            self.acted[action] += 1

    def change_load(self, **changed: Any) -> None:
        """Other figures of `Load` from now on, such as `rate_per_second=50` or `failure_share=0.5`."""
        load = replace(self.load, **changed)
        if self._producer is not None:
            self._producer.rate_per_second = load.rate_per_second * self.speed
            self._producer.groups = load.groups
        self.load = load

    def change_settings(self, queue: str, **changed: Any) -> None:
        """Other settings of `ConsumerSettings` for one queue's client, such as `read_timeout_seconds=30`, while it runs."""
        consumer = self.consumer(queue)
        consumer.settings = replace(consumer.settings, **changed)
        consumer.renew_clients(self.engine.session())

    def find_credentials_anew(self, **changed: Any) -> None:
        """As a new process would; `changed` are other figures of `ConnectionSettings`. May ask the network."""
        engine = self.engine
        engine.connection = replace(engine.connection, **changed)
        engine.forget_session()
        engine.change_session(engine.session())

    def consumer(self, queue: str) -> QueueConsumer:
        """The consumer of a queue."""
        return next(each for each in self.engine.consumers if each.name == queue)

    def seen(self, queue: str) -> ConsumerSnapshot:
        """What a queue's consumer shows now."""
        return next(each for each in self.engine.snapshot().consumers if each.queue == queue)

    def delivered(self, queue: str) -> Deliveries:
        """What the handlers saw of a queue."""
        return self.deliveries.setdefault(queue, Deliveries())

    def depth(self, queue: str) -> Depth:
        """What the server counts in a queue now, asked past the proxy; raises what the SDK raises."""
        from sqs_core.queue_facts import fetch_attributes, read_facts

        depth = read_facts(fetch_attributes(self.client("GetQueueAttributes"), self.url(queue)), 0.0).depth
        if depth is None:
            raise ConfigurationError(f"{queue} has no counts")
        return depth

    def dead_letters(self, queue: str) -> int:
        """How many messages the server has in a queue's dead-letter queue now."""
        depth = self.depth(dead_letter_name(queue))
        return depth.visible + depth.in_flight + depth.delayed

    def put_back(self, queue: str) -> int:
        """Move all dead letters of a queue back to it, as a redrive does; how many were moved."""
        from sqs_core.move_report import MoveOptions, State
        from sqs_core.move_targets import find_targets
        from sqs_core.mover import Mover
        from sqs_core.peek import find_place
        from sqs_core.selecting import Selection

        session = self.engine.session()
        source = find_place(session, parse_queue(dead_letter_name(queue)))
        options = MoveOptions(backup=False)
        mover = Mover(session, source, find_targets(session, source, queue), Selection(None), options, threading.Event())
        return mover.run(lambda _: True).count(State.MOVED)

    def url(self, queue: str) -> str:
        """The URL of a queue of this scene, or of its dead-letter queue."""
        if queue in self.urls:
            return self.urls[queue]
        return next(url.rpartition("/")[0] + f"/{queue}" for name, url in self.urls.items() if dead_letter_name(name) == queue)

    def client(self, *operations: str) -> SQSClient:
        """A client past the proxy, with the emulator's dummy keys, that may ask for these operations; closed with the scene."""
        from sqs_core.client import AwsSession, ClientProfile

        allowed = frozenset(operations)
        with self._lock:
            if allowed not in self._clients:
                region = self.engine.connection.region
                session = AwsSession(ConnectionSettings(endpoint_url=self.emulator.endpoint_url, region=region))
                client = session.client(ClientProfile("scene", 10.0, 1, allowed))
                self.resources.callback(client.close)
                self._clients[allowed] = client
            return self._clients[allowed]

    def handle_order(self, message: Message) -> None:
        """The usual handler."""
        handle_order(message, self.load, self.speed, self.seed)

    def handle(self, message: Message) -> None:
        """The scene's handler, with what it did remembered."""
        deliveries = self.delivered(message.queue)
        deliveries.began(message)
        self.teller.handler_began(message)
        started, well = time.monotonic(), False
        try:
            self.engine.scene.handle(message)
            well = True
        finally:
            seconds = time.monotonic() - started
            deliveries.ended(message, seconds, well=well)
            self.teller.handler_ended(message, seconds)


def dead_letter_name(queue: str) -> str:
    """What a scene's queue calls its dead-letter queue."""
    base, dot, suffix = queue.partition(".")
    return f"{base}-dlq{dot}{suffix}"


def _make_queue(client: SQSClient, queue: SceneQueue, visibility_seconds: int) -> str:
    fifo: dict[str, str] = {"FifoQueue": "true"} if queue.name.endswith(".fifo") else {}
    dead = client.create_queue(QueueName=dead_letter_name(queue.name), Attributes=fifo)["QueueUrl"]  # type: ignore[arg-type]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(queue.maximum_receives)})
    attributes: Any = {"VisibilityTimeout": str(visibility_seconds), "RedrivePolicy": policy, **fifo}
    return client.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]
