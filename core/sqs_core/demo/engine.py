"""The demo: an embedded emulator, a producer, and consumers whose handlers are slow and fail sometimes."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqs_core.bounded import within
from sqs_core.demo.emulator import Emulator
from sqs_core.demo.observing import Observations, observe
from sqs_core.demo.producer import Producer
from sqs_core.engine import Engine
from sqs_core.errors import describe
from sqs_core.handlers import Handler
from sqs_core.settings import ConnectionSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from sqs_core.demo.scenes import Scene, SceneQueue
    from sqs_core.model import Event, Message
    from sqs_core.settings import ConsumerSettings

_LAST_WORK_SECONDS = 3.0
_LAST_LOOK_SECONDS = 1.0
_LOOK_SECONDS = 0.02


class CustomerUnknownError(Exception):
    """A made-up failure."""


class PaymentTimedOutError(Exception):
    """A made-up failure."""


class DemoEngine(Engine):
    """An engine that brings its own server and takes it away again."""

    def __init__(self, scene: Scene, speed: float, seed: int, on_event: Callable[[Event], None] | None = None) -> None:
        self.scene, self.seed = scene, seed
        self.receive_counts: dict[str, Counter[int]] = {queue.name: Counter() for queue in scene.queues}
        handle = _make_handler(scene, speed, seed, self.receive_counts)
        handlers = [(queue.name, Handler(f"demo:{scene.name}", handle)) for queue in scene.queues]
        super().__init__(ConnectionSettings(), scene.queues[0].settings, handlers, on_event=on_event)
        self.rate_per_second = scene.rate_per_second * speed
        self.emulator = Emulator()
        self.producer: Producer | None = None
        self.observations: Observations = {}
        self._closing = threading.Event()
        self._over = threading.Event()

    def settings_for(self, queue: str) -> ConsumerSettings:
        """Each queue of a scene has its own."""
        return next((each.settings for each in self.scene.queues if each.name == queue), self.settings)

    def ended(self) -> bool:
        """Not before the server was looked at for the last time."""
        return super().ended() and (self._over.is_set() or not self._closing.is_set())

    def start(self) -> None:
        """Start the emulator, make the queues, then consume. Returns at once."""
        self._start_thread("demo", self._set_up)

    def _set_up(self) -> None:
        try:
            self.emulator.start()
            self.connection = replace(self.connection, endpoint_url=self.emulator.endpoint_url)
            self.producer = self._make_queues()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong ends the demo with one line
            for consumer in self.consumers:
                consumer.refuse(describe(error))  # does nothing to those that were told to stop meanwhile
            return
        if not self._closing.is_set():
            self.producer.start()
            super().start()

    def _make_queues(self) -> Producer:
        from sqs_core.client import SET_UP

        client = self.session().client(SET_UP)
        urls = {queue.name: _make_queue(client, queue) for queue in self.scene.queues}
        fifo = next((url for name, url in urls.items() if name.endswith(".fifo")), None)
        first, *others = (url for url in urls.values() if url != fifo)
        copies = tuple(others) if self.scene.copied else ()
        return Producer(client, first, fifo, copies=copies, rate_per_second=self.rate_per_second, seed=self.seed)

    def drain(self, timeout_seconds: float | None = None) -> None:
        """Send no more, let handlers end, then take the server away, so that no long poll is waited for."""
        if self._closing.is_set():
            return
        self._closing.set()
        super().drain(timeout_seconds)
        self._start_thread("demo end", self._end)

    def stop_now(self) -> None:
        """Also takes the server away."""
        self._closing.set()
        self._over.set()
        self.emulator.stop()
        super().stop_now()

    def _end(self) -> None:
        if self.producer is not None:
            self.producer.stop()
        end, pause = time.monotonic() + _LAST_WORK_SECONDS, threading.Event()
        while time.monotonic() < end and any(consumer.holding.size() for consumer in self.consumers):
            pause.wait(_LOOK_SECONDS)
        self._look_back()
        for consumer in self.consumers:
            consumer.holding.server_gone = True
        self.emulator.stop()
        for consumer in self.consumers:
            consumer.holding.forget_everything("the demo's server is gone")
        self._over.set()

    def _look_back(self) -> None:
        if self.producer is None:
            return
        try:
            self.observations = within(_LAST_LOOK_SECONDS, lambda: observe(self.session(), self.snapshot(), self.receive_counts))
        except Exception as error:  # noqa: BLE001 - the demo ends all the same, and its report says so
            self.observations = {"error": describe(error)}

    def close(self) -> None:
        """End the emulator too."""
        if self.producer is not None:
            self.producer.stop()
        self.emulator.stop()
        super().close()


def _make_queue(client: SQSClient, queue: SceneQueue) -> str:
    base, dot, suffix = queue.name.partition(".")
    fifo: dict[str, str] = {"FifoQueue": "true"} if dot else {}
    dead = client.create_queue(QueueName=f"{base}-dlq{dot}{suffix}", Attributes=fifo)["QueueUrl"]  # type: ignore[arg-type]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(queue.maximum_receives)})
    attributes: Any = {"VisibilityTimeout": str(queue.visibility_seconds), "RedrivePolicy": policy, **fifo}
    return client.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]


def _make_handler(scene: Scene, speed: float, seed: int, receive_counts: dict[str, Counter[int]]) -> Callable[[Message], None]:
    dice, lock = random.Random(seed), threading.Lock()

    def handle(message: Message) -> None:
        """Take a while, and fail now and then; a few messages always fail and end in the dead-letter queue."""
        with lock:
            receive_counts[message.queue][message.receive_count] += 1
        order = message.json()
        time.sleep(dice.uniform(0.3, 1.7) * scene.handler_seconds / speed)
        if order.get("amount", 0) and hash((seed, message.message_id)) % 100 < scene.unknown_share * 100:
            raise CustomerUnknownError(f"no customer {order.get('customer')}")
        if dice.random() < scene.failure_share:
            raise PaymentTimedOutError("the payment service did not answer in 2 s")

    return handle
