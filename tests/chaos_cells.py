"""The faults and the operations they are tried on, and what a consumer must have done at the end of each try."""

from __future__ import annotations

import collections
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from consuming import depth, fill
from fakes import assert_balance
from sqs_core.demo.chaos import ChaosProxy, Fault, Rule
from sqs_core.engine import Engine
from sqs_core.handlers import Handler
from sqs_core.model import Level
from sqs_core.outgoing import REPLAYED_FROM
from sqs_core.report import make_report
from sqs_core.settings import ConsumerSettings, make_connection_settings
from sqs_core.words import Transport
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs import SQSClient

    from servers import TestQueue
    from sqs_core.message import Message
    from sqs_core.model import Snapshot

MESSAGES = 12
VISIBILITY_SECONDS = 4
STRUCK_ENOUGH = 3
MOST_REQUESTS_A_SECOND = 25
"""Of one operation, from one consumer. A hot loop makes hundreds."""
SECONDS = 60.0
_NOTHING_ANSWERS = "nothing answers at http://127.0.0.1:"
_BEGINNING = 40
"""Characters of a text that are seen however narrow its column is."""


@dataclass(frozen=True)
class Trouble:
    """A fault, by a name. `said` is in the event that tells of it; None where a client cannot know, or all goes well."""

    name: str
    rule: Rule | None
    said: str | None


def _error(code: str, status: int) -> Trouble:
    return Trouble(f"{status} {code}", Rule(Fault.ERROR, code=code, status=status), code)


EVERYWHERE = [
    Trouble("refused", None, "EndpointConnectionError"),
    Trouble("reset", Rule(Fault.RESET), "ConnectionClosedError"),
    Trouble("answer lost", Rule(Fault.LOST), "ConnectionClosedError"),
    Trouble("hung", Rule(Fault.HUNG), "ReadTimeoutError"),
    Trouble("hung, but done", Rule(Fault.STALLED), "ReadTimeoutError"),
    Trouble("truncated", Rule(Fault.TRUNCATED), ""),
    Trouble("dripped", Rule(Fault.DRIPPED, seconds=0.5), None),
    Trouble("slow", Rule(Fault.SLOW, seconds=0.5), None),
    Trouble("request twice", Rule(Fault.TWICE), None),
    Trouble("date 1 h off", Rule(Fault.SKEWED, seconds=-3600), None),
    Trouble("200 with HTML", Rule(Fault.HTML, status=200), ""),
    Trouble("200 empty", Rule(Fault.EMPTY), ""),
    Trouble("502 with HTML", Rule(Fault.HTML, status=502), ""),
    _error("InternalFailure", 500),
    _error("ServiceUnavailable", 503),
    _error("RequestThrottled", 400),
    _error("ThrottlingException", 400),
    _error("OverLimit", 403),
    _error("AccessDenied", 403),
    _error("ExpiredToken", 403),
    _error("InvalidClientTokenId", 403),
    _error("RequestTimeTooSkewed", 403),
    _error("SignatureDoesNotMatch", 403),
    _error("AWS.SimpleQueueService.NonExistentQueue", 400),
    _error("Unheard.Of", 418),
    _error("TooManyRequests", 429),
]
ONLY = {
    "receive": [
        Trouble("delivered again while held", Rule(Fault.REDELIVERED, times=2), "lost: "),
        Trouble("wrong MD5", Rule(Fault.WRONG_MD5), "MD5"),
    ],
    "delete": [Trouble("every second refused", Rule(Fault.PARTIAL, code="InternalError"), "InternalError")],
    "change visibility": [Trouble("every second refused", Rule(Fault.PARTIAL, code="InternalError"), "InternalError")],
    "send": [Trouble("wrong MD5", Rule(Fault.WRONG_MD5), "MD5")],
}
OPERATIONS = {
    "receive": "ReceiveMessage",
    "delete": "DeleteMessageBatch",
    "change visibility": "ChangeMessageVisibilityBatch",
    "send": "SendMessage",
    "attributes": "GetQueueAttributes",
    "STS": "*",
}
BY_TRANSPORT = ("receive", "delete", "change visibility")
"""These go through either transport; all others always through the SDK."""


@dataclass(frozen=True)
class Cell:
    """One fault on one operation, by one transport."""

    operation: str
    trouble: Trouble
    transport: Transport

    def __str__(self) -> str:
        return f"{self.operation} × {self.trouble.name} ({self.transport})"


def cells_of(operation: str) -> dict[Transport, list[Cell]]:
    """An operation's part of the matrix."""
    transports = (Transport.BOTO3, Transport.LEAN) if operation in BY_TRANSPORT else (Transport.AUTO,)
    troubles = (*EVERYWHERE, *ONLY.get(operation, ()))
    return {transport: [Cell(operation, trouble, transport) for trouble in troubles] for transport in transports}


