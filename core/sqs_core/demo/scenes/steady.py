"""All well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.demo.scene import Finding, Scene, SceneQueue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause

_ENOUGH = 20


class Steady(Scene):
    """A standard and a FIFO queue, some failures that the next receive mends, and a few orders that never succeed."""

    name = "steady"
    summary = "all well: a steady producer, slow handlers, now and then a failure"
    teaches = (
        "the life of a message: received and hidden, handled, deleted; a failure comes again; a hopeless one is dead-lettered"
    )
    watch = "Pollers wait, workers handle, the depth stays small. Failures come again by themselves: receives 2 (i)."
    queues = (SceneQueue("orders"), SceneQueue("payments.fifo"))

    def story(self) -> Iterator[Pause]:
        """Until enough has gone through both queues."""
        yield lambda: all(self.stage.seen(queue.name).totals.handled >= _ENOUGH for queue in self.queues)
        self.stage.say("forty orders went through: each was received, handled, then deleted")
        yield lambda: self.stage.seen("orders").totals.redelivered > 0

    def observed(self) -> list[Finding]:
        """Everything received has ended, and failures came again."""
        totals = [self.stage.seen(queue.name).totals for queue in self.queues]
        handled, deleted = sum(each.handled for each in totals), sum(each.deleted for each in totals)
        again, lost = sum(each.redelivered for each in totals), sum(each.leases_lost for each in totals)
        return [
            Finding("what was handled was deleted", handled > 0 and handled == deleted, f"{handled} handled, {deleted} deleted"),
            Finding("failures came again", again > 0, f"{again} redelivered"),
            Finding("no lease was lost", lost == 0, f"{lost} lost"),
        ]
