"""A queue and a clock that hold still, for the engine's logic. `test_fake_queue.py` keeps the queue honest."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqs_core.clock import Clock
from sqs_core.events import EventLog
from sqs_core.gate import PollGate
from sqs_core.holding import Holding
from sqs_core.ledger import Ledger
from sqs_core.message import AttributeValue, Message
from sqs_core.model import Depth, Totals
from sqs_core.outgoing import replayed
from sqs_core.pool import Slot
from sqs_core.queue import Received, Refusal
from sqs_core.queue_facts import QueueFacts
from sqs_core.sender import SendResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqs_core.held import Held

NAME = "orders"
FIFO_NAME = "orders.fifo"


class FakeClock:
    """Time that moves when a test says so; all three clocks of the engine."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def clock(self) -> Clock:
        """The engine's view of it."""
        return Clock(lambda: self.now, lambda: self.now, lambda: self.now)


@dataclass
class _Stored:
    message_id: str
    body: str
    group: str | None
    attributes: Mapping[str, AttributeValue]
    sent: float
    receives: int = 0
    handle: str = ""
    hidden_until: float = 0.0


@dataclass
class FakeQueue:
    """`Queue` in memory. An empty poll lets its wait pass on the clock, unless `answers_early`.

    `troubles` are raised by the next requests, in order; `refusals` answer the next batches, by position.
    """

    time: FakeClock
    fifo: bool = False
    name: str = NAME
    url: str = f"http://localhost/000000000000/{NAME}"
    answers_early: bool = False
    retries: int = 0
    damaged: tuple[str, ...] = ()
    troubles: deque[BaseException | None] = field(default_factory=deque)
    refusals: deque[dict[int, Refusal]] = field(default_factory=deque)
    polls: list[tuple[int, int, int, str | None]] = field(default_factory=list)
    deletes: list[list[str]] = field(default_factory=list)
    changes: list[list[tuple[str, int]]] = field(default_factory=list)
    _stored: list[_Stored] = field(default_factory=list)

    def send(self, body: str, group: str | None = None, attributes: Mapping[str, AttributeValue] | None = None) -> str:
        """Put a message into the queue and return its id."""
        self._stored.append(_Stored(str(uuid.uuid4()), body, group, attributes or {}, self.time.now))
        return self._stored[-1].message_id

    def receive(self, maximum: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None) -> Received:
        self.polls.append((maximum, wait_seconds, visibility_seconds, attempt_id))
        self._trouble()
        damaged, self.damaged = self.damaged, ()
        messages = tuple(self._hand_out(stored, visibility_seconds) for stored in self._visible()[:maximum])
        if not messages and not damaged and not self.answers_early:
            self.time.advance(wait_seconds)
        return Received(messages, damaged, self.retries)

    def _visible(self) -> list[_Stored]:
        now = self.time.now
        visible = [stored for stored in self._stored if stored.hidden_until <= now]
        if not self.fifo:
            return visible
        locked = {stored.group for stored in self._stored if stored.hidden_until > now}
        return [stored for stored in visible if stored.group not in locked]

    def _hand_out(self, stored: _Stored, visibility_seconds: int) -> Message:
        stored.receives += 1
        stored.handle = f"{stored.message_id}#{stored.receives}"
        stored.hidden_until = self.time.now + visibility_seconds
        system = {"ApproximateReceiveCount": str(stored.receives), "SentTimestamp": str(round(stored.sent * 1000))}
        if stored.group is not None:
            system["MessageGroupId"] = stored.group
        return Message(stored.message_id, stored.body, stored.handle, self.name, stored.attributes, system)

    def delete_batch(self, handles: Sequence[str]) -> dict[int, Refusal]:
        self.deletes.append(list(handles))
        self._trouble()
        refused = self._refused()
        done = {handle for index, handle in enumerate(handles) if index not in refused}
        self._stored = [stored for stored in self._stored if stored.handle not in done]
        return refused

    def change_visibility_batch(self, entries: Sequence[tuple[str, int]]) -> dict[int, Refusal]:
        self.changes.append(list(entries))
        self._trouble()
        refused = self._refused()
        for index, (handle, seconds) in enumerate(entries):
            stored = next((stored for stored in self._stored if stored.handle == handle), None)
            if stored is None:
                refused[index] = Refusal("ReceiptHandleIsInvalid", "unknown")
            elif stored.hidden_until <= self.time.now:
                refused[index] = Refusal("MessageNotInflight", "visible")
            elif index not in refused:
                stored.hidden_until = self.time.now + seconds
        return refused

    def _trouble(self) -> None:
        trouble = self.troubles.popleft() if self.troubles else None
        if trouble is not None:
            raise trouble

    def _refused(self) -> dict[int, Refusal]:
        return dict(self.refusals.popleft()) if self.refusals else {}

    def facts(self, now: float) -> QueueFacts:
        hidden = sum(stored.hidden_until > self.time.now for stored in self._stored)
        return QueueFacts(30, Depth(len(self._stored) - hidden, hidden, 0, None, now))

    def send_copy(self, message: Message) -> SendResult:
        copy = replayed(message, message.message_id, None)
        return SendResult(Verdict.SENT, self.send(copy.body, copy.group_id, copy.attributes))


