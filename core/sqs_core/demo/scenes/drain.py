"""The orderly stop, with time enough and without."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.model import Role, RunState
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause
    from sqs_core.demo.stage import Stage
    from sqs_core.model import Message

_SHORT, _LONG, _NEXT = "orders-short", "orders", "invoices"
_SETTINGS = ConsumerSettings(workers=4, pollers=1, wait_seconds=1, drain_timeout_seconds=DRAIN_SECONDS)
_HANDLER_SECONDS, _SHORT_SECONDS, _LONG_SECONDS = 12.0, 3.0, 30.0


@dataclass(frozen=True, slots=True)
class Stop:
    """How a consumer's stop began: what its workers had in hand, what waited in its buffer, and what had ended until then."""

    busy: int
    buffered: int
    handled: int
    released: int


class Drain(Scene):
    """Handlers take 12 s. One consumer is given 30 s to stop, the other 3 s; a third one goes on."""

    name = "drain"
    summary = "the orderly stop: handlers end, the rest is given back; too short a deadline redoes work"
    teaches = "on SIGTERM: receive no more, give back what is not begun, end what is; give it more time than a handler takes"
    watch = "N drains orders (30 s for handlers of 12 s) and orders-short (3 s); invoices goes on. 1, 2: see their states."
    queues = (SceneQueue(_SHORT, _SETTINGS, 60), SceneQueue(_LONG, _SETTINGS, 60), SceneQueue(_NEXT, _SETTINGS, 60))
    load = Load(rate_per_second=3.0, failure_share=0.0, unknown_share=0.0, copied=True)
    actions = (Offer("next", "stop both, as SIGTERM does"),)

    cut = False

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.began: dict[str, Stop] = {}

    def handle(self, message: Message) -> None:
        """All that is drained takes its time; the third queue is quick."""
        if message.queue == _NEXT:
            self.stage.handle_order(message)
        else:
            time.sleep(self.stage.seconds(_HANDLER_SECONDS))

    def story(self) -> Iterator[Pause]:
        """Busy, stopping, stopped."""
        latest = time.monotonic() + self.stage.seconds(2 * _HANDLER_SECONDS)
        yield lambda: bool(self.began) or (self.ready() and (self.fresh() or time.monotonic() > latest))
        if not self.began:
            yield from self.invite("next", 0.0)
        yield lambda: self.stopped(_SHORT)
        self.note_cut()
        self.stage.say(self.told_of_the_short())
        yield lambda: self.stopped(_LONG)
        self.stage.say(f"{_LONG} stopped clean: {self.finished(_LONG)} ended and were deleted, none is hidden")
        yield lambda: all(self.stage.depth(queue).in_flight == 0 for queue in (_SHORT, _LONG))

    def ready(self) -> bool:
        """Every worker of both is busy, and something waits behind them."""
        both = [self.stage.seen(queue) for queue in (_SHORT, _LONG)]
        return all(seen.workers.busy == seen.workers.live > 0 and seen.buffer.size > 0 for seen in both)

    def fresh(self) -> bool:
        """Every handler of the short one has most of its time before it."""
        earliest = time.time() - self.stage.seconds(_HANDLER_SECONDS / 3)
        return all(thread.since > earliest for thread in self.stage.seen(_SHORT).threads if thread.role == Role.WORKER)

    def told_of_the_short(self) -> str:
        """What its deadline did: where its handlers had nearly ended as the stop began, nothing."""
        if self.cut:
            return f"{_SHORT} is out of time: {self.unfinished()} begun go back unfinished, and come again elsewhere"
        return f"{_SHORT} stopped in time: its handlers had nearly ended; D, then enter, begins the scene again"

    def note_cut(self) -> None:
        """It was cut on purpose, so it is no fault of the demo's own end."""
        consumer = self.stage.consumer(_SHORT)
        self.cut, consumer.clean = not consumer.clean, True

    def finished(self, queue: str) -> str:
        """What has been handled to its end since the stop began."""
        return counted(self.stage.seen(queue).totals.handled - self.began[queue].handled, "order")

    def unfinished(self) -> str:
        """What was cut: all that has gone back of the short one, but for what waited in its buffer."""
        began = self.began[_SHORT]
        cut = self.stage.seen(_SHORT).totals.released - began.released - began.buffered
        return counted(min(began.busy, max(0, cut)), "order")

    def stopped(self, queue: str) -> bool:
        """Whether its consumer has ended."""
        return self.stage.seen(queue).state == RunState.STOPPED

    def do_next(self) -> str:
        """Begin to drain both, each with its deadline, once."""
        if self.began:
            return "both have been told to stop already: D, then enter, begins the scene again"
        until: list[str] = []
        for queue, seconds in ((_SHORT, _SHORT_SECONDS), (_LONG, _LONG_SECONDS)):
            seen = self.stage.seen(queue)
            self.began[queue] = Stop(seen.workers.busy, seen.buffer.size, seen.totals.handled, seen.totals.released)
            self.stage.consumer(queue).begin_drain(self.stage.seconds(seconds))
            until.append(f"{queue} until {time.strftime('%H:%M:%S', time.gmtime(time.time() + self.stage.seconds(seconds)))}")
        buffered = sum(stop.buffered for stop in self.began.values())
        return f"draining: {', '.join(until)}; {counted(buffered, 'order')} not begun went back at once"

    def observed(self) -> list[Finding]:
        """One stopped clean, one did not, and neither keeps anything hidden."""
        long, short = self.stage.seen(_LONG), self.stage.seen(_SHORT)
        clean = self.stage.consumer(_LONG).clean
        hidden = self.stage.depth(_LONG).in_flight + self.stage.depth(_SHORT).in_flight
        ended, given_back = long.totals.handled, short.totals.released
        began = self.began[_SHORT]
        accounted = short.totals.handled + given_back - began.handled - began.released
        cut = self.cut and given_back > 0 and accounted >= began.busy + began.buffered > 0
        on_time = clean and ended == long.totals.deleted > 0
        return [
            Finding("with time enough all that was begun ended", on_time, f"{ended} handled, {long.totals.deleted} deleted"),
            Finding("without, it was cut and given back", cut, f"{given_back} given back"),
            Finding("nothing stayed hidden", hidden == 0, f"{hidden} in flight at the server"),
            Finding("what was not begun went back at once", long.totals.released > 0, f"{long.totals.released} given back"),
        ]
