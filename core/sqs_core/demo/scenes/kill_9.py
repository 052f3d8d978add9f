"""A consumer that is killed in the middle of its work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqs_core.demo.accounting import account
from sqs_core.demo.other_process import OtherProcess
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.errors import ConfigurationError
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause
    from sqs_core.demo.stage import Stage
    from sqs_core.model import Message

_QUEUE = "orders"
_SETTINGS = ConsumerSettings(workers=4, pollers=1, drain_timeout_seconds=DRAIN_SECONDS)
_HANDLER_SECONDS, _VISIBILITY_SECONDS = 1.5, 8


class Kill9(Scene):
    """Two processes consume one queue: the one on the screen, and another that gets SIGKILL."""

    name = "kill-9"
    summary = "another consumer of the queue is killed in the middle of its work, and nothing is lost"
    teaches = "a message is deleted only once it is handled, so what a killed consumer had comes again when its lease runs out"
    watch = "Two processes share the queue. N kills the other with SIGKILL: what it had comes to us, receives 2 (i)."
    queues = (SceneQueue(_QUEUE, _SETTINGS, _VISIBILITY_SECONDS, 5),)
    load = Load(rate_per_second=4.0, failure_share=0.0, unknown_share=0.0)
    actions = (Offer("next", "kill -9 the other consumer; again: start another"),)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.others: list[OtherProcess] = []
        self.in_hand: set[str] = set()

    def set_up(self) -> None:
        """The other one begins first."""
        self.start_another()

    def start_another(self) -> None:
        """A process that consumes the queue, too; it ends with the scene."""
        region, seconds = self.stage.engine.connection.region, self.stage.seconds(_HANDLER_SECONDS)
        other = OtherProcess(self.stage.emulator.endpoint_url, region, _QUEUE, seconds)
        self.stage.resources.callback(other.stop)
        self.others.append(other)

    def handle(self, message: Message) -> None:  # noqa: ARG002 - all take the same time
        """The same as the other's."""
        time.sleep(self.stage.seconds(_HANDLER_SECONDS))

    def story(self) -> Iterator[Pause]:
        """Both work, one is killed, and what it had comes again."""
        yield lambda: len(self.others[0].told("ended")) > 0
        self.stage.say(f"the other process has handled {counted(len(self.others[0].told('ended')), 'order')}")
        yield 1.0
        yield lambda: len(self.working()) > 1
        yield from self.invite("next", 0.0)
        yield lambda: all(self.ours(order) for order in self.in_hand)
        self.stage.say(f"{counted(len(self.in_hand), 'order')} of the killed process came again and were handled here")

    def working(self) -> set[str]:
        """What the newest other process has begun and not ended."""
        return self.others[-1].told("began") - self.others[-1].told("ended")

    def ours(self, message_id: str) -> bool:
        """Whether we handled it."""
        return self.stage.delivered(_QUEUE).handled(message_id)

    def do_next(self) -> str:
        """Kill it, or start another."""
        other = self.others[-1]
        if not other.alive:
            self.start_another()
            return "another process begins to consume"
        if not other.kill():
            raise ConfigurationError("the other process has not begun yet")
        self.in_hand |= self.working()
        return f"killed with {counted(len(self.working()), 'order')} in hand: hidden until their leases run out, then back"

    def everything_ended(self) -> set[str]:
        """What other processes handled to the end."""
        return {order for other in self.others for order in other.told("ended")}

    def observed(self) -> list[Finding]:
        """What it had came to us, and the books are right."""
        back = sum(self.ours(order) for order in self.in_hand)
        ended = self.everything_ended()
        elsewhere = sum(not self.ours(order) for order in ended)
        again = self.stage.seen(_QUEUE).totals.redelivered
        return [
            Finding("it was killed in the middle of its work", len(self.in_hand) > 0, f"{len(self.in_hand)} orders in hand"),
            Finding("all it had came to us", back == len(self.in_hand), f"{back} handled here, {again} came again"),
            Finding("both had worked", len(ended) > 0, f"{len(ended)} handled there, {len(ended) - elsewhere} of them here, too"),
            account(self.stage, _QUEUE, elsewhere).finding(),
        ]
