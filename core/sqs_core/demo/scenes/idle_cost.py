"""What it costs to wait for nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from sqs_core.demo.kinds import ShortPollingConsumer
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.settings import ConsumerSettings
from sqs_core.spending import DOLLARS_PER_MILLION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause

_SHORT, _LONG = "orders-short", "orders"
_WAIT_SECONDS, _BREATH_SECONDS, _ENOUGH_ASKED = 20, 0.05, 100
_DAY_SECONDS = 86_400
_MUCH_DEARER = 20
_SETTINGS = ConsumerSettings(workers=1, pollers=1, wait_seconds=_WAIT_SECONDS, drain_timeout_seconds=DRAIN_SECONDS)


class IdleCost(Scene):
    """Nothing is sent unless somebody asks for it: one poller of each queue waits."""

    name = "idle-cost"
    summary = "short polling beside long polling while nothing comes: requests, and dollars a day"
    teaches = "SQS charges for each request, empty answers too: long polls ask 4,320 times a day, short ones a million"
    watch = "Nothing comes. Under Latency: empty polls, requests per message; 1 and 2 switch queues. N: send an order."
    queues = (SceneQueue(_SHORT, _SETTINGS, kind=ShortPollingConsumer), SceneQueue(_LONG, _SETTINGS))
    load = Load(rate_per_second=0.0, handler_seconds=0.05, failure_share=0.0, unknown_share=0.0, copied=True)
    actions = (Offer("next", "send one order to both"), Offer("mend", "long-poll both; again: short"))

    began_at = 0.0
    looked_seconds = 1.0
    asked: tuple[int, int] = (0, 0)
    before: tuple[int, int] = (0, 0)

    def settings(self, queue: SceneQueue) -> ConsumerSettings:
        """A long poll is as long as the scene's time asks for."""
        return replace(queue.settings, wait_seconds=self.stage.whole_seconds(_WAIT_SECONDS))

    def set_up(self) -> None:
        """The pause goes with the scene's time."""
        self.short.pause_seconds = self.stage.seconds(_BREATH_SECONDS)

    @property
    def short(self) -> ShortPollingConsumer:
        """Who asks all the time."""
        return cast("ShortPollingConsumer", self.stage.consumer(_SHORT))

    def story(self) -> Iterator[Pause]:
        """Count while nothing comes, then one order, then the mended one."""
        yield lambda: all(asked > 0 for asked in self.receives())
        self.began_at, self.before = time.monotonic(), self.receives()
        yield lambda: self.receives()[0] >= self.before[0] + _ENOUGH_ASKED
        self.count()
        self.stage.say(f"at this rate, for one poller: ${self.dollars(0):.2f} a day short, ${self.dollars(1):.4f} long")
        yield from self.invite("next", 0.5)
        yield lambda: all(self.stage.seen(queue.name).totals.handled > 0 for queue in self.queues)
        self.stage.say(f"one order waited {self.delay_ms(_SHORT):.0f} ms short, {self.delay_ms(_LONG):.0f} ms long")
        yield from self.invite("mend", 0.5)
        yield 1.0

    def receives(self) -> tuple[int, int]:
        """How often each asked for messages."""
        short, long = (self.stage.seen(queue.name).requests.get("ReceiveMessage", 0) for queue in self.queues)
        return short, long

    def count(self) -> None:
        """What was asked for since the beginning."""
        self.looked_seconds = (time.monotonic() - self.began_at) * self.stage.speed
        short, long = self.receives()
        self.asked = short - self.before[0], long - self.before[1]

    def a_day(self, which: int) -> float:
        """Requests a day: of the short one at the rate that was seen, of the long one what its waits add up to."""
        return _DAY_SECONDS / _WAIT_SECONDS if which else self.asked[which] * _DAY_SECONDS / self.looked_seconds

    def dollars(self, which: int) -> float:
        """What that costs a day."""
        return self.a_day(which) * DOLLARS_PER_MILLION[False] / 1_000_000

    def delay_ms(self, queue: str) -> float:
        """How long the newest orders waited to be received."""
        return self.stage.seen(queue).latency_ms.queue.p50 or 0.0

    def do_next(self) -> str:
        """One order for each."""
        self.stage.producer.burst(1)
        return "one order is sent to each queue"

    def do_mend(self) -> str:
        """Long polls, or short ones again."""
        self.short.short = not self.short.short
        return f"{_SHORT} asks all the time again" if self.short.short else f"{_SHORT} now waits {_WAIT_SECONDS} s in SQS, too"

    def observed(self) -> list[Finding]:
        """Requests, dollars, and the time an order waited."""
        asked, waited = self.asked[0], max(1, self.asked[1])
        delays = self.delay_ms(_SHORT), self.delay_ms(_LONG)
        return [
            Finding("short polls ask far more often", asked > _MUCH_DEARER * waited, f"{asked} times against {waited}"),
            Finding(
                "and each is charged for",
                self.dollars(0) > self.dollars(1),
                f"${self.dollars(0):.2f} a day, ${self.dollars(1):.4f}",
            ),
            Finding("long polls are no slower", 0 < delays[1] < 1000, f"{delays[0]:.0f} ms short, {delays[1]:.0f} ms long"),
        ]
