"""A steady stream of made-up orders, so that the demo has something to consume."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Protocol

from sqs_core.errors import ConfigurationError, describe

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_RATE_PER_SECOND = 1000
FIFO_SHARE = 0.25

_BATCH = 10
# A step is due this often at most, so that a high rate goes out in full batches.
_PULSE_SECONDS = 0.1
_IDLE_SECONDS = 1.0
_TYPES = ("order", "payment", "shipment", "refund")
_WEIGHTS = (6, 4, 3, 1)
CUSTOMERS = 24


class BatchSender(Protocol):
    """The one thing asked of a boto3 SQS client."""

    @property
    def send_message_batch(self) -> Callable[..., Any]:
        """boto3's, called with QueueUrl and Entries."""


class Producer:
    """Sends orders at `rate_per_second` from a daemon thread of its own, a quarter of them to the FIFO queue if there is one.

    Where that is `queue_url`, too, it gets them all. What goes to `queue_url` goes to the `copies` too.

    The orders, and which queue each goes to, depend on `seed` alone; a customer is a message group, and `groups` is how many
    there are. Bodies are `padding_bytes` longer than they need be. Both may be set at any time. A batch that
    cannot be sent is dropped and counted in `errors`; it never ends the thread.
    """

    def __init__(
        self,
        client: BatchSender,
        queue_url: str,
        fifo_queue_url: str | None,
        *,
        copies: tuple[str, ...] = (),
        rate_per_second: float = 10,
        seed: int = 1,
        groups: int = CUSTOMERS,
    ) -> None:
        self.groups = groups
        self.padding_bytes = 0
        self._burst = 0
        self._client = client
        self._queue_url = queue_url
        self._fifo_queue_url = fifo_queue_url
        self._copies = copies
        self._fifo_alone = queue_url == fifo_queue_url
        self._random = random.Random(seed)
        # A second producer on the same queue within 5 minutes must not be taken for repeats of the first.
        self._run_id = uuid.uuid4().hex[:8]
        self._number = 0
        self._owed = 0.0
        self._stepped_at: float | None = None
        self._stopping = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.sent = 0
        self.errors = 0
        self.last_error: str | None = None
        self._rate_per_second = _checked(rate_per_second)

    @property
    def rate_per_second(self) -> float:
        """Messages a second, both queues together; 0 pauses. Setting more than 1000 raises `ConfigurationError`."""
        return self._rate_per_second

    @rate_per_second.setter
    def rate_per_second(self, rate: float) -> None:
        self._rate_per_second = _checked(rate)
        self._wake.set()

    def burst(self, count: int) -> None:
        """Send so many more as soon as possible, whatever the rate."""
        self._burst += min(count, MAX_RATE_PER_SECOND)
        self._wake.set()

    def start(self) -> None:
        """Begin to send; once only."""
        self._thread = threading.Thread(target=self._run, name="producer", daemon=True)
        self._thread.start()

    def stop(self, timeout_seconds: float = 2) -> bool:
        """Send no more. Waits up to `timeout_seconds` for a batch that is out; whether the thread has ended."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)
            return not self._thread.is_alive()
        return True

    def step(self, now: float) -> float:
        """Send what is due at `now` (monotonic seconds); the seconds to wait until the next step."""
        rate = self._rate_per_second
        elapsed = now - self._stepped_at if self._stepped_at is not None else 0.0
        self._stepped_at = now
        # About a second's worth at most: after a laptop's sleep or a slow server there is no flood to catch up.
        self._owed = min(self._owed + rate * elapsed, max(rate, 2.0))
        due, ok = int(self._owed), True
        self._owed -= due
        burst = self._burst
        self._burst -= burst
        due += burst
        if due:
            ok = self._send(due)
        if not ok or rate <= 0:
            return _IDLE_SECONDS
        return max(_PULSE_SECONDS, min((1 - self._owed) / rate, _IDLE_SECONDS))

    def _run(self) -> None:
        while not self._stopping:
            wait_seconds = self.step(time.monotonic())
            self._wake.wait(wait_seconds)
            self._wake.clear()

    def _send(self, count: int) -> bool:
        waiting: dict[str, list[dict[str, Any]]] = {}
        for _ in range(count):
            fifo = self._fifo_queue_url if self._random.random() < FIFO_SHARE or self._fifo_alone else None
            entry = self._entry(fifo=fifo is not None)
            for url in [fifo] if fifo else [self._queue_url, *self._copies]:
                waiting.setdefault(url, []).append(entry)
        batches = [
            (url, entries[first : first + _BATCH]) for url, entries in waiting.items() for first in range(0, len(entries), _BATCH)
        ]
        for url, entries in batches:
            if self._stopping:
                break
            if not self._send_batch(url, entries):
                return False
        return True

    def _send_batch(self, url: str, entries: list[dict[str, Any]]) -> bool:
        try:
            answer = self._client.send_message_batch(QueueUrl=url, Entries=entries)
            sent, failed = len(answer.get("Successful", ())), answer.get("Failed", ())
        except Exception as error:  # noqa: BLE001 - whatever the server or the network does, the demo goes on
            self.errors += len(entries)
            self.last_error = describe(error)
            return False
        self.sent += sent
        if failed:
            self.errors += len(failed)
            self.last_error = f"{failed[0].get('Code')}: {failed[0].get('Message', 'no message')}"
        return True

    def _entry(self, *, fifo: bool) -> dict[str, Any]:
        self._number += 1
        order = self._order()
        entry: dict[str, Any] = {
            "Id": str(self._number),
            "MessageBody": json.dumps(order),
            "MessageAttributes": {
                "type": {"DataType": "String", "StringValue": order["type"]},
                "amount": {"DataType": "Number", "StringValue": str(order["amount"])},
            },
        }
        if fifo:
            entry["MessageGroupId"] = order["customer"]
            entry["MessageDeduplicationId"] = f"{self._run_id}-{self._number}"
        return entry

    def _order(self) -> dict[str, Any]:
        return {
            "order_id": f"A-{self._number:06d}",
            "type": self._random.choices(_TYPES, _WEIGHTS)[0],
            "customer": f"customer-{self._random.randrange(max(1, self.groups)):02d}",
            "amount": self._random.randrange(199, 99_999) / 100,
            "currency": self._random.choice(("EUR", "USD", "GBP")),
            "items": self._random.randrange(1, 6),
            **({"padding": "x" * self.padding_bytes} if self.padding_bytes else {}),
        }


def _checked(rate: float) -> float:
    if not 0 <= rate <= MAX_RATE_PER_SECOND:
        raise ConfigurationError(f"rate_per_second is {rate:g}; it must be 0 to {MAX_RATE_PER_SECOND}")
    return rate
