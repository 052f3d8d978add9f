"""A handler that takes longer than the visibility timeout."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from sqs_core.demo.kinds import UnextendedConsumer
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause
    from sqs_core.model import Message

_QUEUE = "reports"
_VISIBILITY_SECONDS, _HANDLER_SECONDS = 4, 6.0
_SETTINGS = ConsumerSettings(workers=4, pollers=1, drain_timeout_seconds=DRAIN_SECONDS)


class SlowHandler(Scene):
    """Leases are 4 s, handlers take 6 s, and nobody extends."""

    name = "slow-handler"
    summary = "handlers outlast the visibility timeout: work is done twice, until leases are extended"
    teaches = "a message that is not deleted within its visibility timeout comes again; a heartbeat extends it while work goes on"
    watch = "In flight (i): leases of 4 s run out under handlers of 6 s. Messages (m): lease-lost, then receives 2. Press H."
    queues = (SceneQueue(_QUEUE, _SETTINGS, _VISIBILITY_SECONDS, 5, kind=UnextendedConsumer),)
    load = Load(rate_per_second=0.5, failure_share=0.0, unknown_share=0.0)
    actions = (Offer("heartbeat", "extend leases while handlers work; again: stop that"),)
    lost_before = 0

    def handle(self, message: Message) -> None:  # noqa: ARG002 - all take the same time
        """Longer than the lease."""
        time.sleep(self.stage.whole_seconds(_VISIBILITY_SECONDS) * _HANDLER_SECONDS / _VISIBILITY_SECONDS)

    def story(self) -> Iterator[Pause]:
        """Leases run out, messages come again, work is done twice; then the heartbeat."""
        yield lambda: self.lost() > 0
        yield lambda: self.duplicates() > 0
        self.stage.say(f"{counted(self.duplicates(), 'report')} done twice: handled to the end, but too late to be deleted")
        yield from self.invite("heartbeat", 0.5)
        self.lost_before = self.lost()
        yield lambda: self.stage.seen(_QUEUE).totals.deleted > 0

    def do_heartbeat(self) -> str:
        """Switch it."""
        consumer = cast("UnextendedConsumer", self.stage.consumer(_QUEUE))
        consumer.extending = not consumer.extending
        if consumer.extending:
            return "heartbeat on: a lease is extended halfway, as long as its handler works"
        return "heartbeat off: leases run out under their handlers"

    def lost(self) -> int:
        """How many leases ran out."""
        return self.stage.seen(_QUEUE).totals.leases_lost

    def duplicates(self) -> int:
        """How often work was done that had been done before."""
        return self.stage.delivered(_QUEUE).duplicates

    def observed(self) -> list[Finding]:
        """What was lost without a heartbeat, and what came to its end with one."""
        lost, twice, deleted = self.lost(), self.duplicates(), self.stage.seen(_QUEUE).totals.deleted
        extended = self.stage.seen(_QUEUE).requests.get("ChangeMessageVisibilityBatch", 0)
        return [
            Finding("leases ran out under handlers", self.lost_before > 0, f"{self.lost_before} lost"),
            Finding("work was done twice", twice > 0, f"{twice} done again"),
            Finding("the heartbeat extended leases", extended > 0, f"{extended} requests"),
            Finding(
                "then messages were deleted in time", deleted > 0, f"{deleted} deleted, {lost - self.lost_before} lost after"
            ),
        ]
