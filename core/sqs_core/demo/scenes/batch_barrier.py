"""A batch that waits for its slowest message."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqs_core.demo.kinds import BarrierConsumer
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause
    from sqs_core.model import Message

_BARRIER, _FREE = "orders-barrier", "orders"
_SETTINGS = ConsumerSettings(workers=10, pollers=1, drain_timeout_seconds=DRAIN_SECONDS)
_SLOW_EVERY, _SLOW_SECONDS = 8, 6.0


class BatchBarrier(Scene):
    """Both have ten workers and the same orders; one order in eight is slow."""

    name = "batch-barrier"
    summary = "a consumer that waits for its whole batch, beside one that does not: same load and workers"
    teaches = "one slow message holds one worker, not its batch: receive again as soon as there is room"
    watch = "One order in eight takes 6 s. On orders-barrier nine workers idle until it ends, and its depth grows."
    queues = (
        SceneQueue(_BARRIER, _SETTINGS, 30, kind=BarrierConsumer),
        SceneQueue(_FREE, _SETTINGS, 30),
    )
    load = Load(rate_per_second=8.0, handler_seconds=0.2, failure_share=0.0, unknown_share=0.0, copied=True)

    def handle(self, message: Message) -> None:
        """Quick, but for one in eight."""
        number = int(message.json()["order_id"].rpartition("-")[2])
        if number % _SLOW_EVERY:
            self.stage.handle_order(message)
        else:
            time.sleep(self.stage.seconds(_SLOW_SECONDS))

    def story(self) -> Iterator[Pause]:
        """Until the difference is plain."""
        yield 10.0
        self.stage.say(f"{_BARRIER} waits for its slowest order; {counted(self.idle(), 'worker')} of 10 idle meanwhile")
        yield lambda: self.handled(_FREE) > 2 * self.handled(_BARRIER) > 0
        self.stage.say(f"handled by ten workers each: {self.handled(_BARRIER)} with the barrier, {self.handled(_FREE)} without")

    def idle(self) -> int:
        """Workers of the barrier that have nothing to do although orders wait."""
        workers = self.stage.seen(_BARRIER).workers
        return workers.live - workers.busy

    def handled(self, queue: str) -> int:
        """How many orders of a queue were handled."""
        return self.stage.seen(queue).totals.handled

    def observed(self) -> list[Finding]:
        """Both did all they could in the same time."""
        barrier, free = self.handled(_BARRIER), self.handled(_FREE)
        waiting, left = self.stage.depth(_BARRIER).visible, self.stage.depth(_FREE).visible
        again = sum(self.stage.seen(queue.name).totals.redelivered for queue in self.queues)
        return [
            Finding("the barrier handled less than half", 0 < 2 * barrier < free, f"{barrier} against {free}"),
            Finding("orders wait behind the barrier alone", waiting > left, f"{waiting} wait, {left} without"),
            Finding("nothing came twice", again == 0, f"{again} redelivered"),
        ]
