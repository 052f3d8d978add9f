"""The handler of the demo: slow, failing now and then; and what it remembers of every message."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.demo.scene import Load
    from sqs_core.model import Message

_MOST_REMEMBERED = 20_000


class CustomerUnknownError(Exception):
    """A made-up failure."""


class PaymentTimedOutError(Exception):
    """A made-up failure."""


class Deliveries:
    """What handlers saw of one queue: how often each message came, and how often it was handled to the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended_well: OrderedDict[str, int] = OrderedDict()
        self.receive_counts: Counter[int] = Counter()
        self.duplicates = 0
        """How often a message was handled to the end that had been before."""
        self.longest_seconds = 0.0
        self.groups_ended: Counter[str] = Counter()
        """By message group, how many were handled to the end."""

    def began(self, message: Message) -> None:
        """A handler starts."""
        with self._lock:
            self.receive_counts[message.receive_count] += 1

    def ended(self, message: Message, seconds: float, *, well: bool) -> None:
        """A handler has ended, after so long."""
        with self._lock:
            self.longest_seconds = max(self.longest_seconds, seconds)
            if not well:
                return
            times = self._ended_well.pop(message.message_id, 0) + 1
            self._ended_well[message.message_id] = times
            self.duplicates += times > 1
            if message.group_id is not None:
                self.groups_ended[message.group_id] += 1
            if len(self._ended_well) > _MOST_REMEMBERED:
                self._ended_well.popitem(last=False)

    def handled(self, message_id: str) -> bool:
        """Whether it was handled to the end."""
        return message_id in self._ended_well

    @property
    def distinct(self) -> int:
        """How many messages were handled to the end at least once."""
        return len(self._ended_well)


def handle_order(message: Message, load: Load, speed: float, seed: int, sleep: Callable[[float], None] = time.sleep) -> None:
    """Take a while, and fail now and then. What becomes of an order is decided by its number and the seed."""
    order = message.json()
    dice = random.Random(f"{seed} {order.get('order_id')}")
    sleep(dice.uniform(0.3, 1.7) * load.handler_seconds / speed)
    if dice.random() < load.unknown_share:
        raise CustomerUnknownError(f"no customer {order.get('customer')}")
    if message.receive_count == 1 and dice.random() < load.failure_share:
        raise PaymentTimedOutError("the payment service did not answer in 2 s")
