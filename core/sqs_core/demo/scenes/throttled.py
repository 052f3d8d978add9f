"""SQS refuses requests because there are too many."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqs_core.demo.accounting import account
from sqs_core.demo.chaos import Fault, Rule
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause

_QUEUE = "orders"
_SETTINGS = ConsumerSettings(workers=4, pollers=2, drain_timeout_seconds=DRAIN_SECONDS)
_REFUSED = Rule(Fault.ERROR, "ReceiveMessage", code="RequestThrottled", text="too many requests", status=400)
_DELETES_REFUSED = Rule(Fault.ERROR, "DeleteMessageBatch", times=1, code="RequestThrottled", text="too many requests", status=400)
_ENOUGH_ERRORS = 3


class Throttled(Scene):
    """Receives are throttled for a while, and one delete."""

    name = "throttled"
    summary = "SQS throttles: pollers wait ever longer, then catch up; what was handled is still deleted"
    teaches = "a throttled request is tried again later, ever later and with jitter: asking faster only prolongs it"
    watch = "From second 3 on receives are throttled. Pollers: backing-off, ever longer; the depth grows. M ends it."
    queues = (SceneQueue(_QUEUE, _SETTINGS, 60),)
    load = Load(rate_per_second=6.0, handler_seconds=0.2, failure_share=0.0, unknown_share=0.0)
    actions = (Offer("mend", "end the throttling; again: throttle"),)

    throttled = False
    began_at = 0.0
    asked_before = 0
    asked = 0
    seconds = 0.0
    caught_up = False

    def story(self) -> Iterator[Pause]:
        """All well, throttled, and well again."""
        yield lambda: self.handled() > 0
        yield 3.0
        self.throttle()
        self.stage.say("SQS throttles this account: every receive is refused from now on")
        yield lambda: self.stage.seen(_QUEUE).totals.poll_errors >= _ENOUGH_ERRORS
        self.stage.say(f"{self.so_far()}; meanwhile {counted(self.stage.depth(_QUEUE).visible, 'order')} wait")
        yield from self.invite("mend", 1.0)
        handled = self.handled()
        yield lambda: self.handled() > handled and self.stage.depth(_QUEUE).visible == 0
        self.caught_up = True
        self.stage.say("caught up: what waited is handled")

    def throttle(self) -> None:
        """Refuse receives from now on, and the next delete."""
        self.stage.proxy.add(_REFUSED, _DELETES_REFUSED)
        self.throttled, self.began_at, self.asked_before = True, time.monotonic(), self.stage.proxy.asked["ReceiveMessage"]

    def do_mend(self) -> str:
        """End it, or begin again."""
        if not self.throttled:
            self.throttle()
            return "receives are throttled again"
        said = self.so_far()
        self.stage.proxy.clear()
        self.throttled = False
        return f"the throttling ends. {said}: the next try comes when its pause is over"

    def so_far(self) -> str:
        """How often was asked while it was throttled."""
        self.asked = self.stage.proxy.asked["ReceiveMessage"] - self.asked_before
        self.seconds = time.monotonic() - self.began_at
        return f"two pollers asked {self.asked} times in {self.seconds:.1f} s"

    def handled(self) -> int:
        """How many orders were handled."""
        return self.stage.seen(_QUEUE).totals.handled

    def observed(self) -> list[Finding]:
        """Asked seldom, lost nothing, caught up."""
        errors, asked = self.stage.seen(_QUEUE).totals.poll_errors, self.asked
        again = self.stage.delivered(_QUEUE).duplicates
        return [
            Finding("receives were throttled", errors >= _ENOUGH_ERRORS, f"{errors} refused"),
            Finding("the pollers asked seldom", asked <= 3 + 2 * self.seconds, f"{asked} times in {self.seconds:.1f} s"),
            Finding("then they caught up", self.caught_up, "caught up" if self.caught_up else "did not"),
            Finding("nothing was handled twice", again == 0, f"{again} handled again"),
            account(self.stage, _QUEUE).finding(),
        ]
