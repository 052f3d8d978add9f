"""Who is woken when: workers one after the other, ackers when a batch is full or nobody would come in time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from fakes import Bench
from sqs_core.handlers import make_handler
from sqs_core.held import Verdict
from sqs_core.model import Outcome
from sqs_core.parking import BATCH, LINGER_SECONDS, Ackers, Parking
from sqs_core.pool import Slot
from sqs_core.worker import Worker
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.message import Message

LONG_SECONDS = 60.0


class _Waiting:
    """Threads in `Parking.wait`; `came` are those that returned, in order."""

    def __init__(self, names: str) -> None:
        self.lock = threading.Lock()
        self.parking = Parking(self.lock)
        self.came: list[str] = []
        self.threads = []
        for name in names:
            self.threads.append(threading.Thread(target=self._wait, args=(name,), daemon=True))
            self.threads[-1].start()
            wait_until(lambda: len(self.parking._parked) == len(self.threads))

    def _wait(self, name: str) -> None:
        with self.lock:
            self.parking.wait(LONG_SECONDS)
            self.came.append(name)

    def do(self, *what: Callable[[], None]) -> None:
        """Under the lock, so that nobody who is called can return in between."""
        with self.lock:
            for each in what:
                each()


def test_one_is_called_at_a_time_and_the_last_that_came_first() -> None:
    waiting = _Waiting("abc")
    waiting.do(waiting.parking.call, waiting.parking.call)
    wait_until(lambda: waiting.came == ["c"])
    assert len(waiting.parking._parked) == 2
    waiting.do(waiting.parking.call)
    wait_until(lambda: waiting.came == ["c", "b"])
    waiting.do(waiting.parking.call_all)
    wait_until(lambda: waiting.came == ["c", "b", "a"])


def test_one_whose_time_is_over_is_not_called_any_more() -> None:
    lock = threading.Lock()
    parking = Parking(lock)
    with lock:
        parking.wait(0.0)
        parking.call()
        assert (parking._parked, parking._on_their_way) == ([], 0)


def test_workers_call_one_another_until_nothing_is_left_for_them() -> None:
    bench, taken = Bench(), []

    def work(name: str) -> None:
        taken.append(bench.holding.take(name, lambda: False, LONG_SECONDS))

    threads = [threading.Thread(target=work, args=(f"worker-{at}",), daemon=True) for at in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(bench.holding.work._parked) == 4)
    bench.receive("one", "two", "three")
    wait_until(lambda: len(taken) == 3)
    assert len(bench.holding.work._parked) == 1
    bench.receive("four")
    wait_until(lambda: len(taken) == 4)


@pytest.mark.parametrize("slow_at", [0, 4])
def test_nothing_waits_behind_a_slow_handler_while_a_worker_is_idle(monkeypatch: pytest.MonkeyPatch, slow_at: int) -> None:
    """However quick the handlers before it were; nobody looks by himself within the time of this test."""
    monkeypatch.setattr("sqs_core.worker._TAKE_WAIT_SECONDS", LONG_SECONDS)
    bench, over, seen = Bench(), threading.Event(), []

    def handle(message: Message) -> None:
        if message.body == "slow":
            over.wait(LONG_SECONDS)
        seen.append(message.body)

    slots = [Slot(f"worker-{at}") for at in range(3)]
    threads = [threading.Thread(target=_work, args=(bench, handle, slot), daemon=True) for slot in slots]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(bench.holding.work._parked) == len(slots))
    quick = [f"quick {at}" for at in range(40)]
    for start in range(0, 30, 10):
        bench.receive(*quick[start : start + 10])
        wait_until(lambda: len(bench.holding.work._parked) == len(slots))
    bench.receive(*quick[30 : 30 + slow_at], "slow", *quick[30 + slow_at : 39])
    wait_until(lambda: len(seen) == 39)
    assert set(seen) == set(quick[:39])
    over.set()
    wait_until(lambda: seen[-1] == "slow")
    for slot in slots:
        slot.stop()
    with bench.holding.lock:
        bench.holding.work.call_all()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)


def _work(bench: Bench, handle: Callable[[Message], None], slot: Slot) -> None:
    worker = Worker(bench.holding, make_handler(handle))
    while not slot.stopping():
        worker.step(slot)


def test_nobody_is_called_for_what_a_bounded_run_may_not_take_yet_and_one_is_when_it_may() -> None:
    bench = Bench()
    bench.holding.budget, taken = 1, []
    bench.receive("one", "two")
    first = bench.take("worker-1")

    def work() -> None:
        taken.append(bench.holding.take("worker-2", lambda: False, LONG_SECONDS))

    threading.Thread(target=work, daemon=True).start()
    wait_until(lambda: len(bench.holding.work._parked) == 1)
    bench.receive("three")
    assert len(bench.holding.work._parked) == 1
    bench.holding.conclude(first, Verdict(Outcome.RETRIED, 0))
    bench.holding.settle([first])
    wait_until(lambda: len(taken) == 1)
    assert taken[0] is not None


@pytest.mark.parametrize(
    ("asleep_seconds", "ready", "coming", "woken"),
    [
        pytest.param(LINGER_SECONDS / 2, 0, BATCH - 1, False, id="a batch not full, and somebody looks in time"),
        pytest.param(LINGER_SECONDS / 2, 0, BATCH, True, id="a full batch"),
        pytest.param(LINGER_SECONDS / 2, BATCH - 1, 1, True, id="one that fills what was there"),
        pytest.param(LINGER_SECONDS * 2, 0, 1, True, id="nobody would look in time"),
    ],
)
def test_an_acker_is_woken_when(asleep_seconds: float, ready: int, coming: int, woken: bool) -> None:
    """The clock that it is told is not the one it sleeps by, so it sleeps for as long as the test lasts."""
    lock, woke = threading.Lock(), threading.Event()
    ackers = Ackers(lock, LINGER_SECONDS)

    def sleep() -> None:
        with lock:
            ackers.wait("acker-1", asleep_seconds - LONG_SECONDS, LONG_SECONDS, ready)
        woke.set()

    threading.Thread(target=sleep, daemon=True).start()
    wait_until(lambda: ackers._until)
    with lock:
        for _ in range(coming):
            ackers.came(0.0, urgent=False)
        notified = not ackers._condition._waiters  # type: ignore[attr-defined]
        assert notified is woken
        ackers.came(0.0, urgent=True)  # as while draining
    assert woke.wait(LONG_SECONDS)
