"""What a consumer's threads write down and faces read: one lock, microseconds under it, everything bounded.

`Holding` (what is held) and the acker's queue share this lock, so that a snapshot always adds up.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, deque
from math import ceil
from typing import TYPE_CHECKING

from sqs_core.clock import SYSTEM_CLOCK, Clock
from sqs_core.ended import Endings
from sqs_core.failures import FailureTally
from sqs_core.histogram import BUCKET_BOUNDS_SECONDS, Histogram, Histograms
from sqs_core.model import Latencies, Outcome, Percentiles, Role, ThreadInfo, ThreadState, Totals
from sqs_core.spending import RequestPace, requests_per_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqs_core.ended import Ended
    from sqs_core.model import Finished, Message

LATENCY_WINDOW = 512
HISTORY_MESSAGES = 500
HISTORY_BYTES = 16 * 1024 * 1024
_COLUMNS: dict[Outcome, tuple[str, ...]] = {
    Outcome.HANDLED: ("handled",),
    Outcome.DISCARDED: ("discarded",),
    Outcome.RETRIED: ("failed", "retried"),
    Outcome.GIVEN_UP: ("failed", "given_up"),
    Outcome.RELEASED: ("released",),
    Outcome.LEASE_LOST: ("leases_lost",),
}


class LatencyWindow:
    """The newest samples and a histogram of all; percentiles are computed only when asked and changed."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=LATENCY_WINDOW)
        self._sum_seconds = 0.0
        self._buckets = [0] * (len(BUCKET_BOUNDS_SECONDS) + 1)
        self._computed = Percentiles()

    def add(self, seconds: float) -> None:
        """Record one sample; a negative one (a clock that ran backwards) counts as zero."""
        if seconds < 0.0:
            seconds = 0.0
        self._samples.append(seconds)
        self._sum_seconds += seconds
        self._buckets[bisect_left(BUCKET_BOUNDS_SECONDS, seconds)] += 1

    def add_all(self, samples: Iterable[float]) -> None:
        """Record samples, as `add` does each."""
        for seconds in samples:
            self.add(seconds)

    def percentiles(self) -> Percentiles:
        """Nearest-rank percentiles of the window."""
        count = sum(self._buckets)
        if self._computed.count != count:
            ordered = sorted(self._samples)
            p50, p95, p99, most = (
                round(ordered[ceil(len(ordered) * percent / 100) - 1] * 1000, 3) for percent in (50, 95, 99, 100)
            )
            self._computed = Percentiles(p50, p95, p99, most, count)
        return self._computed

    def histogram(self) -> Histogram:
        """All samples since the start, by size."""
        return Histogram(tuple(self._buckets), self._sum_seconds)


class History:
    """The ring of finished messages, bounded in number and in bytes of their bodies."""

    def __init__(self) -> None:
        self._entries: deque[Ended] = deque()
        self._sizes: deque[int] = deque()
        self._bytes = 0
        self._snapshot: Endings | None = None
        self.on_add: Callable[[Finished, Message, float], None] | None = None
        """Told of each message with the time of its receive, under the ledger's lock: it must return at once."""

    def add(self, ended: Ended) -> None:
        """Append, and forget the oldest where a bound is passed."""
        if self.on_add is not None:
            self.on_add(ended.finished(), ended.message, ended.timeline[0][0])
        size = _size(ended.message)
        self._entries.append(ended)
        self._sizes.append(size)
        self._bytes += size
        while self._entries and (len(self._entries) > HISTORY_MESSAGES or self._bytes > HISTORY_BYTES):
            self._entries.popleft()
            self._bytes -= self._sizes.popleft()
        self._snapshot = None

    def find(self, message_id: str) -> tuple[Finished, Message, tuple[tuple[float, str], ...]] | None:
        """The newest entry of a message, or None when it has been forgotten."""
        found = next((ended for ended in reversed(self._entries) if ended.message.message_id == message_id), None)
        return None if found is None else (found.finished(), found.message, tuple(found.timeline))

    def snapshot(self) -> Endings:
        """The same object while nothing changes."""
        if self._snapshot is None:
            self._snapshot = Endings(tuple(self._entries))
        return self._snapshot


def _size(message: Message) -> int:
    size = len(message.body)
    if message.typed_attributes:
        size += sum(len(attribute.value) for attribute in message.typed_attributes.values())
    return size


class _Thread:
    """What a thread does now; `info` is its frozen view, made when somebody looks and kept until something changes."""

    __slots__ = ("_info", "error", "failed", "handled", "message_id", "name", "role", "since", "state")

    def __init__(self, name: str, role: Role) -> None:
        self.name, self.role = name, role
        self.handled = self.failed = 0
        self._info: ThreadInfo | None = None

    def enter(self, state: ThreadState, since: float, message_id: str | None, error: str | None) -> None:
        self.state, self.since, self.message_id, self.error = state, since, message_id, error
        self._info = None

    def count(self, succeeded: bool) -> None:
        if succeeded:
            self.handled += 1
        else:
            self.failed += 1
        self._info = None

    def info(self) -> ThreadInfo:
        if self._info is None:
            self._info = ThreadInfo(
                self.name, self.role, self.state, self.since, self.message_id, self.handled, self.failed, self.error
            )
        return self._info


