"""One bad message, and the message group behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.errors import Retry
from sqs_core.settings import ConsumerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause
    from sqs_core.demo.stage import Stage
    from sqs_core.model import Message

_QUEUE, _BLOCKED = "payments.fifo", "customer-03"
_SETTINGS = ConsumerSettings(workers=6, pollers=2, drain_timeout_seconds=DRAIN_SECONDS)
_GROUPS, _SKIPPED, _AGAIN_SECONDS = 6, 1, 2


class FifoBlocked(Scene):
    """A payment of customer-03 fails each time; whatever else that customer has sent waits behind it."""

    name = "fifo-blocked"
    summary = "one bad message blocks its message group; the other groups flow"
    teaches = "FIFO keeps order within a group: what is behind a failing message waits until it succeeds, dies or is deleted"
    watch = "Groups (L): customer-03 stands still at one payment that fails again and again; the others go on. Press M."
    queues = (SceneQueue(_QUEUE, _SETTINGS, 3, 100),)
    load = Load(rate_per_second=5.0, handler_seconds=0.1, failure_share=0.0, unknown_share=0.0, groups=_GROUPS)
    actions = (Offer("mend", "let the card be accepted; again: refuse it"),)

    mended = False
    bad: str | None = None
    tries = 0
    before = 0
    ended_while_blocked = 0

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.order: list[int] = []

    def handle(self, message: Message) -> None:
        """Refuse one payment of one customer until that is mended."""
        if message.group_id == _BLOCKED:
            self.refuse(message)
        self.stage.handle_order(message)
        if message.group_id == _BLOCKED:
            self.order.append(int(message.json()["order_id"].rpartition("-")[2]))

    def refuse(self, message: Message) -> None:
        """The first payment after the customer's first few is the bad one."""
        if self.bad is None and len(self.order) >= _SKIPPED:
            self.bad = message.message_id
        if message.message_id == self.bad and not self.mended:
            self.tries += 1
            raise Retry(self.stage.whole_seconds(_AGAIN_SECONDS), "the card was refused")

    def story(self) -> Iterator[Pause]:
        """Blocked, with the others flowing; then mended."""
        yield lambda: self.tries > 0
        start, others = self.ended(_BLOCKED), self.others()
        self.stage.say(f"a payment of {_BLOCKED} failed: nothing behind it is handled before it")
        yield lambda: self.tries > 1 and self.others() > others + 2 * _GROUPS
        self.before, self.ended_while_blocked = self.others() - others, self.ended(_BLOCKED) - start
        self.stage.say(f"tried {self.tries} times: {_BLOCKED} handled {self.ended_while_blocked} since, the others {self.before}")
        yield from self.invite("mend", 1.0)
        behind = self.ended(_BLOCKED)
        yield lambda: self.ended(_BLOCKED) > behind + 1
        self.stage.say(f"{_BLOCKED} flows again, in the order it was sent")

    def do_mend(self) -> str:
        """Accept the card, or refuse it."""
        self.mended = not self.mended
        return f"the card is {'accepted' if self.mended else 'refused'} from now on: at the next receive of that payment"

    def ended(self, group: str) -> int:
        """How many of a group were handled."""
        return self.stage.delivered(_QUEUE).groups_ended[group]

    def others(self) -> int:
        """How many of the other groups were handled."""
        return sum(dict(self.stage.delivered(_QUEUE).groups_ended).values()) - self.ended(_BLOCKED)

    def observed(self) -> list[Finding]:
        """Blocked, others not, and never out of order."""
        blocked, others, tries = self.ended_while_blocked, self.before, self.tries
        after = self.ended(_BLOCKED) - _SKIPPED
        return [
            Finding("the bad payment blocked its group", blocked == 0 and tries > 1, f"{blocked} handled in {tries} tries"),
            Finding("the other groups flowed meanwhile", others > 0, f"{others} handled"),
            Finding("mended, the group flowed again", after > 1, f"{after} handled"),
            Finding("the group kept its order", self.order == sorted(self.order), f"{len(self.order)} in order"),
        ]
