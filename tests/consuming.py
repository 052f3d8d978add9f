"""Consuming from a real server: queues filled and looked at past the code under test, and the command line as a process."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fakes import assert_balance
from sqs_core import Consumer
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mypy_boto3_sqs import SQSClient

    from servers import TestQueue
    from sqs_core.message import Message
    from sqs_core.model import ConsumerSnapshot, RunState, Snapshot

PROGRAM = Path(sys.executable).with_name("sqs-tui")
PROCESS_SECONDS = 60
_BALANCED = ("handled", "discarded", "failed", "released", "leases_lost", "in_flight_at_exit")


def fill(sqs: SQSClient, queue: TestQueue, bodies: Iterable[str], groups: Iterable[str] | None = None) -> None:
    """Send bodies, in batches; with `groups` one group for each body, and in order."""
    entries: list[dict[str, str]] = []
    for number, (body, group) in enumerate(zip(bodies, groups or iter(lambda: "", None), strict=False)):
        fifo = {"MessageGroupId": group, "MessageDeduplicationId": str(number)} if group else {}
        entries.append({"Id": str(number), "MessageBody": body, **fifo})
    batches = [entries[start : start + 10] for start in range(0, len(entries), 10)]
    with ThreadPoolExecutor(1 if groups else 8) as pool:
        for answer in pool.map(lambda batch: sqs.send_message_batch(QueueUrl=queue.url, Entries=batch), batches):
            assert not answer.get("Failed")


def depth(sqs: SQSClient, url: str) -> tuple[int, int]:
    """Visible and in flight, as the server says."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]), int(attributes["ApproximateNumberOfMessagesNotVisible"])


def receive_counts(sqs: SQSClient, queue: TestQueue) -> list[int]:
    """Receives of each message, this one included; the messages stay hidden."""
    counts: list[int] = []
    while found := sqs.receive_message(
        QueueUrl=queue.url, MaxNumberOfMessages=10, VisibilityTimeout=60, MessageSystemAttributeNames=["All"]
    ).get("Messages"):
        counts += [int(message["Attributes"]["ApproximateReceiveCount"]) for message in found]
    return sorted(counts)


def bodies_in(sqs: SQSClient, url: str) -> list[str]:
    """All bodies that are visible; they are received."""
    bodies: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60).get("Messages"):
        bodies += [message["Body"] for message in messages]
    return bodies


class Handled:
    """A handler that keeps what it was given, then does as `verdict` does. Safe from any thread."""

    def __init__(self, verdict: Callable[[Message], None] = lambda _message: None) -> None:
        self.messages: list[Message] = []
        self._verdict = verdict
        self._lock = threading.Lock()

    def __call__(self, message: Message) -> None:
        with self._lock:
            self.messages.append(message)
        self._verdict(message)

    def counts(self) -> collections.Counter[str]:
        """How often each body came."""
        with self._lock:
            return collections.Counter(message.body for message in self.messages)


def held_up(until: threading.Event, seconds: float = DEADLINE_SECONDS) -> Handled:
    """A handler that waits for an event, but not for ever."""

    def wait(_message: Message) -> None:
        until.wait(seconds)

    return Handled(wait)


@contextlib.contextmanager
def running(endpoint_url: str, queue: TestQueue, handler: str | Callable[[Message], Any], **settings: Any) -> Iterator[Consumer]:
    """A consumer in the background that is stopped at the end, cleanly or not."""
    chosen: dict[str, Any] = {"wait_seconds": 1, "drain_timeout_seconds": 5, **settings}
    consumer = Consumer(queue.name, handler=handler, endpoint_url=endpoint_url, **chosen)
    consumer.start()
    try:
        yield consumer
    finally:
        consumer.stop()


def look(consumer: Consumer) -> ConsumerSnapshot:
    """The snapshot of a consumer's only queue, after a look at whether it is consistent."""
    (snapshot,) = consumer.snapshot().consumers
    assert_balance(snapshot.totals, snapshot.held)
    assert 0 <= snapshot.workers.busy <= snapshot.workers.live
    assert snapshot.pollers.live >= 0
    assert 0 <= snapshot.buffer.size <= snapshot.held
    return snapshot


def wait_for_state(consumer: Consumer, state: RunState) -> None:
    """Wait until the consumer is in a state."""
    wait_until(lambda: look(consumer).state is state)


def finished(consumer: Consumer) -> int:
    """Messages handled, discarded or given up."""
    totals = look(consumer).totals
    return totals.handled + totals.discarded + totals.given_up


def codes(snapshot: Snapshot) -> set[str]:
    """The codes of a snapshot's events."""
    return {event.code for event in snapshot.events}


class Process:
    """`sqs-tui consume QUEUE… --headless`, in a directory of its own so that handlers of this test are found there."""

    def __init__(self, endpoint_url: str, *arguments: str, directory: Path | None = None) -> None:
        command = [str(PROGRAM), "--endpoint-url", endpoint_url, "consume", *arguments, "--headless"]
        self._out, self._errors = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(command, stdout=self._out, stderr=self._errors, cwd=directory)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(DEADLINE_SECONDS)
        self._out.close()
        self._errors.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal; to one that has ended it is nothing."""
        self._process.send_signal(number)

    def wait_for(self, text: str) -> None:
        """Wait until stderr holds a text."""
        wait_until(lambda: text in self.errors())

    def errors(self) -> str:
        """What it has written to stderr so far."""
        return _whole(self._errors)

    def end(self, seconds: float = PROCESS_SECONDS) -> Ended:
        """Wait for the end."""
        started = time.monotonic()
        code = self._process.wait(seconds)
        return Ended(code, _whole(self._out), _whole(self._errors), time.monotonic() - started)


def _whole(file: IO[str]) -> str:
    """What another process has written so far, without moving the position it shares with us."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode()


class Ended:
    """How a process ended, `seconds` after one began to wait for it."""

    def __init__(self, code: int, out: str, errors: str, seconds: float) -> None:
        self.code, self.out, self.errors, self.seconds = code, out, errors, seconds

    def report(self, code: int = 0) -> dict[str, Any]:
        """The report, which must balance; the exit code must be `code`."""
        assert self.code == code, self.errors
        (line,) = self.out.splitlines()
        report: dict[str, Any] = json.loads(line)
        assert report["received"] == sum(report[name] for name in _BALANCED), report
        assert report["failed"] == report["retried"] + report["given_up"], report
        return report


def wait_for_depth(sqs: SQSClient, url: str, expected: tuple[int, int], seconds: float = DEADLINE_SECONDS) -> None:
    """Wait until the server says so; a mismatch is told."""
    seen: list[tuple[int, int]] = []

    def reached() -> bool:
        seen.append(depth(sqs, url))
        return seen[-1] == expected

    try:
        wait_until(reached, seconds, look_seconds=0.05)
    except AssertionError:
        raise AssertionError(f"visible and in flight are {seen[-1]}, not {expected}") from None
