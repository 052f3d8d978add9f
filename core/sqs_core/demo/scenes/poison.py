"""Messages that no handler can handle, until the handler is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.model import Outcome
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause
    from sqs_core.model import Message

_QUEUE = "orders"
_SETTINGS = ConsumerSettings(workers=4, pollers=1, drain_timeout_seconds=DRAIN_SECONDS)
_RECEIVES, _ENOUGH_DEAD = 2, 3
_PLACES = {"EUR": 2, "USD": 2}


class CurrencyUnknownError(Exception):
    """A made-up failure."""


class Poison(Scene):
    """The handler knows no pounds: every order in GBP fails as often as it comes."""

    name = "poison"
    summary = "orders that always fail end in the dead-letter queue; mend the handler and put them back"
    teaches = "maxReceiveCount sends what always fails to the dead-letter queue; look by cause, mend, put back"
    watch = "Orders in GBP fail twice, then die. e: failures by cause. x: dead letters; R puts back, E edits (GBP → EUR)."
    queues = (SceneQueue(_QUEUE, _SETTINGS, 10, _RECEIVES),)
    load = Load(rate_per_second=4.0, handler_seconds=0.1, failure_share=0.0, unknown_share=0.0)
    actions = (Offer("mend", "a handler that knows pounds, or the old"), Offer("next", "put all dead letters back"))

    mended = False
    put_back = 0

    def handle(self, message: Message) -> None:
        """Look the currency up, as the old handler does."""
        currency = message.json()["currency"]
        if not self.mended and currency not in _PLACES:
            raise CurrencyUnknownError(f"no such currency: {currency}")
        self.stage.handle_order(message)

    def story(self) -> Iterator[Pause]:
        """Deaths, the mended handler, and life again."""
        yield lambda: self.stage.dead_letters(_QUEUE) >= _ENOUGH_DEAD
        dead = self.stage.dead_letters(_QUEUE)
        self.stage.say(f"{counted(dead, 'order')} failed {_RECEIVES} receives of {_RECEIVES}: SQS moved them to {_QUEUE}-dlq")
        yield from self.invite("mend", 1.0)
        yield from self.invite("next", 1.0)
        yield lambda: self.stage.dead_letters(_QUEUE) == 0

    def do_mend(self) -> str:
        """Deploy the mended handler, or the old one again."""
        self.mended = not self.mended
        return "a handler that knows pounds is deployed: put the dead letters back" if self.mended else "the old handler is back"

    def do_next(self) -> str:
        """Put all dead letters back, as `R` on marked ones does."""
        moved = self.stage.put_back(_QUEUE)
        self.put_back += moved
        return f"{counted(moved, 'dead letter')} put back: " + ("handled now" if self.mended else "they will die again")

    def observed(self) -> list[Finding]:
        """They died by the count, for one cause, and lived after the mending."""
        seen = self.stage.seen(_QUEUE)
        causes = {cause.kind for cause in seen.failures.groups} - {Outcome.LEASE_LOST.value}  # of a busy machine, not a handler
        left, counts = self.stage.dead_letters(_QUEUE), self.stage.delivered(_QUEUE).receive_counts
        return [
            Finding("hopeless orders were given up", seen.totals.given_up >= _ENOUGH_DEAD, f"{seen.totals.given_up} given up"),
            Finding("none was tried more often than allowed", max(counts, default=0) == _RECEIVES, f"receives {dict(counts)}"),
            Finding("all for one cause", causes == {"CurrencyUnknownError"}, ", ".join(map(str, causes))),
            Finding("all were put back and handled", left == 0 < self.put_back, f"{self.put_back} put back, {left} left"),
        ]
