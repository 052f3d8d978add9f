"""Sending many messages to one queue so that a killed run can be run again: the journal is written before a send and after."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqs_core.client import SEND
from sqs_core.errors import ConfigurationError
from sqs_core.outgoing import LARGEST_BYTES
from sqs_core.put_back_journal import Step
from sqs_core.queue_facts import fetch_attributes, looking_client, resolve_queue, whole
from sqs_core.sender import BATCH, Sender, SendResult, Verdict, batches
from sqs_core.settings import parse_queue

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqs_core.client import AwsSession
    from sqs_core.outgoing import Outgoing
    from sqs_core.put_back_journal import Journal

FASTEST_RATE = 10_000.0
MOST_FAILURES_IN_A_ROW = 30


@dataclass(frozen=True, slots=True)
class Target:
    """A queue that messages go to. `largest_bytes` is the most it takes of one.

    `by_content` says that a FIFO queue makes the deduplication id itself where a message has none.
    """

    name: str
    url: str
    fifo: bool
    largest_bytes: int
    by_content: bool = False

    def problem(self, message: Outgoing) -> str | None:
        """Why it would be refused, or None."""
        if self.fifo and message.group_id is None:
            return f"it has no message group id, and {self.name} is FIFO"
        return message.problem(self.largest_bytes)


def find_target(session: AwsSession, queue: str) -> Target:
    """The queue of a name, a URL or an ARN. Raises `ConfigurationError` where there is none, else what `looking_client` does."""
    reference = parse_queue(queue)
    with looking_client(session) as client:
        url = resolve_queue(reference, client, session.connection.region)
        attributes = fetch_attributes(client, url)
    largest = whole(attributes.get("MaximumMessageSize")) or LARGEST_BYTES
    by_content = attributes.get("ContentBasedDeduplication") == "true"
    return Target(reference.name, url, reference.fifo, largest, by_content)


def check_rate(name: str, rate: float | None) -> None:
    """Raise `ConfigurationError` for a rate that cannot be kept; `name` is how it was given."""
    if rate is not None and not 0 < rate <= FASTEST_RATE:
        raise ConfigurationError(f"{name} {rate:g} is not between 0 and {FASTEST_RATE:,.0f} messages a second")


class Pace:
    """At most so many messages a second, None is as fast as it goes; at most `most` at once."""

    def __init__(self, rate: float | None, stop: threading.Event, most: int = BATCH) -> None:
        check_rate("--rate", rate)
        self._rate, self._stop, self._most = rate, stop, most
        self._next = time.monotonic()

    @property
    def batch(self) -> int:
        """How many go out at once, so that a slow rate is even."""
        return self._most if self._rate is None else max(1, min(self._most, int(self._rate)))

    def wait(self, count: int) -> bool:
        """Until so many may go out; False if it was stopped meanwhile."""
        if self._rate is not None:
            now = time.monotonic()
            self._stop.wait(max(0.0, self._next - now))
            self._next = max(self._next, now) + count / self._rate
        return not self._stop.is_set()


class Putter:
    """Sends to one target. Each message is in the journal before it is sent and after."""

    def __init__(
        self,
        session: AwsSession,
        target: Target,
        journal: Journal,
        pace: Pace,
        stop: threading.Event,
        *,
        retry_uncertain: bool = False,
    ) -> None:
        self.target = target
        self._retry_uncertain = retry_uncertain
        self._client = session.client(SEND)
        self._sender = Sender(self._client, target.url, stop, fifo=target.fifo)
        self._journal, self._pace = journal, pace
        self._blocked: set[str | None] = set()

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def block(self, group_id: str | None) -> None:
        """Send nothing more of a group to a FIFO queue: one of it stays."""
        self._blocked.add(group_id)

    def put(
        self, messages: Iterable[Outgoing], ready: Callable[[Outgoing], bool] = lambda _: True
    ) -> Iterator[dict[str, SendResult]]:
        """Send in order, a result for each; fewer where it was stopped. Raises `ConfigurationError` if the journal fails.

        `ready` is asked at the last moment; what is not has no result. To a FIFO queue one at a time, so that the order in a
        group holds: behind one that did not arrive none is sent.
        """
        for batch in batches(messages, 1 if self.target.fifo else self._pace.batch):
            if self.target.fifo and batch[0].group_id in self._blocked:
                why = "one of its group before it was not sent, and the order is kept"
                yield {batch[0].key: SendResult(Verdict.REFUSED, None, why, held_back=True)}
                continue
            if not self._pace.wait(len(batch)):
                return
            going = [each for each in batch if ready(each)]
            if going:
                results = self._put(going) if self._may_be_sent(going) else _too_late(going)
                self._blocked |= {each.group_id for each in going if results[each.key].verdict is not Verdict.SENT}
                yield results

    def _may_be_sent(self, batch: Sequence[Outgoing]) -> bool:
        """A repeat on a FIFO queue is safe for minutes only, and the plan may have waited longer for its answer."""
        steps = [step for each in batch if (step := self._journal.steps.get(each.key)) is not None and step.open]
        return self._retry_uncertain or all(step.may_be_repeated(time.time()) for step in steps)

    def _put(self, batch: Sequence[Outgoing]) -> dict[str, SendResult]:
        now = time.time()
        before = {
            each.key: Step("intent", self._first_tried(each, now), self.target.url, each.dedup_id if self.target.fifo else None)
            for each in batch
        }
        open_before = {each.key for each in batch if (step := self._journal.steps.get(each.key)) is not None and step.open}
        self._journal.note(before)
        results = self._sender.send(batch)
        known = {key: result for key, result in results.items() if result.verdict is not Verdict.REFUSED}
        self._journal.note(
            {key: replace(before[key], state=result.verdict.value, new_id=result.message_id) for key, result in known.items()}
        )
        self._journal.forget(key for key in results if key not in known and key not in open_before)
        return results

    def _first_tried(self, message: Outgoing, now: float) -> float:
        """A repeat is counted from the first try, for SQS does so too."""
        step = self._journal.steps.get(message.key)
        same = step is not None and step.dedup_id == message.dedup_id is not None and step.may_be_repeated(now)
        return step.at if step is not None and same else now


class Wall:
    """Counts the sends that failed in a row, so that nobody goes on against a wall."""

    def __init__(self) -> None:
        self._failures = 0

    def met(self, results: Mapping[str, SendResult]) -> str:
        """Why to stop after these, or an empty text. What was held back was not tried, and counts for nothing."""
        tried = [result for result in results.values() if not result.held_back]
        if any(result.verdict is Verdict.SENT for result in tried):
            self._failures = 0
            return ""
        self._failures += len(tried)
        if not tried or self._failures < MOST_FAILURES_IN_A_ROW:
            return ""
        return f"stopped after {self._failures} in a row that were not sent: {tried[-1].why}"


def _too_late(batch: Sequence[Outgoing]) -> dict[str, SendResult]:
    why = "an earlier run may have sent it, and a FIFO queue remembers for 5 minutes only"
    return {each.key: SendResult(Verdict.UNCERTAIN, None, why) for each in batch}
