"""A receive error that is answered with the next receive, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqs_core.demo.chaos import Fault, Rule
from sqs_core.demo.kinds import HotConsumer
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause

_HOT, _CALM = "orders-hot", "orders"
_SETTINGS = ConsumerSettings(workers=2, pollers=1, drain_timeout_seconds=DRAIN_SECONDS)
_DENIED = Rule(Fault.ERROR, "ReceiveMessage", code="AccessDenied", text="not authorized to sqs:ReceiveMessage", status=403)
_PLAIN_TIMES = 5


class HotLoop(Scene):
    """A role loses its right to receive; one consumer backs off, the other does not."""

    name = "hot-loop"
    summary = "receiving is denied: one consumer asks at once and fills the log, the other backs off"
    teaches = "after an error, wait longer each time and with jitter; log equal errors as one line with a count"
    watch = "Receives are denied from second 4 on. Compare the errors of both queues, and how few lines ours needs."
    queues = (
        SceneQueue(_HOT, _SETTINGS, kind=HotConsumer),
        SceneQueue(_CALM, _SETTINGS),
    )
    load = Load(rate_per_second=4.0, handler_seconds=0.05, failure_share=0.0, unknown_share=0.0, copied=True)
    actions = (Offer("mend", "allow receiving again; again: deny it"),)

    denied = False
    handled_after = False

    def story(self) -> Iterator[Pause]:
        """All well, then denied, then allowed again."""
        yield lambda: self.errors(_CALM) == 0 and self.stage.seen(_CALM).totals.handled > 0
        yield 4.0
        self.deny()
        self.stage.say("the role lost its right to receive: every ReceiveMessage is denied from now on")
        yield lambda: self.errors(_HOT) > _PLAIN_TIMES * max(2, self.errors(_CALM))
        self.stage.say(self.difference())
        yield from self.invite("mend")
        handled = self.stage.seen(_CALM).totals.handled
        yield lambda: self.stage.seen(_CALM).totals.handled > handled
        self.handled_after = True

    def deny(self) -> None:
        """Let receives fail. Polls that are out already answer."""
        self.stage.proxy.add(_DENIED)
        self.denied = True

    def do_mend(self) -> str:
        """Allow, or deny again."""
        if not self.denied:
            self.deny()
            return "receiving is denied again"
        self.stage.proxy.clear()
        self.denied = False
        return f"receiving is allowed again. {self.difference()}"

    def errors(self, queue: str) -> int:
        """How many polls failed."""
        return self.stage.seen(queue).totals.poll_errors

    def lines(self) -> int:
        """How many lines the hot loop has written."""
        return cast("HotConsumer", self.stage.consumer(_HOT)).log_lines

    def difference(self) -> str:
        """Both in figures."""
        return f"the hot loop: {self.errors(_HOT)} errors in {self.lines()} lines of log; ours: {self.errors(_CALM)} in 1"

    def observed(self) -> list[Finding]:
        """Errors and lines of both, and that ours is back."""
        hot, calm, lines = self.errors(_HOT), self.errors(_CALM), self.lines()
        events = [event for event in self.stage.engine.events.snapshot() if event.queue == _CALM and event.code == "poll.error"]
        return [
            Finding("the hot loop asked without a pause", hot > _PLAIN_TIMES * calm > 0, f"{hot} errors against {calm}"),
            Finding("it wrote a line for each", lines == hot, f"{counted(lines, 'line')} for {counted(hot, 'error')}"),
            Finding("ours said it in one line", len(events) == 1, f"{counted(len(events), 'line')} for {counted(calm, 'error')}"),
            Finding("ours went on when it could", self.handled_after, "handles again" if self.handled_after else "does not"),
        ]
