"""What a consumer holds, whose turn it is, and how each message leaves exactly once."""

from __future__ import annotations

import json

import pytest

from fakes import Bench
from proving import GIVEN_UP, HANDLED, RETRIED, finish, prove
from sqs_core.failures import Cause
from sqs_core.held import Verdict
from sqs_core.model import Outcome, ThreadState
from sqs_core.remote.details import detail_from_json, detail_to_json
from sqs_core.views import message_detail


def test_a_message_is_counted_when_it_comes_and_when_its_end_is_proved() -> None:
    bench = Bench()
    bench.receive("one")
    held = bench.take()
    bench.time.advance(2)
    bench.holding.conclude(held, HANDLED)
    assert (bench.totals().handled, bench.totals().deleted, bench.holding.size()) == (0, 0, 1)
    prove(bench)
    assert (bench.totals().handled, bench.totals().deleted, bench.holding.size()) == (1, 1, 0)
    with bench.ledger.lock:
        (finished,) = bench.ledger.history.snapshot()
    assert (finished.outcome, finished.handler_ms, finished.preview) == (Outcome.HANDLED, 2000.0, "one")


def test_a_message_that_failed_says_why_and_where_when_it_is_opened_here_and_from_afar() -> None:
    bench = Bench()
    bench.receive("one")
    held = bench.take()
    bench.holding.conclude(held, Verdict(Outcome.RETRIED, 0, "KeyError: 'amount'", Cause("KeyError", "app.py:10 in handle")))
    prove(bench)
    detail = message_detail(bench.ledger, bench.holding, held.message.message_id)
    assert detail is not None
    assert (detail.error, detail.place) == ("KeyError: 'amount'", "app.py:10 in handle")
    told = json.loads(json.dumps(detail_to_json(detail)))
    far = detail_from_json(told, bench.queue.name)
    assert (far.error, far.place) == (detail.error, detail.place)
    older = {name: value for name, value in told.items() if name not in ("error", "place")}
    assert detail_from_json(older, bench.queue.name).error is None


def test_messages_are_handed_out_in_the_order_they_came() -> None:
    bench = Bench()
    bench.receive("one", "two", "three")
    assert [bench.take(f"worker-{number}").message.body for number in range(3)] == ["one", "two", "three"]
    assert bench.take_if_any() is None


def test_without_fifo_a_group_means_nothing() -> None:
    bench = Bench()
    bench.receive("one", "two", group="a")
    assert [bench.take().message.body, bench.take().message.body] == ["one", "two"]


def test_of_a_group_one_is_handled_and_the_next_after_its_end_was_proved() -> None:
    bench = Bench(fifo=True)
    bench.receive("a1", "a2", group="a")
    first = bench.take()
    assert bench.take_if_any() is None
    bench.holding.conclude(first, HANDLED)
    assert bench.take_if_any() is None, "the delete is not proved yet"
    with bench.ledger.lock:
        assert [message.settling for message in bench.holding.in_flight_locked()] == ["delete", None]
    prove(bench)
    assert bench.take().message.body == "a2"


def test_groups_do_not_wait_for_each_other() -> None:
    bench = Bench(fifo=True)
    bench.receive("a1", "a2", group="a")
    bench.receive("b1", group="b")
    assert [bench.take().message.body, bench.take().message.body] == ["a1", "b1"]


def test_after_a_failure_the_follower_goes_back_unhandled_behind_it() -> None:
    bench = Bench(fifo=True)
    bench.receive("a1", "a2", group="a")
    assert finish(bench, bench.take(), RETRIED) == [("a1", Outcome.RETRIED), ("a2", Outcome.RELEASED)]
    assert bench.take_if_any() is None
    assert bench.holding.buffer.size == 0
    bench.receive("a3", group="a")
    assert bench.take().message.body == "a1", "the group is free again, and its head is first"


def test_a_message_that_was_given_up_or_discarded_lets_its_follower_go_on() -> None:
    for verdict in (GIVEN_UP, Verdict(Outcome.DISCARDED)):
        bench = Bench(fifo=True, maximum_receives=1)
        bench.receive("a1", "a2", group="a")
        finish(bench, bench.take(), verdict)
        assert bench.take().message.body == "a2"


def test_a_message_that_comes_again_while_it_is_held_is_a_lost_lease_and_is_held_anew() -> None:
    bench = Bench()
    bench.receive("one", visibility_seconds=1)
    first = bench.take("worker-1")
    bench.time.advance(2)
    bench.receive()
    assert (bench.totals().leases_lost, bench.totals().redelivered, bench.holding.size()) == (1, 1, 1)
    bench.holding.conclude(first, HANDLED)
    assert prove(bench) == [], "the late end of a lost lease proves nothing"
    assert finish(bench, bench.take("worker-2"), HANDLED) == [("one", Outcome.HANDLED)]


def test_a_message_that_comes_again_before_its_release_was_answered_is_released() -> None:
    bench = Bench()
    bench.receive("one")
    held = bench.take()
    bench.holding.conclude(held, RETRIED)
    bench.holding.settling.clear()
    bench.queue.change_visibility_batch([(held.message.receipt_handle, 0)])
    bench.receive()
    assert (bench.totals().retried, bench.totals().leases_lost, bench.holding.size()) == (1, 0, 1)
    bench.holding.settle([held])
    assert bench.totals().retried == 1


