"""The demo: an engine that plays a scene, with the scene's own server."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.bounded import within
from sqs_core.demo.observing import Observations, observe
from sqs_core.demo.stage import Stage
from sqs_core.engine import Engine
from sqs_core.errors import describe
from sqs_core.handlers import Handler
from sqs_core.model import RunState
from sqs_core.settings import parse_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.consumer import QueueConsumer
    from sqs_core.demo.emulator import Emulator
    from sqs_core.demo.scene import Finding, Pause, Scene
    from sqs_core.model import Event

_LAST_WORK_SECONDS = 3.0
_LAST_LOOK_SECONDS = 10.0
_LOOK_SECONDS = 0.02
_STORY_SECONDS = 0.1


class DemoEngine(Engine):
    """An engine that brings its own server and takes it away again.

    With an `emulator` that runs already it uses that one and leaves it; a `region` of its own then keeps its queues apart.
    `told` is set once the scene's story is over; `unattended`, its `findings` are judged as the demo ends.
    """

    def __init__(
        self,
        scene: type[Scene],
        speed: float = 1.0,
        seed: int = 1,
        on_event: Callable[[Event], None] | None = None,
        *,
        unattended: bool = False,
        emulator: Emulator | None = None,
        region: str | None = None,
    ) -> None:
        self.stage = Stage(self, scene.load, speed, seed, emulator, unattended=unattended)
        self.scene = scene(self.stage)
        self.observations: Observations = {}
        self.findings: list[Finding] = []
        self.told = threading.Event()
        self._closing = threading.Event()
        self._over = threading.Event()
        self._pass_on = on_event
        handler = Handler(f"demo:{scene.name}", self.stage.handle)
        connection = self.scene.connection()
        super().__init__(
            replace(connection, region=region or connection.region),
            scene.queues[0].settings,
            [(queue.name, handler) for queue in scene.queues if queue.consumed],
            on_event=self._hear,
        )

    @property
    def rate_per_second(self) -> float:
        """What the producer sends now, or is going to."""
        return self.stage.load.rate_per_second * self.stage.speed

    @property
    def endpoint(self) -> str:
        """The scene's own, also while there is none yet."""
        known = self.connection.endpoint_url or self.known_session()
        return super().endpoint if known else "the demo's emulator"

    def make_consumer(self, queue: str, handler: Handler) -> QueueConsumer:
        """Each queue of a scene has its own settings, and may have a consumer of another kind."""
        known = next((each for each in self.scene.queues if each.name == queue), None)
        if known is None:
            return super().make_consumer(queue, handler)
        return known.kind(parse_queue(queue), handler, self.scene.settings(known), self.events, self.clock)

    def ended(self) -> bool:
        """Not before the server was looked at for the last time."""
        return super().ended() and (self._over.is_set() or not self._closing.is_set())

    def start(self) -> None:
        """Start the emulator, make the queues, then consume. Returns at once."""
        self._start_thread("demo", self._set_up)

    def _hear(self, event: Event) -> None:
        self.stage.teller.heard(event)
        pass_on = self._pass_on
        if pass_on is not None:
            pass_on(event)

    def _set_up(self) -> None:
        try:
            self.connection = self.scene.connected(replace(self.connection, endpoint_url=self.stage.open_servers()))
            self.stage.make_queues(self.scene.queues)
            self.scene.set_up()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong ends the demo with one line
            for consumer in self.consumers:
                consumer.refuse(describe(error))  # does nothing to those that were told to stop meanwhile
            self.stage.close()
            return
        if self._closing.is_set():
            self.stage.close()
            return
        self.stage.producer.start()
        super().start()
        self.stage.say(f"it begins: {self.scene.summary}")
        self._start_thread("story", self._tell)

    def _tell(self) -> None:
        """The story, step by step, until it or the demo is over."""
        try:
            for pause in self.scene.story():
                self._wait(pause)
                if self._closing.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - the consumers go on, and the audience is told why nothing else happens
            self.stage.say(f"the scene cannot go on: {describe(error)}")
        self.told.set()

    def _wait(self, pause: Pause) -> None:
        if callable(pause):
            while not self._closing.is_set() and not pause():
                self._closing.wait(_STORY_SECONDS / max(1.0, self.stage.speed))
        else:
            self._closing.wait(self.stage.seconds(pause))

    def drain(self, timeout_seconds: float | None = None) -> None:
        """Send no more, let handlers end, then take the server away, so that no long poll is waited for."""
        if self._closing.is_set():
            return
        self._closing.set()
        super().drain(timeout_seconds)
        self._start_thread("demo end", self._end)

    def drain_deadline_seconds(self) -> float | None:
        """Of the demo's own end; a scene that drains a consumer does not end it."""
        return super().drain_deadline_seconds() if self._closing.is_set() else None

    def state(self) -> RunState:
        """As any engine's; a consumer that a scene drains is only its own word."""
        state = super().state()
        return RunState.RUNNING if state is RunState.DRAINING and not self._closing.is_set() else state

    def stop_now(self) -> None:
        """Also takes the server away."""
        self._closing.set()
        self._over.set()
        for consumer in self.consumers:
            consumer.holding.server_gone = True
        self.stage.close()
        super().stop_now()

    def take_away(self) -> None:
        """Stop at once and end everything, and tell nobody: the cut was wanted. Takes some seconds at most."""
        self._pass_on = None
        self.stop_now()
        self.close()

    def _end(self) -> None:
        if self.stage.begun:
            self.stage.producer.stop()
        end, pause = time.monotonic() + _LAST_WORK_SECONDS, threading.Event()
        while time.monotonic() < end and any(consumer.holding.size() for consumer in self.consumers):
            pause.wait(_LOOK_SECONDS)
        self._look_back()
        for consumer in self.consumers:
            consumer.holding.server_gone = True
        self.stage.close()
        for consumer in self.consumers:
            consumer.holding.forget_everything("the demo's server is gone")
        self._over.set()

    def _look_back(self) -> None:
        """Only where nobody is at the keys: they would have to wait for it."""
        if not self.stage.begun or not self.stage.unattended:
            return
        counts = {queue: deliveries.receive_counts for queue, deliveries in self.stage.deliveries.items()}
        try:
            self.findings, self.observations = within(
                _LAST_LOOK_SECONDS, lambda: (self.scene.observed(), observe(self.session(), self.snapshot(), counts))
            )
        except Exception as error:  # noqa: BLE001 - the demo ends all the same, and its report says so
            self.observations = {"error": describe(error)}

    def close(self) -> None:
        """End the servers too."""
        self._closing.set()
        self.stage.close()
        super().close()
