"""SQS cannot be reached for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.demo.accounting import account
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause
    from sqs_core.model import Totals

_QUEUE = "orders"
_SETTINGS = ConsumerSettings(workers=4, pollers=1, drain_timeout_seconds=DRAIN_SECONDS)
_ENOUGH_ERRORS = 2


class Outage(Scene):
    """Connections are cut and refused; handlers go on, and what they finished is deleted later."""

    name = "outage"
    summary = "connections are cut and refused; handlers go on, and all comes back by itself"
    teaches = "hold on to what you have, try again ever later, delete what was handled when SQS is back: nothing to restart"
    watch = "Soon the network goes. Handled orders wait for their delete (i); nothing restarts. M: it is back."
    queues = (SceneQueue(_QUEUE, _SETTINGS, 60),)
    load = Load(rate_per_second=6.0, handler_seconds=0.5, failure_share=0.0, unknown_share=0.0)
    actions = (Offer("mend", "the network is back; again: it goes"),)

    down = False
    undeleted = 0
    back = False

    def story(self) -> Iterator[Pause]:
        """Well, cut off, and well again."""
        yield lambda: self.totals().handled > 0
        yield 4.0
        yield lambda: self.stage.seen(_QUEUE).workers.busy > 1
        self.stage.proxy.down()
        self.down = True
        self.stage.say("the network is gone: open connections are cut, new ones refused")
        yield lambda: self.totals().poll_errors >= _ENOUGH_ERRORS
        yield 1.0
        self.undeleted = self.unproved()
        if self.undeleted:
            self.stage.say(f"{counted(self.undeleted, 'handled order')} cannot be deleted yet: kept, and tried again")
        else:
            self.stage.say("nothing handled waits for its delete; polls back off, and try again")
        yield from self.invite("mend", 1.0)
        handled, before = self.totals().handled, self.totals().deleted
        yield lambda: self.totals().handled > handled and self.totals().deleted >= before + self.undeleted
        self.back = True
        kept = f"{counted(self.undeleted, 'order')} that had waited are deleted" if self.undeleted else "no delete had waited"
        self.stage.say(f"back: {kept}, and orders are received again")

    def unproved(self) -> int:
        """How many were handled here and are not deleted yet."""
        return sum(message.settling == "delete" for message in self.stage.seen(_QUEUE).in_flight)

    def totals(self) -> Totals:
        """What the consumer has counted."""
        return self.stage.seen(_QUEUE).totals

    def do_mend(self) -> str:
        """Up, or down again."""
        if self.down:
            self.undeleted = self.unproved()
            self.stage.proxy.up()
        else:
            self.stage.proxy.down()
        self.down = not self.down
        return "the network is gone again" if self.down else "the network is back; the next try comes when its pause is over"

    def observed(self) -> list[Finding]:
        """Errors, recovery, and the books."""
        errors, again = self.totals().poll_errors, self.stage.delivered(_QUEUE).duplicates
        return [
            Finding("polls failed", errors >= _ENOUGH_ERRORS, f"{errors} errors"),
            Finding("handled orders waited for their delete", self.undeleted > 0, f"{self.undeleted} kept"),
            Finding("the consumer came back by itself", self.back, "back" if self.back else "not back"),
            Finding("nothing was handled twice", again == 0, f"{again} handled again"),
            account(self.stage, _QUEUE).finding(),
        ]
