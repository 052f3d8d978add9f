"""The demo: an embedded emulator, a producer, and consumers whose handlers are slow and fail sometimes."""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqs_core.demo.emulator import Emulator
from sqs_core.demo.producer import Producer
from sqs_core.engine import Engine
from sqs_core.errors import describe
from sqs_core.handlers import Handler
from sqs_core.settings import ConnectionSettings, ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from sqs_core.model import Event, Message

QUEUE, FIFO_QUEUE = "orders", "payments.fifo"
MAXIMUM_RECEIVES = 3
_VISIBILITY_SECONDS = 10
_LAST_WORK_SECONDS, _DRAIN_SECONDS = 3.0, 4.5
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Scene:
    """What a demo shows. Times are divided and rates multiplied by `--speed`."""

    name: str
    summary: str
    rate_per_second: float = 12.0
    handler_seconds: float = 0.35
    failure_share: float = 0.08
    workers: int = 8


SCENES = {scene.name: scene for scene in (Scene("steady", "all well: a steady producer, slow handlers, now and then a failure"),)}


class CustomerUnknownError(Exception):
    """A made-up failure."""


class PaymentTimedOutError(Exception):
    """A made-up failure."""


class DemoEngine(Engine):
    """An engine that brings its own server and takes it away again."""

    def __init__(self, scene: Scene, speed: float, seed: int, on_event: Callable[[Event], None] | None = None) -> None:
        settings = ConsumerSettings(workers=scene.workers, drain_timeout_seconds=_DRAIN_SECONDS)
        handler = Handler(f"demo:{scene.name}", _make_handler(scene, speed, seed))
        super().__init__(ConnectionSettings(), settings, [(QUEUE, handler), (FIFO_QUEUE, handler)], on_event=on_event)
        self.scene, self.seed = scene, seed
        self.rate_per_second = scene.rate_per_second * speed
        self.emulator = Emulator()
        self.producer: Producer | None = None
        self._closing = threading.Event()

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
        standard, fifo = (_make_queue(client, name) for name in (QUEUE, FIFO_QUEUE))
        return Producer(client, standard, fifo, rate_per_second=self.rate_per_second, seed=self.seed)

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
        self.emulator.stop()
        super().stop_now()

    def _end(self) -> None:
        if self.producer is not None:
            self.producer.stop()
        end, pause = time.monotonic() + _LAST_WORK_SECONDS, threading.Event()
        while time.monotonic() < end and any(consumer.holding.size() for consumer in self.consumers):
            pause.wait(_LOOK_SECONDS)
        self.emulator.stop()
        for consumer in self.consumers:
            consumer.holding.forget_everything("the demo's server is gone")

    def close(self) -> None:
        """End the emulator too."""
        if self.producer is not None:
            self.producer.stop()
        self.emulator.stop()
        super().close()


def _make_queue(client: SQSClient, name: str) -> str:
    base, dot, suffix = name.partition(".")
    fifo: dict[str, str] = {"FifoQueue": "true"} if dot else {}
    dead = client.create_queue(QueueName=f"{base}-dlq{dot}{suffix}", Attributes=fifo)["QueueUrl"]  # type: ignore[arg-type]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(MAXIMUM_RECEIVES)})
    attributes: Any = {"VisibilityTimeout": str(_VISIBILITY_SECONDS), "RedrivePolicy": policy, **fifo}
    return client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def _make_handler(scene: Scene, speed: float, seed: int) -> Callable[[Message], None]:
    dice = random.Random(seed)

    def handle(message: Message) -> None:
        """Take a while, and fail now and then; a few messages always fail and end in the dead-letter queue."""
        order = message.json()
        time.sleep(dice.uniform(0.3, 1.7) * scene.handler_seconds / speed)
        if order.get("amount", 0) and hash((seed, message.message_id)) % 100 < 2:
            raise CustomerUnknownError(f"no customer {order.get('customer')}")
        if dice.random() < scene.failure_share:
            raise PaymentTimedOutError("the payment service did not answer in 2 s")

    return handle
