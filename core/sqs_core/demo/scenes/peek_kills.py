"""A look that costs a receive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.demo.scene import DRAIN_SECONDS, Finding, Load, Offer, Scene, SceneQueue
from sqs_core.demo.telling import counted
from sqs_core.settings import ConsumerSettings, parse_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.demo.scene import Pause

_THEIRS, _OURS = "orders-viewed", "orders"
_SETTINGS = ConsumerSettings(workers=2, pollers=1, drain_timeout_seconds=DRAIN_SECONDS)
_ORDERS, _RECEIVES, _LOOKS = 6, 3, 4
_WIDE = 100


class PeekKills(Scene):
    """The consumers are paused, and people look what is in their queues: one with an ordinary viewer, one with ours."""

    name = "peek-kills"
    summary = "looking as most viewers do raises receive counts until messages die; our look does not"
    teaches = "most viewers receive, and each receive counts: after maxReceiveCount looks a message is in the dead-letter queue"
    watch = "Consumers are paused. Each look by an ordinary viewer (V) is a receive; the fourth kills. N: let both consume."
    queues = (
        SceneQueue(_THEIRS, _SETTINGS, 30, _RECEIVES),
        SceneQueue(_OURS, _SETTINGS, 30, _RECEIVES),
    )
    load = Load(rate_per_second=0.0, handler_seconds=0.1, failure_share=0.0, unknown_share=0.0, copied=True)
    actions = (Offer("look", "look once with both"), Offer("next", "let both consume"))

    looks = 0
    seen_by_ours = 0

    def set_up(self) -> None:
        """They begin paused: no poll may be out when the orders come."""
        self.stage.engine.pause()

    def story(self) -> Iterator[Pause]:
        """Fill, look, and see what is left to handle."""
        yield lambda: all(self.stage.seen(queue.name).state == "paused" for queue in self.queues)
        self.stage.producer.burst(_ORDERS)
        yield lambda: all(self.stage.depth(queue.name).visible == _ORDERS for queue in self.queues)
        self.stage.say(f"{_ORDERS} orders wait in each queue, the consumers are paused; press V to look into both")
        for _ in range(_LOOKS):
            yield from self.invite("look", 1.0)
        yield lambda: self.stage.dead_letters(_THEIRS) > 0
        self.stage.say(f"the fourth look killed {self.stage.dead_letters(_THEIRS)} orders that no consumer has ever seen")
        yield from self.invite("next", 1.0)
        yield lambda: self.stage.seen(_OURS).totals.handled == _ORDERS

    def do_look(self) -> str:
        """Once with each viewer."""
        self.looks += 1
        seen, counts = self.look_by_receiving()
        ours, most = self.look_with_ours()
        self.seen_by_ours += ours
        theirs = f"received {counted(seen, 'order')}, receive count {counts}" if seen else "found nothing left"
        return f"look {self.looks}: the ordinary viewer {theirs}; ours saw {counted(ours, 'order')}, receive count {most}"

    def look_by_receiving(self) -> tuple[int, int]:
        """As an ordinary viewer does: receive all there is and let it be visible again; how many, and the highest count."""
        client, url = self.stage.client("ReceiveMessage", "ChangeMessageVisibility"), self.stage.url(_THEIRS)
        handles: list[str] = []
        highest = 0
        while messages := client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30, WaitTimeSeconds=0, AttributeNames=["All"]
        ).get("Messages"):
            handles += [message["ReceiptHandle"] for message in messages]
            highest = max([highest, *(int(message["Attributes"]["ApproximateReceiveCount"]) for message in messages)])
        for handle in handles:
            client.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
        return len(handles), highest

    def look_with_ours(self) -> tuple[int, int]:
        """The way of `sqs-tui peek`; how many it saw, and their highest receive count."""
        from sqs_core.peek import find_place, peek_behind

        session = self.stage.engine.session()
        look = peek_behind(session, find_place(session, parse_queue(_OURS)), _WIDE)
        seen = [peeked.message for peeked in look.messages] if look else []
        return len(seen), max((message.receive_count for message in seen), default=0)

    def do_next(self) -> str:
        """Let both consume what is left."""
        theirs, ours = (self.stage.depth(queue).visible for queue in (_THEIRS, _OURS))
        self.stage.engine.resume()
        return f"both consume again: {_THEIRS} finds {counted(theirs, 'order')}, {_OURS} {ours}"

    def observed(self) -> list[Finding]:
        """Who died, and who was handled."""
        dead, died = self.stage.dead_letters(_THEIRS), self.stage.dead_letters(_OURS)
        theirs, ours = self.stage.seen(_THEIRS).totals.handled, self.stage.seen(_OURS).totals.handled
        counts = sorted(self.stage.delivered(_OURS).receive_counts)
        return [
            Finding("looking killed every order", dead == _ORDERS and theirs == 0, f"{dead} dead, {theirs} handled"),
            Finding("ours saw them all, each time", self.seen_by_ours == self.looks * _ORDERS, f"{self.seen_by_ours} seen"),
            Finding("ours cost nothing", died == 0 and counts == [1], f"{died} dead, receives {counts}"),
            Finding("and left all to be handled", ours == _ORDERS, f"{ours} handled"),
        ]