def test_a_lease_lost_in_the_buffer_is_not_handled() -> None:
    bench = Bench()
    bench.receive("one")
    bench.holding.lose(next(iter(bench.holding.held_locked())), "test")
    assert bench.take_if_any() is None
    assert (bench.totals().leases_lost, bench.holding.buffer.size) == (1, 0)


def test_a_lease_lost_twice_counts_once() -> None:
    bench = Bench()
    bench.receive("one")
    held = bench.take()
    bench.holding.conclude(held, HANDLED)
    for _ in range(2):
        bench.holding.lose(held, "test")
    bench.holding.settle([held])
    assert (bench.totals().leases_lost, bench.totals().handled) == (1, 0)


@pytest.mark.parametrize("looked", ["before", "after"])
def test_what_is_seen_of_a_message_that_was_given_back_does_not_depend_on_when_somebody_looks(looked: str) -> None:
    bench = Bench()
    bench.receive("one")
    held = bench.take()
    bench.holding.release_everything()
    prove(bench)
    seen = bench.ledger.history.snapshot()
    if looked == "before":
        assert seen[0].handler_ms is None
    bench.time.advance(2)
    bench.holding.conclude(held, HANDLED)
    assert (seen[0].outcome, seen[0].handler_ms) == (Outcome.RELEASED, None)


def test_a_group_waits_for_a_handler_that_runs_on_without_its_lease() -> None:
    bench = Bench(fifo=True)
    bench.receive("a1", "a2", group="a")
    first = bench.take()
    bench.holding.lose(first, "test")
    assert prove(bench) == [("a2", Outcome.RELEASED)]
    bench.time.advance(31)
    bench.receive()
    assert bench.take_if_any() is None, "two of a group at a time"
    bench.holding.conclude(first, HANDLED)
    prove(bench)
    bench.receive()
    assert bench.take().message.body == "a1"


def test_a_message_that_ended_stays_known_and_one_that_is_held_is_found_first() -> None:
    bench = Bench()
    (message,) = bench.receive("one")
    assert bench.holding.find_locked(message.message_id) is not None
    finish(bench, bench.take(), HANDLED)
    assert bench.holding.find_locked(message.message_id) is None
    assert bench.ledger.history.find(message.message_id) is not None


def test_a_hung_handler_is_marked_once_and_no_longer_busy() -> None:
    bench = Bench()
    bench.receive("one")
    bench.take("worker-1")
    assert (bench.holding.mark_hung(5), bench.holding.busy_locked()) == ([], 1)
    bench.time.advance(6)
    assert (bench.holding.mark_hung(5), bench.holding.mark_hung(5), bench.holding.busy_locked()) == (["worker-1"], [], 0)
    with bench.ledger.lock:
        (thread,) = bench.ledger.threads_locked()
    assert thread.state is ThreadState.HUNG


def test_a_worker_whose_message_is_lost_or_goes_back_is_busy_until_its_handler_ends() -> None:
    bench = Bench()
    bench.receive("one", "two")
    lost, back = bench.take("worker-1"), bench.take("worker-2")
    bench.holding.lose(lost, "test")
    bench.holding.begin_drain()
    bench.holding.release_everything()
    assert (prove(bench), bench.holding.size(), bench.holding.busy_locked()) == ([("two", Outcome.RELEASED)], 0, 2)
    bench.holding.conclude(lost, HANDLED)
    bench.holding.conclude(back, HANDLED)
    assert (bench.holding.busy_locked(), bench.totals().handled) == (0, 0)


def test_a_handler_that_hangs_on_a_lost_lease_is_marked_too_and_its_group_goes_on_without_it() -> None:
    bench = Bench(fifo=True)
    bench.receive("a1", group="a")
    lost = bench.take("worker-1")
    bench.holding.lose(lost, "test")
    bench.time.advance(31)
    bench.receive()
    assert bench.take_if_any("worker-2") is None, "two of a group at a time"
    assert (bench.holding.mark_hung(5), bench.holding.busy_locked()) == (["worker-1"], 0)
    again = bench.take("worker-2")
    bench.holding.conclude(lost, HANDLED)
    assert (bench.holding.busy_locked(), finish(bench, again, HANDLED)) == (1, [("a1", Outcome.HANDLED)])


def test_a_worker_that_died_hands_its_message_back() -> None:
    bench = Bench(fifo=True)
    bench.receive("a1", "a2", group="a")
    bench.take("worker-1")
    bench.holding.worker_died("worker-2")
    assert prove(bench) == []
    bench.holding.worker_died("worker-1")
    assert prove(bench) == [("a1", Outcome.RETRIED), ("a2", Outcome.RELEASED)]


def test_a_bounded_run_hands_out_no_more_than_its_budget() -> None:
    bench = Bench()
    bench.holding.budget = 2
    bench.receive("one", "two", "three")
    first, _second = bench.take(), bench.take()
    assert bench.take_if_any() is None
    finish(bench, first, HANDLED)
    assert bench.take_if_any() is None
    bench.holding.conclude(_second, RETRIED)
    prove(bench)
    assert bench.take().message.body == "three"
