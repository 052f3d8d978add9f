"""A client that hangs up before SQS answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from sqs_core.demo.kinds import HotConsumer
from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause

_HASTY, _PATIENT = "orders-hasty", "orders"
_SHORT_SECONDS, _LONG_SECONDS = 0.5, 30.0
_SETTINGS = ConsumerSettings(workers=2, pollers=1, wait_seconds=20, drain_timeout_seconds=DRAIN_SECONDS)


class TimeoutVersusLongPoll(Scene):
    """SQS waits up to 20 s with its answer; one client waits half a second for it, the other half a minute."""

    name = "timeout-vs-long-poll"
    summary = "a client that hangs up before SQS answers loses messages; beside it one whose timeout fits"
    teaches = "a client's read timeout must be longer than its long poll: messages of an answer that nobody reads stay hidden"
    watch = "Same orders for both. On orders-hasty errors climb, receive counts rise and messages die in its DLQ, unseen."
    queues = (
        SceneQueue(_HASTY, _SETTINGS, 2, 2, kind=HotConsumer),
        SceneQueue(_PATIENT, _SETTINGS, 2, 2),
    )
    load = Load(rate_per_second=1.0, handler_seconds=0.05, failure_share=0.0, unknown_share=0.0, copied=True)
    actions = (Offer("mend", "a timeout longer than the poll; again: too short"),)

    def settings(self, queue: SceneQueue) -> ConsumerSettings:
        """The hasty client's timeout is shorter than its poll, which nobody but a scene may ask for."""
        if queue.name == _PATIENT:
            return queue.settings
        return replace(queue.settings, read_timeout_seconds=self.short_seconds, allow_short_read_timeout=True)

    @property
    def short_seconds(self) -> float:
        """How long the hasty client waits for an answer."""
        return self.stage.seconds(_SHORT_SECONDS)

    def story(self) -> Iterator[Pause]:
        """Errors, then deaths nobody saw, then the mended client."""
        yield lambda: self.stage.seen(_HASTY).totals.poll_errors > 3
        self.stage.say(f"the client hung up after {self.short_seconds:.2g} s of a 20 s poll, and SQS's answer went to nobody")
        yield lambda: self.unseen() > 0
        self.stage.say(
            f"{counted(self.unseen(), 'order')} died unseen: received twice by a client that had hung up, handled never"
        )
        yield from self.invite("mend")
        yield 2.0

    def do_mend(self) -> str:
        """Mend the timeout, or make it too short again."""
        hasty = cast("HotConsumer", self.stage.consumer(_HASTY))
        short = hasty.settings.poll_read_timeout_seconds < hasty.settings.wait_seconds
        self.stage.change_settings(_HASTY, read_timeout_seconds=_LONG_SECONDS if short else self.short_seconds)
        if short:
            return f"{_HASTY} now waits {_LONG_SECONDS:g} s for a 20 s poll: no more errors, nothing more is lost"
        return f"{_HASTY} hangs up after {self.short_seconds:.2g} s again"

    def unseen(self) -> int:
        """How many died although no handler gave them up."""
        return self.stage.dead_letters(_HASTY) - self.stage.seen(_HASTY).totals.given_up

    def observed(self) -> list[Finding]:
        """What it cost the one, and that it cost the other nothing."""
        hasty, patient = self.stage.seen(_HASTY), self.stage.seen(_PATIENT)
        dead, died = self.unseen(), self.stage.dead_letters(_PATIENT)
        errors, calm = hasty.totals.poll_errors, patient.totals.poll_errors
        counts = sorted(self.stage.delivered(_PATIENT).receive_counts)
        return [
            Finding("the hasty client's polls failed", errors > 3, f"{errors} errors"),
            Finding("the patient client's polls did not", calm == 0, f"{calm} errors"),
            Finding("messages died unseen", dead > 0, f"{dead} in {_HASTY}-dlq"),
            Finding("the patient client lost nothing", died == 0 and 1 in counts, f"{died} dead, receives {counts}"),
        ]