class Ledger:
    """Counters, threads, latencies and history of one consumer. Methods ending in `_locked` expect `lock` to be held."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self.clock = clock
        self.lock = threading.Lock()
        self.history = History()
        self.failures = FailureTally()
        self._totals: dict[str, int] = dict.fromkeys(Totals.__dataclass_fields__, 0)
        self._requests: Counter[str] = Counter()
        self._pace = RequestPace()
        self._threads: dict[str, _Thread] = {}
        self._poll, self._queue, self._handler, self._ack = (LatencyWindow() for _ in range(4))

    def request(self, operation: str) -> None:
        """Count one request on the wire."""
        with self.lock:
            self._requests[operation] += 1
            self._pace.add(self.clock.monotonic())

    def count(self, column: str, amount: int = 1) -> None:
        """Add to one of the `Totals`."""
        with self.lock:
            self._totals[column] += amount

    def count_locked(self, column: str, amount: int = 1) -> None:
        self._totals[column] += amount

    def end_locked(self, outcome: Outcome) -> None:
        """Put one received message into its final column."""
        for column in _COLUMNS[outcome]:
            self._totals[column] += 1

    def finished_locked(self) -> int:
        return self._totals["handled"] + self._totals["discarded"] + self._totals["given_up"]

    def finished_messages(self) -> int:
        """Messages that are done for good here: handled, discarded or given up."""
        with self.lock:
            return self.finished_locked()

    def poll_latency(self, seconds: float) -> None:
        with self.lock:
            self._poll.add(seconds)

    def queue_latencies_locked(self, seconds: Iterable[float]) -> None:
        self._queue.add_all(seconds)

    def ack_latencies_locked(self, seconds: Iterable[float]) -> None:
        self._ack.add_all(seconds)

    def thread(self, name: str, role: Role, state: ThreadState, message_id: str | None = None, error: str | None = None) -> None:
        """Write down what a thread does now; `since` moves only when the state, the message or the error changes."""
        with self.lock:
            self.thread_locked(name, role, state, message_id, error)

    def thread_locked(
        self,
        name: str,
        role: Role,
        state: ThreadState,
        message_id: str | None = None,
        error: str | None = None,
        *,
        keep_error: bool = False,
        anew: bool = False,
    ) -> None:
        """As `thread`, for who has the lock. `anew` moves `since` in any case: the same is begun once more."""
        known = self._threads.get(name)
        if known is None:
            known = self._threads[name] = _Thread(name, role)
        elif not anew and known.state is state and known.message_id == message_id and (keep_error or known.error == error):
            return
        elif keep_error:
            error = known.error
        known.enter(state, self.clock.wall(), message_id, error)

    def handling_locked(self, worker: str, message_id: str, at: float) -> None:
        """A worker has begun with a message; `at` is by the wall's clock."""
        known = self._threads.get(worker)
        if known is None:
            known = self._threads[worker] = _Thread(worker, Role.WORKER)
        known.enter(ThreadState.HANDLING, at, message_id, None)

    def handler_ended_locked(self, worker: str | None, seconds: float, succeeded: bool) -> None:
        """A worker's handler took so long for one more message, which counts as handled or as failed."""
        self._handler.add(seconds)
        known = self._threads.get(worker) if worker is not None else None
        if known is not None:
            known.count(succeeded)

    def thread_gone(self, name: str) -> None:
        """Forget a thread that ended on purpose."""
        with self.lock:
            self._threads.pop(name, None)

    def totals_locked(self) -> Totals:
        return Totals(**self._totals)

    def requests_locked(self) -> dict[str, int]:
        return dict(self._requests)

    def requests_per_message_locked(self) -> float | None:
        return requests_per_message(self._requests.total(), self._totals["received"])

    def requests_per_day_locked(self) -> float | None:
        return self._pace.per_day(self.clock.monotonic())

    def threads_locked(self) -> tuple[ThreadInfo, ...]:
        return tuple([thread.info() for thread in self._threads.values()])

    def latencies_locked(self) -> Latencies:
        return Latencies(
            self._poll.percentiles(), self._queue.percentiles(), self._handler.percentiles(), self._ack.percentiles()
        )

    def histograms(self) -> Histograms:
        """All latencies since the start, by size."""
        with self.lock:
            return Histograms(*(window.histogram() for window in (self._poll, self._queue, self._handler, self._ack)))
