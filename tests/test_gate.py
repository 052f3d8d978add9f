"""When a poll may go out."""

from __future__ import annotations

import threading

import pytest

from fakes import Bench
from sqs_core import gate as gate_module
from sqs_core.held import Verdict
from sqs_core.model import Outcome, ThreadState
from waiting import wait_until


@pytest.fixture(autouse=True)
def no_parking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poller that may not go is told so at once."""
    monkeypatch.setattr(gate_module, "_PARKED_WAIT_SECONDS", 0.0)


def _enter(bench: Bench, poller: str = "poller-1") -> int:
    return bench.gate.enter(poller, lambda: False)


def _state(bench: Bench, poller: str = "poller-1") -> ThreadState:
    with bench.ledger.lock:
        return next(thread.state for thread in bench.ledger.threads_locked() if thread.name == poller)


def _bodies(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_a_poll_asks_for_a_full_batch() -> None:
    bench = Bench(batch=7)
    assert _enter(bench) == 7
    assert (_state(bench), bench.gate.out) == (ThreadState.WAITING, 1)


def test_while_idle_one_poll_is_out() -> None:
    bench = Bench()
    bench.gate.set_limit(100)
    assert _enter(bench, "poller-1") == 10
    assert _enter(bench, "poller-2") == 0
    assert _state(bench, "poller-2") is ThreadState.IDLE
    bench.gate.leave("poller-1", 0)
    assert (_enter(bench, "poller-2"), _enter(bench, "poller-1")) == (10, 0)


def test_a_well_filled_answer_lets_the_others_go_and_an_empty_one_sends_them_to_rest() -> None:
    bench = Bench()
    bench.gate.set_limit(100)
    _enter(bench)
    bench.gate.leave("poller-1", 5)
    assert [_enter(bench, f"poller-{number}") for number in (1, 2, 3)] == [10, 10, 10]
    bench.gate.leave("poller-1", 4)
    assert _enter(bench) == 10, "a few messages change nothing"
    bench.gate.leave("poller-1", 0)
    assert _enter(bench) == 0


def test_polls_that_are_out_take_their_room_beforehand() -> None:
    bench = Bench()
    bench.gate.set_limit(25)
    _enter(bench)
    bench.gate.leave("poller-1", 10)
    assert [_enter(bench, f"poller-{number}") for number in (1, 2, 3)] == [10, 10, 0]
    assert _state(bench, "poller-3") is not ThreadState.WAITING


def test_no_poll_goes_out_without_room_for_a_full_batch() -> None:
    bench = Bench()
    bench.receive("one")
    assert _enter(bench) == 0
    assert _state(bench) is ThreadState.BLOCKED
    bench.take()
    assert _enter(bench) == 10, "what workers hold takes no room in the buffer"


def test_the_buffer_never_holds_more_than_its_bound() -> None:
    for workers in (1, 8, 10, 37, 64):
        bench = Bench()
        bench.gate.set_limit(workers)
        bench.gate.leave("nobody", 10)
        for _ in range(20):
            if _enter(bench):
                bench.receive(*_bodies(10))
                bench.gate.leave("poller-1", 10)
        assert bench.holding.buffer.size <= max(10, workers)
        assert bench.holding.buffer.size > max(10, workers) - 10


def test_a_shut_gate_lets_nothing_out_and_says_why() -> None:
    bench = Bench()
    bench.gate.set_open(False)
    assert (_enter(bench), _state(bench)) == (0, ThreadState.PAUSED)
    bench.holding.begin_drain()
    assert (_enter(bench), _state(bench)) == (0, ThreadState.STOPPING)
    bench.gate.set_open(True)
    assert _enter(bench) == 10


def test_a_poller_that_is_to_stop_is_not_let_out() -> None:
    bench = Bench()
    assert bench.gate.enter("poller-1", lambda: True) == 0
    assert bench.gate.out == 0


def test_after_an_error_nothing_goes_out_for_a_while_and_then_one_poll() -> None:
    bench = Bench()
    bench.gate.set_limit(100)
    _enter(bench)
    bench.gate.leave("poller-1", 10)
    bench.gate.back_off(5.0)
    assert (_enter(bench), _state(bench)) == (0, ThreadState.BACKING_OFF)
    bench.time.advance(4.9)
    assert _enter(bench) == 0
    bench.time.advance(0.2)
    assert [_enter(bench, "poller-1"), _enter(bench, "poller-2")] == [10, 0]


def test_a_bounded_run_asks_for_what_it_still_needs() -> None:
    bench = Bench()
    bench.gate.set_limit(100)
    bench.holding.budget = 13
    assert _enter(bench) == 10
    bench.receive(*_bodies(10))
    bench.gate.leave("poller-1", 10)
    assert _enter(bench, "poller-1") == 3
    assert _enter(bench, "poller-2") == 0
    bench.receive(*_bodies(3))
    bench.gate.leave("poller-1", 3)
    assert _enter(bench) == 0
    held = bench.take()
    bench.holding.conclude(held, Verdict(Outcome.RETRIED, 0))
    bench.holding.settle([held])
    assert _enter(bench) == 1, "a message that failed is not finished"


def test_a_poller_that_waits_for_deletes_goes_as_soon_as_they_are_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "_PARKED_WAIT_SECONDS", 30.0)
    bench = Bench()
    for _ in range(gate_module.MAXIMUM_UNSETTLED // 10 + 2):
        bench.receive(*_bodies(10))
    with bench.ledger.lock:
        taken = [bench.holding.buffer.take() for _ in range(bench.holding.buffer.size)]
        for held in taken:
            held.hand_to("worker-1", 0.0, 0.0)
    for held in taken:
        bench.holding.conclude(held, Verdict(Outcome.HANDLED))
    asked: list[int] = []
    thread = threading.Thread(target=lambda: asked.extend((_enter(bench), _enter(bench))), daemon=True)
    thread.start()
    wait_until(lambda: _blocked(bench))
    proved = list(bench.holding.settling)
    bench.holding.settling.clear()
    bench.holding.settle(proved)
    thread.join(10)
    assert asked[:1] == [0]
    assert asked[1:] == [10]


def _blocked(bench: Bench) -> bool:
    with bench.ledger.lock:
        return [thread.state for thread in bench.ledger.threads_locked()] == [ThreadState.BLOCKED]
