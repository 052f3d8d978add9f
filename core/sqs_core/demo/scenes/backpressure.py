"""Ten times the load, a pool that is too small for it, and one that sizes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.autoscale import Autoscaler, Pace
from sqs_core.demo.accounting import account
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.events import Code
from sqs_core.model import PoolName
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause

_QUEUE = "orders"
_FEW, _MANY = 2, 24
_SETTINGS = ConsumerSettings(workers=_FEW, pollers=2, drain_timeout_seconds=DRAIN_SECONDS)
_RATE_PER_SECOND, _TIMES = 3.0, 10
_DEEP, _SHALLOW = 60, 20
_MOST_PREFETCHED = 10
_LOOK_SECONDS, _GROW_SECONDS, _SHRINK_SECONDS, _REST_SECONDS = 0.25, 2.0, 10.0, 60.0
"""Of the autoscaler, shorter than a consumer's own: nobody wants to watch half a minute of calm."""


class Backpressure(Scene):
    """Two workers do five orders a second; then thirty come."""

    name = "backpressure"
    summary = "ten times the orders: they wait in SQS, not in the consumer; then the pool grows"
    teaches = "a consumer takes no more than its workers soon get to: what waits in SQS is safe, and others can take it"
    watch = "N: ten times the orders. Pollers block, the buffer ends at 10, the depth grows. Then + by hand or A by itself."
    queues = (SceneQueue(_QUEUE, _SETTINGS, 30),)
    load = Load(rate_per_second=_RATE_PER_SECOND, handler_seconds=0.4, failure_share=0.0, unknown_share=0.0)
    actions = (
        Offer("next", "ten times the orders"),
        Offer("autoscale", "autoscale on, off"),
        Offer("mend", f"{_MANY} workers, {_FEW}"),
    )

    flooded = False
    grown = False
    by_itself = ""
    deepest = 0
    most_buffered = 0
    left = _DEEP

    def story(self) -> Iterator[Pause]:
        """Calm, the flood, and a pool that comes to fit it."""
        yield lambda: self.stage.seen(_QUEUE).totals.handled > 0
        yield from self.invite("next")
        yield lambda: self.look() > _DEEP
        self.stage.say(f"{self.deepest} orders wait in SQS, at most {self.most_buffered} in our buffer: pollers wait for room")
        if self.stage.unattended:
            self.stage.act("autoscale")
            yield self.has_grown
            self.stage.act("mend")
        yield lambda: self.wait_yet() < _SHALLOW
        self.stage.say(f"{self.stage.seen(_QUEUE).workers.live} workers keep up: {self.left} orders wait")

    def look(self) -> int:
        """How many wait now; remembers the most, and the most in the buffer."""
        waiting = self.stage.depth(_QUEUE).visible
        self.deepest = max(self.deepest, waiting)
        self.most_buffered = max(self.most_buffered, self.stage.seen(_QUEUE).buffer.size)
        return waiting

    def wait_yet(self) -> int:
        """How many still wait; remembers it."""
        self.left = self.stage.depth(_QUEUE).visible
        return self.left

    def do_next(self) -> str:
        """Ten times the orders, or as before."""
        self.flooded = not self.flooded
        rate = _RATE_PER_SECOND * (_TIMES if self.flooded else 1)
        self.stage.change_load(rate_per_second=rate)
        return f"{rate:g} orders a second from now on"

    def do_mend(self) -> str:
        """Many workers, or few again."""
        self.grown = not self.grown
        workers = _MANY if self.grown else _FEW
        self.stage.engine.resize(_QUEUE, PoolName.WORKERS, workers)
        return f"{workers} workers from now on"

    def do_autoscale(self) -> str:
        """Let the number of workers go by how busy they are, or leave it alone."""
        consumer = self.stage.consumer(_QUEUE)
        if consumer.autoscaler is not None:
            consumer.autoscaler = None
            return "autoscale is off: the workers stay as many as they are"
        pace = Pace(*map(self.stage.seconds, (_LOOK_SECONDS, _GROW_SECONDS, _SHRINK_SECONDS, _REST_SECONDS)))
        consumer.autoscaler = Autoscaler(_FEW, _MANY, pace)
        return (
            f"autoscale, {_FEW}–{_MANY} workers: doubled after {pace.grow_after_seconds:g} s of backlog, halved when few would do"
        )

    def has_grown(self) -> bool:
        """Whether the autoscaler has made more workers; remembers what it said."""
        resized = [event.text for event in self.stage.engine.events.snapshot() if event.code == Code.CONSUMER_RESIZED]
        self.by_itself = next((text for text in resized if "every worker was busy" in text), "")
        return self.by_itself != ""

    def rests(self) -> bool:
        """Whether the autoscaler leaves the pool alone, as somebody resized it."""
        scale = self.stage.seen(_QUEUE).autoscale
        return scale is not None and scale.rests_until is not None

    def observed(self) -> list[Finding]:
        """Deep in SQS, shallow here, and then worked off."""
        most = self.most_buffered
        return [
            Finding("orders waited in SQS", self.deepest > _DEEP, f"{self.deepest} waited"),
            Finding("and not in the consumer", 0 < most <= _MOST_PREFETCHED, f"{most} in its buffer at most"),
            Finding("the pool grew by itself", self.by_itself != "", self.by_itself or "it did not"),
            Finding("and rests where a hand has set it", self.rests(), "it rests" if self.rests() else "it does not"),
            Finding("more workers worked it off", self.left < _SHALLOW, f"{self.left} left"),
            account(self.stage, _QUEUE).finding(),
        ]