class Bench:
    """What the loops of one queue share, on a fake queue and a clock that holds still."""

    def __init__(self, *, fifo: bool = False, batch: int = 10, maximum_receives: int | None = None) -> None:
        self.time = FakeClock()
        self.queue = FakeQueue(self.time, fifo, FIFO_NAME if fifo else NAME)
        self.ledger = Ledger(self.time.clock())
        self.events = EventLog(self.time.clock())
        self.holding = Holding(self.ledger, self.events, self.queue.name, fifo)
        self.holding.maximum_receives = maximum_receives
        self.gate = PollGate(self.holding, batch)

    def receive(self, *bodies: str, group: str | None = None, visibility_seconds: int = 30) -> list[Message]:
        """Send bodies, receive them, and have them held."""
        for body in bodies:
            self.queue.send(body, group)
        messages = self.queue.receive(10, 0, visibility_seconds, None).messages
        self.queue.polls.clear()
        self.holding.admit(messages, visibility_seconds, visibility_seconds / 2, 0.0)
        return list(messages)

    def take(self, worker: str = "worker-1") -> Held:
        """Hand the next message to a worker; fails when there is none."""
        held = self.take_if_any(worker)
        assert held is not None
        return held

    def take_if_any(self, worker: str = "worker-1") -> Held | None:
        """As a worker does it, without waiting."""
        return self.holding.take(worker, lambda: False, 0.0)

    def totals(self) -> Totals:
        """The counters, after a look at whether they balance."""
        with self.ledger.lock:
            totals = self.ledger.totals_locked()
        assert_balance(totals, self.holding.size())
        return totals

    def texts(self, code: str) -> list[str]:
        """The texts of the events of a code."""
        return [event.text for event in self.events.snapshot() if event.code == code]

    def refuse_next(self, *codes: str | None) -> None:
        """Refuse entries of the next batch, by position; None confirms."""
        self.queue.refusals.append({index: Refusal(code, "no") for index, code in enumerate(codes) if code})


def assert_balance(totals: Totals, held: int) -> None:
    """Every received message is in exactly one place, and nothing is negative."""
    ended = totals.handled + totals.discarded + totals.failed + totals.released + totals.leases_lost
    assert totals.received == ended + held, totals
    assert totals.failed == totals.retried + totals.given_up, totals
    assert min(getattr(totals, name) for name in Totals.__dataclass_fields__) >= 0, totals


def stopping_slot(name: str) -> Slot:
    """A thread's place whose step does what is due and waits for nothing."""
    slot = Slot(name)
    slot.stop()
    return slot


class Wake(threading.Event):
    """An event whose wait is over at once; `asked` is how long it should have been."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(-1.0 if timeout is None else timeout)
        return True
