"""Polls that are never answered, threads that are gone, and a machine that slept: noticed, shown, replaced, and nothing lost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from consuming import Handled, fill
from drip_proxy import DripProxy
from fakes import Bench, FakeClock
from sqs_core import pool as pool_module
from sqs_core import replacing
from sqs_core.clock import Clock
from sqs_core.clock_watch import ClockWatch
from sqs_core.engine import Engine
from sqs_core.handlers import Handler
from sqs_core.model import Outcome, ThreadState
from sqs_core.policy import LeasePolicy
from sqs_core.poller import Poller, PollTrouble
from sqs_core.pool import Pool, Slot
from sqs_core.settings import ConnectionSettings, ConsumerSettings
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core.model import ConsumerSnapshot
    from sqs_core.queue import Received


@pytest.fixture
def proxy(ministack: str) -> Iterator[DripProxy]:
    made = DripProxy(urlsplit(ministack).port or 0)
    yield made
    made.close()


def _only(engine: Engine) -> ConsumerSnapshot:
    return engine.snapshot().consumers[0]


def _texts(engine: Engine, code: str) -> list[str]:
    return [event.text for event in engine.snapshot().events if event.code == code]


def test_a_poll_whose_answer_drips_in_is_replaced_and_what_it_brings_late_is_handled_once(
    monkeypatch: pytest.MonkeyPatch, proxy: DripProxy, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    monkeypatch.setattr(replacing, "STALL_MARGIN_SECONDS", 0.5)
    queue = ministack_queue_factory()
    handled, proxy.drip = Handled(), 1
    settings = ConsumerSettings(workers=2, pollers=1, wait_seconds=1, read_timeout_seconds=1.2, visibility_seconds=60)
    connection = ConnectionSettings(endpoint_url=proxy.url)
    engine = Engine(connection, settings, [(queue.name, Handler("test", handled))])
    fill(ministack_sqs, queue, ["late"])
    engine.start()
    try:
        wait_until(lambda: _texts(engine, "poll.stalled"))
        assert "poller-1 has no answer for" in _texts(engine, "poll.stalled")[0]
        assert "read timeout of 1.2 s: replaced" in _texts(engine, "poll.stalled")[0]
        threads = {thread.name: thread.state for thread in _only(engine).threads}
        assert threads["poller-1"] is ThreadState.HUNG
        fill(ministack_sqs, queue, ["prompt"])
        wait_until(lambda: handled.counts()["prompt"] == 1)
        assert handled.counts()["late"] == 0
        assert _only(engine).pollers.live == 1
        proxy.hurry.set()
        wait_until(lambda: handled.counts()["late"] == 1)
        wait_until(lambda: "poller-1" not in {thread.name for thread in _only(engine).threads})
        wait_until(lambda: _only(engine).totals.deleted == 2)
        assert _only(engine).totals.poll_errors == 1
    finally:
        engine.drain(5)
        wait_until(engine.ended)
        engine.close()
    assert engine.clean()


def _poller(bench: Bench) -> Poller:
    return Poller(bench.queue, bench.holding, bench.gate, PollTrouble(), 20, lambda: LeasePolicy(30))


def _answers_after(bench: Bench, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    receive: Callable[..., Received] = bench.queue.receive

    def late(*asked: int) -> Received:
        answer = receive(*asked)
        bench.time.advance(seconds)
        return answer

    monkeypatch.setattr(bench.queue, "receive", late)


@pytest.mark.parametrize(("seconds", "left_seconds"), [(0, 30), (24, 30), (35, 20), (54, 1)])
def test_a_late_answer_shortens_its_leases(monkeypatch: pytest.MonkeyPatch, seconds: float, left_seconds: float) -> None:
    bench = Bench()
    bench.queue.send("one")
    _answers_after(bench, monkeypatch, seconds)
    _poller(bench).step(Slot("poller-1"))
    held = bench.take()
    assert held.lease_deadline - bench.time.now == pytest.approx(left_seconds)


def test_a_message_whose_lease_ran_out_on_the_way_is_never_handled(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.queue.send("one")
    _answers_after(bench, monkeypatch, 56)
    _poller(bench).step(Slot("poller-1"))
    assert bench.take_if_any() is None
    totals = bench.totals()
    assert (totals.received, totals.leases_lost, bench.holding.size()) == (1, 1, 0)
    assert [one.outcome for one in bench.ledger.history.snapshot()] == [Outcome.LEASE_LOST]


def test_the_time_that_the_machine_slept_counts_for_a_poll_that_is_out() -> None:
    bench = Bench()
    bench.gate.enter("poller-1", lambda: False)
    assert bench.gate.stalled(30) == {}
    bench.time.advance(31)
    assert bench.gate.stalled(30) == {"poller-1": 31}
    bench.gate.forget("poller-1")
    assert (bench.gate.out, bench.gate.stalled(30)) == (0, {})
    bench.gate.leave("poller-1", 3)
    assert bench.gate.out == 0


class _Clocks:
    """Three clocks that go apart."""

    def __init__(self) -> None:
        self.monotonic, self.suspended, self.set_by = FakeClock(), 0.0, 0.0
        self.clock = Clock(
            lambda: self.monotonic.now,
            lambda: self.monotonic.now + self.suspended,
            lambda: self.monotonic.now + self.suspended + self.set_by,
        )


def test_a_sleep_and_a_clock_that_was_set_are_told_once_each() -> None:
    clocks = _Clocks()
    watch = ClockWatch(clocks.clock)
    clocks.monotonic.advance(3600)
    assert watch.step() is None
    clocks.suspended += 90
    assert "slept for 90 s" in (watch.step() or "")
    assert watch.step() is None
    clocks.set_by -= 42
    assert "set by -42 s" in (watch.step() or "")
    assert watch.step() is None
    clocks.set_by += 0.5
    assert watch.step() is None


class _Idle:
    """A loop that does nothing until let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def step(self, slot: Slot) -> None:
        self.let_go.wait(0.02 if not self.let_go.is_set() else 0)

    def close(self, slot: Slot) -> None:
        pass


@pytest.fixture
def idle_pool() -> Iterator[tuple[Pool, list[tuple[str, str]]]]:
    deaths: list[tuple[str, str]] = []
    pool = Pool("idle", _Idle, lambda name, error: deaths.append((name, error)), lambda: None)
    yield pool, deaths
    pool.close()
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("idle-")])


def test_a_thread_that_is_gone_without_a_word_is_replaced(idle_pool: tuple[Pool, list[tuple[str, str]]]) -> None:
    pool, deaths = idle_pool
    pool.resize(2)
    gone = threading.Thread(target=lambda: None)
    gone.start()
    gone.join(DEADLINE_SECONDS)
    slot = pool._slots["idle-1"]
    slot.stop()
    slot.thread = gone
    pool.check()
    assert deaths == [("idle-1", "its thread is gone")]
    assert pool.live == 2


def test_threads_that_the_system_refused_are_started_later(
    idle_pool: tuple[Pool, list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, deaths = idle_pool

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        pool.resize(3)
        assert pool.live == 0
    assert len(deaths) == 1
    assert "can't start new thread" in deaths[0][1]
    pool.check()
    assert pool.live == 3


def test_no_more_than_so_many_threads_are_left_to_themselves(
    idle_pool: tuple[Pool, list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "MAXIMUM_ABANDONED", 0)
    pool, _ = idle_pool
    pool.resize(1)
    assert not pool.abandon("idle-1")
    assert not pool.abandon("nobody")
    assert pool.live == 1
