"""What a drain does with what is held: given back, handled to its end, or given up at the deadline."""

from __future__ import annotations

from fakes import Bench
from proving import HANDLED, finish, prove
from sqs_core.held import Phase
from sqs_core.model import Outcome


def test_a_drain_gives_the_buffer_back_but_not_what_is_on_its_last_receive() -> None:
    bench = Bench(maximum_receives=2)
    bench.receive("spent")
    bench.time.advance(31)
    bench.holding.lose(next(iter(bench.holding.held_locked())), "test")
    bench.receive("fresh")
    counts = {held.message.body: held.message.receive_count for held in bench.holding.held_locked()}
    assert counts == {"spent": 2, "fresh": 1}
    bench.holding.begin_drain()
    assert prove(bench) == [("fresh", Outcome.RELEASED)]
    assert bench.take().message.body == "spent"


def test_what_a_poll_brings_during_a_drain_goes_back_at_once() -> None:
    bench = Bench(maximum_receives=2)
    bench.holding.begin_drain()
    bench.receive("late")
    assert prove(bench) == [("late", Outcome.RELEASED)]


def test_a_drain_lets_handlers_end() -> None:
    bench = Bench()
    bench.receive("one")
    held = bench.take()
    bench.holding.begin_drain()
    assert held.phase is Phase.HANDLING
    assert finish(bench, held, HANDLED) == [("one", Outcome.HANDLED)]


def test_past_the_deadline_everything_goes_back_and_a_late_end_is_ignored() -> None:
    bench = Bench()
    bench.receive("handled late", "buffered")
    held = bench.take()
    bench.holding.begin_drain()
    bench.holding.release_everything()
    assert sorted(prove(bench)) == [("buffered", Outcome.RELEASED), ("handled late", Outcome.RELEASED)]
    bench.holding.conclude(held, HANDLED)
    assert prove(bench) == []
    assert (bench.totals().released, bench.totals().handled) == (2, 0)


def test_what_goes_back_with_no_receive_left_is_named() -> None:
    bench = Bench(maximum_receives=1)
    (message,) = bench.receive("spent")
    bench.take()
    bench.holding.begin_drain()
    bench.holding.release_everything()
    (text,) = bench.texts("fifo.follower-spent")
    assert message.message_id in text


def test_a_drain_does_not_wait_for_a_hung_handler() -> None:
    bench = Bench()
    bench.receive("one")
    held = bench.take()
    bench.time.advance(6)
    bench.holding.mark_hung(5)
    bench.holding.begin_drain()
    assert bench.holding.release_hung() == {held.message.message_id}
    assert prove(bench) == [("one", Outcome.RELEASED)]
    bench.holding.conclude(held, HANDLED)
    assert bench.totals().handled == 0


def test_what_comes_after_the_deadline_of_a_drain_goes_back_even_on_its_last_receive() -> None:
    bench = Bench(fifo=True, maximum_receives=1)
    bench.holding.begin_drain()
    bench.holding.release_everything()
    bench.receive("late", group="g")
    assert bench.holding.take("worker-1", lambda: False, 0.0) is None
    assert [held.verdict.outcome for held in bench.holding.settling if held.verdict] == [Outcome.RELEASED]
