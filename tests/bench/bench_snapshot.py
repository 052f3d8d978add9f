"""How long a snapshot takes, which is how long it holds the lock that workers need: 64 workers, 1,000 held messages.

`quiet`: nothing changed since the last one. `busy`: 64 messages ended and 64 came since the last one. `extended`: the
lease of every held message was extended since the last one, which is the worst there is.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from sqs_core.events import EventLog
from sqs_core.held import Held, Verdict
from sqs_core.holding import Holding
from sqs_core.ledger import Ledger
from sqs_core.model import Message, Outcome, Role, ThreadState

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS = 64
HELD = 1_000
ROUNDS = 500
GOAL_MS = 1.0
VISIBILITY_SECONDS = 30


class Bench:
    """A consumer's state without its threads, as full as the bounds let it be."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.holding = Holding(self.ledger, EventLog(), "bench", fifo=False)
        self._number = 0
        self._taken: list[Held] = []
        for at in range(WORKERS):
            self.ledger.thread(f"worker-{at}", Role.WORKER, ThreadState.STARTING)
        self._receive(HELD)
        for _ in range(10):
            self.busy()

    def _receive(self, count: int) -> None:
        for _ in range(count):
            self._number += 1
            system = {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))}
            message = Message(f"{self._number:036x}", "order " * 43, "handle", "bench", system=system)
            self.holding.admit([message], VISIBILITY_SECONDS, 5.0, 0.0)

    def quiet(self) -> None:
        """Nothing happens."""

    def busy(self) -> None:
        """Every worker ends its message and takes another; as many come in."""
        for held in self._taken:
            self.holding.conclude(held, Verdict(Outcome.HANDLED))
        self.holding.settle(self._taken)
        self.holding.settling.clear()
        self._receive(len(self._taken))
        taken = [self.holding.take(f"worker-{at}", lambda: False, 0) for at in range(WORKERS)]
        self._taken = [held for held in taken if held is not None]
        assert len(self._taken) == WORKERS
        assert self.holding.size() == HELD

    def extended(self) -> None:
        """The lease of every message is extended."""
        with self.ledger.lock:
            for held in self.holding.held_locked():
                held.grant_lease(VISIBILITY_SECONDS, 5.0, self.ledger.clock.lease(), self.ledger.clock.wall())

    def snapshot(self) -> None:
        """What a consumer's snapshot reads under the lock."""
        ledger = self.ledger
        with ledger.lock:
            ledger.totals_locked()
            ledger.requests_locked()
            ledger.latencies_locked()
            ledger.threads_locked()
            ledger.history.snapshot()
            self.holding.busy_locked()
            self.holding.in_flight_locked()


def measure(bench: Bench, happen: Callable[[], None]) -> tuple[float, float]:
    """p50 and p99 of a snapshot in milliseconds, where something happens before each."""
    samples = []
    for _ in range(ROUNDS):
        happen()
        began = time.perf_counter()
        bench.snapshot()
        samples.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(samples, n=100)
    return cuts[49], cuts[98]


def main() -> None:
    """Print the table."""
    bench = Bench()
    print(f"snapshot with {WORKERS} workers and {HELD:,} held messages, {ROUNDS} rounds")
    print(f"{'':10}  {'p50 ms':>7}  {'p99 ms':>7}  goal p99 <= {GOAL_MS:g} ms")
    for happen in (bench.quiet, bench.busy, bench.extended):
        p50, p99 = measure(bench, happen)
        print(f"{happen.__name__:10}  {p50:>7.3f}  {p99:>7.3f}  {'met' if p99 <= GOAL_MS else 'MISSED'}")


if __name__ == "__main__":
    main()
