"""An engine that handles nothing: what it shows is a function of the time, as if so many messages a second went through it.

`python flowing.py RATE FPS [WORKERS HELD]` shows it in the dashboard on this terminal: the viewer's cost without the engine's.
"""

from __future__ import annotations

import sys
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from sqs_core.model import (
    BufferSize,
    Depth,
    Finished,
    InFlight,
    Latencies,
    Outcome,
    Percentiles,
    PoolSize,
    RunState,
    ThreadState,
    Totals,
)
from sqs_tui.options import DashboardOptions
from tui_canned import EVENTS, PREVIEWS, consumer, held, message_id, poller, quiet_consumer, snapshot, worker
from tui_fakes import FakeFacade

if TYPE_CHECKING:
    from sqs_core.model import ConsumerSnapshot, Snapshot, ThreadInfo

WORKERS = 16
HISTORY = 500
BUSY_SHARE = 0.8
FAILS_EVERY = 13


class Flowing(FakeFacade):
    """So many messages a second through one queue, of which `waiting` wait for a worker; with 0, nothing happens in it."""

    def __init__(self, rate_per_second: float, workers: int = WORKERS, waiting: int = 0) -> None:
        super().__init__()
        self._rate = rate_per_second
        self._workers = workers
        self._waiting = waiting
        self._began = time.time()
        self._handler_seconds = BUSY_SHARE * workers / rate_per_second if rate_per_second else 0.0
        self._ended = False

    def drain(self) -> None:
        """There is nothing to work off."""
        super().drain()
        self._ended = True

    def snapshot(self) -> Snapshot:
        """The engine at this moment."""
        now = time.time()
        one = self._consumer(now) if self._rate else quiet_consumer(depth=Depth(0, 0, 0, None, self._began))
        state = RunState.STOPPED if self._ended else RunState.RUNNING
        return snapshot(one, at=now, state=state, events=EVENTS)

    def _consumer(self, now: float) -> ConsumerSnapshot:
        received = int((now - self._began) * self._rate)
        finished = max(0, int((now - self._began - self._handler_seconds) * self._rate))
        busy = range(finished, min(received, finished + self._workers))
        return consumer(
            pollers=PoolSize(2, 2),
            workers=PoolSize(self._workers, self._workers, len(busy)),
            buffer=BufferSize(self._waiting or received % 10, max(10, self._waiting)),
            depth=Depth(received % 400, len(busy), 0, 1.0, now),
            totals=self._totals(received, finished),
            requests={"ReceiveMessage": received // 8, "DeleteMessageBatch": finished // 8},
            latency_ms=_latencies(received),
            threads=(*(self._poller(number, now) for number in (1, 2)), *self._working(busy, finished, now)),
            in_flight=(*(self._held(number) for number in busy), *self._buffered(busy.stop)),
            history=tuple(self._finished(number) for number in range(max(0, finished - HISTORY), finished)),
        )

    def _totals(self, received: int, finished: int) -> Totals:
        failed = finished // FAILS_EVERY
        handled = finished - failed
        return Totals(received=received, handled=handled, failed=failed, retried=failed, deleted=handled, empty_polls=4)

    def _poller(self, number: int, now: float) -> ThreadInfo:
        return poller(number, ThreadState.WAITING, self._began + int((now - self._began) * 2) / 2)

    def _working(self, busy: range, finished: int, now: float) -> list[ThreadInfo]:
        by_worker = {number % self._workers: number for number in busy}
        threads = []
        for at in range(self._workers):
            handled = (finished + self._workers - 1 - at) // self._workers
            number = by_worker.get(at)
            if number is None:
                threads.append(worker(at, ThreadState.IDLE, int(now), handled=handled))
            else:
                since = self._received_at(number)
                threads.append(worker(at, ThreadState.HANDLING, since, message_id=message_id(number), handled=handled))
        return threads

    def _received_at(self, number: int) -> float:
        return self._began + number / self._rate

    def _held(self, number: int) -> InFlight:
        received_at = self._received_at(number)
        return held(
            number, worker=f"orders-worker-{number % self._workers}", received_at=received_at, lease_expires_at=received_at + 30
        )

    def _buffered(self, first: int) -> list[InFlight]:
        return [_waiting(number, self._began) for number in range(first, first + self._waiting)]

    def _finished(self, number: int) -> Finished:
        return _finished(number, self._received_at(number) + self._handler_seconds, self._handler_seconds * 1000)


@lru_cache(maxsize=4 * HISTORY)
def _waiting(number: int, received_at: float) -> InFlight:
    return held(number, worker=None, received_at=received_at, lease_expires_at=received_at + 30)


@lru_cache(maxsize=4 * HISTORY)
def _finished(number: int, finished_at: float, handler_ms: float) -> Finished:
    failed = number % FAILS_EVERY == 0
    outcome, error = (Outcome.RETRIED, "HandlerError: the payment service answered 503") if failed else (Outcome.HANDLED, None)
    return Finished(message_id(number), outcome, finished_at, handler_ms + number % 7, error, PREVIEWS[number % len(PREVIEWS)])


def _latencies(received: int) -> Latencies:
    sway = received // 16 % 9
    return Latencies(
        Percentiles(12.0 + sway, 33.0 + sway, 61.0, 88.0, received // 8),
        Percentiles(40.0 + sway, 131.0 + sway, 224.0, 310.0, received),
        Percentiles(204.0 + sway, 238.0, 251.0, 266.0, received),
        Percentiles(31.0, 96.0, 104.0, 140.0, received),
    )


if __name__ == "__main__":
    from sqs_tui.app import run_dashboard

    rate_per_second, fps = map(float, sys.argv[1:3])
    sys.exit(run_dashboard(Flowing(rate_per_second, *map(int, sys.argv[3:])), DashboardOptions(fps=fps)))
