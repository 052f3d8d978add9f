"""Counters, percentiles, threads and the bounded history."""

from __future__ import annotations

import copy
import pickle
from math import ceil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import FakeClock, assert_balance
from sqs_core.held import Held
from sqs_core.ledger import HISTORY_BYTES, HISTORY_MESSAGES, LATENCY_WINDOW, History, LatencyWindow, Ledger
from sqs_core.message import AttributeValue, Message
from sqs_core.model import Finished, Outcome, Role, ThreadState

if TYPE_CHECKING:
    from collections.abc import Sequence


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=LATENCY_WINDOW))
def test_percentiles_are_nearest_rank(samples: list[int]) -> None:
    window = LatencyWindow()
    for sample in samples:
        window.add(sample / 1000)
    ordered, found = sorted(samples), window.percentiles()
    expected = [ordered[ceil(len(ordered) * rank / 100) - 1] for rank in (50, 95, 99)]
    assert [found.p50, found.p95, found.p99] == expected
    assert (found.max, found.count) == (ordered[-1], len(samples))


def test_a_window_without_samples_knows_nothing() -> None:
    found = LatencyWindow().percentiles()
    assert (found.p50, found.p95, found.p99, found.max, found.count) == (None, None, None, None, 0)


def test_a_window_forgets_the_oldest_and_counts_all() -> None:
    window = LatencyWindow()
    window.add(100.0)
    for _ in range(LATENCY_WINDOW):
        window.add(0.001)
    assert (window.percentiles().max, window.percentiles().count) == (1.0, LATENCY_WINDOW + 1)


def test_a_clock_that_ran_backwards_gives_no_negative_latency() -> None:
    window = LatencyWindow()
    window.add(-5.0)
    assert window.percentiles().max == 0.0


@given(st.lists(st.sampled_from(Outcome)))
def test_each_outcome_is_in_one_column(outcomes: list[Outcome]) -> None:
    ledger = Ledger()
    with ledger.lock:
        for outcome in outcomes:
            ledger.count_locked("received")
            ledger.end_locked(outcome)
        assert_balance(ledger.totals_locked(), 0)
    finished = (Outcome.HANDLED, Outcome.DISCARDED, Outcome.GIVEN_UP)
    assert ledger.finished_messages() == sum(outcome in finished for outcome in outcomes)


def _add(history: History, name: str, body: str = "", attribute: str = "") -> None:
    attributes = {"a": AttributeValue("String", attribute)} if attribute else {}
    held = Held(Message(name, body, "handle", "orders", attributes), 0.0, 0.0)
    held.end(Outcome.HANDLED, 0.0, None)
    history.add(held)


def test_the_history_is_bounded_in_number() -> None:
    history = History()
    for number in range(HISTORY_MESSAGES + 10):
        _add(history, str(number))
    names = [finished.message_id for finished in history.snapshot()]
    assert (len(names), names[0], names[-1]) == (HISTORY_MESSAGES, "10", str(HISTORY_MESSAGES + 9))
    assert history.find("9") is None
    assert history.find("10") is not None


def test_the_history_is_bounded_in_bytes_of_bodies() -> None:
    history = History()
    for number in range(40):
        _add(history, str(number), body="x" * (1024 * 1024))
    assert len(history.snapshot()) == HISTORY_BYTES // (1024 * 1024)


def test_the_history_is_bounded_in_bytes_of_attributes() -> None:
    history = History()
    for number in range(40):
        _add(history, str(number), attribute="x" * (1024 * 1024))
    assert len(history.snapshot()) <= HISTORY_BYTES // (1024 * 1024)


def test_the_history_finds_the_newest_end_of_a_message() -> None:
    history = History()
    _add(history, "one", "first")
    _add(history, "one", "second")
    found = history.find("one")
    assert found is not None
    assert found[1].body == "second"


def test_a_snapshot_of_the_history_is_the_same_while_nothing_ends() -> None:
    history = History()
    _add(history, "one")
    assert history.snapshot() is history.snapshot()


def test_a_snapshot_of_the_history_stays_what_it_was_and_makes_only_what_is_looked_at() -> None:
    history = History()
    for number in range(HISTORY_MESSAGES):
        _add(history, str(number))
    before = history.snapshot()
    newest = [before[-1].message_id, *(finished.message_id for finished in before[-3:-1])]
    assert newest == [str(HISTORY_MESSAGES - back) for back in (1, 3, 2)]
    assert sum(held._finished is not None for held in before._ended if isinstance(held, Held)) == len(newest)
    _add(history, "one more")
    assert (before[0].message_id, len(before)) == ("0", HISTORY_MESSAGES)
    assert before[0] is before[0]


def test_a_snapshot_of_the_history_is_equal_to_any_sequence_of_equal_records() -> None:
    history = History()
    nothing: Sequence[Finished] = ()
    assert history.snapshot() == nothing
    assert nothing == history.snapshot()
    for name in ("one", "another"):
        _add(history, name)
    records: Sequence[Finished] = tuple(history.snapshot())
    assert history.snapshot() == records
    assert records == history.snapshot()
    assert history.snapshot() != records[:1]
    assert history.snapshot() != records[::-1]
    assert history.snapshot()[5:] == nothing
    with pytest.raises(IndexError):
        history.snapshot()[2]


def test_a_copy_of_a_history_holds_what_is_seen_of_messages_and_nothing_else() -> None:
    history = History()
    _add(history, "one", body="x" * 1000 + "the end")
    seen = history.snapshot()
    for copied in (pickle.loads(pickle.dumps(seen)), copy.deepcopy(seen)):
        assert (type(copied), copied) == (tuple, tuple(seen))
    written = pickle.dumps(seen)
    assert b"one" in written
    assert b"the end" not in written
    assert b"handle" not in written.replace(Outcome.HANDLED.value.encode(), b"")


def test_since_moves_only_when_the_state_or_the_message_does() -> None:
    time = FakeClock()
    ledger = Ledger(time.clock())
    seen: list[float] = []
    for message_id in ("a", "a", "b"):
        time.advance(1)
        ledger.thread("worker-1", Role.WORKER, ThreadState.HANDLING, message_id)
        with ledger.lock:
            seen.append(ledger.threads_locked()[0].since)
    assert seen == [time.now - 2, time.now - 2, time.now]


def test_a_thread_keeps_its_counts_through_its_states_and_is_forgotten_when_it_ends() -> None:
    ledger = Ledger()
    ledger.thread("worker-1", Role.WORKER, ThreadState.HANDLING, "a")
    with ledger.lock:
        ledger.handler_ended_locked("worker-1", 0.0, succeeded=True)
        ledger.handler_ended_locked("worker-1", 0.0, succeeded=False)
    ledger.thread("worker-1", Role.WORKER, ThreadState.IDLE)
    with ledger.lock:
        (thread,) = ledger.threads_locked()
    assert (thread.handled, thread.failed, thread.state) == (1, 1, ThreadState.IDLE)
    ledger.thread_gone("worker-1")
    with ledger.lock:
        assert ledger.threads_locked() == ()


def test_requests_are_counted_by_operation() -> None:
    ledger = Ledger()
    for operation in ("ReceiveMessage", "ReceiveMessage", "DeleteMessageBatch"):
        ledger.request(operation)
    with ledger.lock:
        assert ledger.requests_locked() == {"ReceiveMessage": 2, "DeleteMessageBatch": 1}