class Try:
    """One cell's queue, proxy and engine. `handled` counts by body, copies that were sent again by what they were sent from."""

    def __init__(self, cell: Cell, upstream: str, past: SQSClient, queue: TestQueue) -> None:
        self.cell, self.past, self.queue = cell, past, queue
        self.proxy = ChaosProxy(upstream)
        self.handled: collections.Counter[str] = collections.Counter()
        self.copies: collections.Counter[str] = collections.Counter()
        self.bodies = [f"message {number}" for number in range(MESSAGES)]
        self.retry: Callable[[Message], None] = lambda _message: None
        self.connection: dict[str, Any] = {"endpoint_url": self.proxy.url}
        self.engine: Engine | None = None
        self.shown: Snapshot | None = None

    def _handle(self, message: Message) -> None:
        self.retry(message)
        copied = message.typed_attributes.get(REPLAYED_FROM)
        if copied is None:
            self.handled[message.body] += 1
        else:
            self.copies[str(copied.value)] += 1

    @contextlib.contextmanager
    def consuming(self) -> Iterator[Engine]:
        """A started engine, drained at the end, its numbers in balance."""
        settings = ConsumerSettings(
            workers=2, pollers=1, wait_seconds=1, read_timeout_seconds=2, drain_timeout_seconds=10, transport=self.cell.transport
        )
        connection = make_connection_settings(**self.connection)
        engine = self.engine = Engine(connection, settings, [(self.queue.name, Handler("test", self._handle))])
        engine.start()
        try:
            yield engine
        finally:
            engine.drain()
            try:
                wait_until(engine.ended, 15)
            finally:
                engine.stop_now()
                engine.close()
        (consumer,) = engine.snapshot().consumers
        assert_balance(consumer.totals, consumer.held)

    def fill(self) -> None:
        """Put the messages into the queue, past the proxy."""
        fill(self.past, self.queue, self.bodies)

    def begin(self) -> None:
        """Let the fault happen from now on."""
        rule = self.cell.trouble.rule
        if rule is None:
            self.proxy.down()
        else:
            self.proxy.add(replace(rule, operation=OPERATIONS[self.cell.operation]))

    def end(self) -> None:
        """No fault from now on."""
        self.proxy.clear()
        self.proxy.up()

    def struck(self) -> bool:
        """Whether the fault has happened so often that a hot loop would show."""
        rule = self.cell.trouble.rule
        if rule is None:
            return True
        wanted = min(STRUCK_ENOUGH, rule.times or STRUCK_ENOUGH)
        return self.proxy.struck[rule.fault] >= (1 if self.cell.trouble.said is None else wanted)

    def texts(self, *codes: str) -> list[str]:
        """What the events of these codes say."""
        assert self.engine is not None
        return [event.text for event in self.engine.snapshot().events if event.code in codes]

    def said(self, *codes: str) -> bool:
        """Whether the reason is on the screen; always where nobody can know it."""
        wanted = self.cell.trouble.said
        return wanted is None or any(wanted in text for text in self.texts(*codes))

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """As `wait_until`, saying where it was."""
        try:
            wait_until(condition, SECONDS, look_seconds=0.05)
        except AssertionError:
            events = self.engine.snapshot().events if self.engine else ()
            raise AssertionError(f"{what}; {dict(self.proxy.asked)}; {[event.text[:120] for event in events]}") from None

    def all_handled(self) -> bool:
        """Whether each message was handled."""
        return all(self.handled[body] for body in self.bodies)

    def settled(self) -> None:
        """Wait until all is handled and nothing is left on the server; nothing may have come that was not sent."""
        self.wait(self.all_handled, f"lost: {sorted(set(self.bodies) - set(self.handled))}")
        self.wait(lambda: depth(self.past, self.queue.url) == (0, 0), "not deleted")
        assert set(self.handled) == set(self.bodies)

    def look(self) -> None:
        """No hot loop; and `shown` is what a screen gets while it goes wrong."""
        assert self.engine is not None
        self.shown = self.engine.snapshot()
        busiest = {name: self.proxy.busiest_second(name) for name in self.proxy.asked}
        assert max(busiest.values(), default=0) <= MOST_REQUESTS_A_SECOND, busiest

    @property
    def duplicates(self) -> int:
        """Messages handled more than once, each time beyond the first counted."""
        return sum(count - 1 for counts in (self.handled, self.copies) for count in counts.values())

    def reasons(self, snapshot: Snapshot) -> list[str]:
        """What the snapshot says of the fault: the word that names it, or the texts of all that went wrong."""
        if self.cell.trouble.said is None:
            return []
        troubles = [event.text for event in snapshot.events if event.level in (Level.WARNING, Level.ERROR)]
        named = [self.cell.trouble.said, *((_NOTHING_ANSWERS,) if self.cell.trouble.rule is None else ())]
        return named if self.cell.trouble.said else [text[:_BEGINNING] for text in troubles]

    def unreported(self) -> list[str]:
        """The reasons that the report at the end does not give; any of them will do."""
        assert self.engine is not None
        snapshot = self.engine.snapshot()
        texts = " ".join(trouble["text"] for trouble in make_report(snapshot, 0.0)["troubles"])
        reasons = self.reasons(snapshot)
        return [] if not reasons or any(reason in texts for reason in reasons) else [f"not in the report: {reasons}: {texts}"]
