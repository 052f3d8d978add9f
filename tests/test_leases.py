"""The lease keeper: everything held is extended in time, up to what SQS allows, and not against a release."""

from __future__ import annotations

import threading

import pytest

from fakes import Bench, Wake, stopping_slot
from sqs_core import pool as pool_module
from sqs_core.acker import Acker
from sqs_core.errors import RequestError
from sqs_core.held import Verdict
from sqs_core.leases import LeaseKeeper
from sqs_core.model import Outcome
from sqs_core.policy import LeasePolicy
from sqs_core.pool import Pool, Slot
from sqs_core.settings import MAXIMUM_VISIBILITY_SECONDS
from waiting import wait_until


class _Leases:
    """A lease keeper on a bench; `run` steps it as often as it would wake."""

    def __init__(self, visibility_seconds: int = 30, *bodies: str) -> None:
        self.bench = Bench()
        self.visibility_seconds = visibility_seconds
        self.wake = Wake()
        self.slot = Slot("lease-1")
        policy = LeasePolicy(visibility_seconds)
        self.keeper = LeaseKeeper(self.bench.queue, self.bench.holding, lambda: policy, self.wake)
        if bodies:
            self.bench.receive(*bodies, visibility_seconds=visibility_seconds)

    def step(self, after_seconds: float = 0.0) -> None:
        self.bench.time.advance(after_seconds)
        self.keeper.step(self.slot)

    def run(self, seconds: float) -> None:
        end = self.bench.time.now + seconds
        while self.bench.time.now < end:
            self.step()
            self.bench.time.advance(min(self.wake.asked[-1], end - self.bench.time.now))

    @property
    def extensions(self) -> list[list[int]]:
        return [[seconds for _, seconds in batch] for batch in self.bench.queue.changes]


def test_nothing_is_extended_before_half_of_its_time() -> None:
    leases = _Leases(30, "one")
    leases.step()
    leases.step(14)
    assert leases.extensions == []
    leases.step(1)
    assert leases.extensions == [[30]]


def test_the_buffer_and_the_workers_are_extended_in_batches_of_ten() -> None:
    leases = _Leases(30)
    for _ in range(3):
        leases.bench.receive(*[str(number) for number in range(10)][:9], visibility_seconds=30)
    leases.bench.take()
    leases.step(16)
    assert [len(batch) for batch in leases.extensions] == [10, 10, 7]
    assert all(held.extensions == 1 for held in leases.bench.holding.held_locked())


@pytest.mark.parametrize("death", [RuntimeError("no memory"), SystemExit(1)])
@pytest.mark.parametrize("at_batch", [0, 1, 2])
def test_leases_in_every_batch_outlive_the_thread_that_dies_over_one(
    death: BaseException, at_batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "_REPLACE_AFTER_SECONDS", 0.0)
    leases = _Leases(30, *(str(number) for number in range(10)))
    bench, wake = leases.bench, threading.Event()
    deaths: list[tuple[str, str]] = []
    for _ in range(2):
        bench.receive(*(str(number) for number in range(10)))
    bench.queue.troubles.extend([*[None] * at_batch, death])
    bench.time.advance(16)
    keepers = Pool(
        "lease",
        lambda: LeaseKeeper(bench.queue, bench.holding, lambda: LeasePolicy(30), wake),
        lambda name, error: deaths.append((name, error)),
        wake.set,
    )
    keepers.resize(1)
    try:
        wait_until(lambda: all(held.extensions for held in list(bench.holding.held_locked())))
        bench.time.advance(16)
        wake.set()
        wait_until(lambda: all(held.extensions == 2 for held in list(bench.holding.held_locked())))
    finally:
        keepers.close()
        wait_until(lambda: keepers.live == 0)
    assert len(deaths) == 1
    assert (bench.holding.size(), bench.totals().leases_lost) == (30, 0)


def test_a_message_held_for_long_is_received_once_even_with_a_timeout_of_a_second() -> None:
    for visibility, seconds in ((1, 20), (2, 40), (30, 900)):
        leases = _Leases(visibility, "one")
        leases.run(seconds)
        assert leases.bench.totals().leases_lost == 0
        assert leases.bench.queue.receive(10, 0, visibility, None).messages == ()
        assert len(leases.extensions) <= 3 * seconds / visibility


def test_one_extension_in_three_that_fails_loses_nothing() -> None:
    leases = _Leases(2, "one")
    leases.bench.queue.troubles.extend(
        [RequestError("ChangeMessageVisibilityBatch", OSError("reset")) if number % 3 == 0 else None for number in range(300)]
    )
    leases.run(60)
    assert leases.bench.totals().leases_lost == 0
    assert leases.bench.queue.receive(10, 0, 2, None).messages == ()
    assert len(leases.bench.texts("lease.error")) == 1


def test_an_entry_that_was_refused_is_tried_again_before_the_lease_runs_out() -> None:
    leases = _Leases(6, "one", "two")
    leases.bench.refuse_next("InternalError")
    leases.step(3)
    leases.run(1)
    assert leases.extensions[:2] == [[6, 6], [6]]
    assert leases.bench.totals().leases_lost == 0


def test_a_dead_receipt_is_a_lost_lease() -> None:
    leases = _Leases(30, "one")
    leases.bench.refuse_next("MessageNotInflight")
    leases.step(15)
    assert (leases.bench.totals().leases_lost, leases.bench.holding.size()) == (1, 0)
    leases.run(60)
    assert len(leases.extensions) == 1


def test_a_lease_that_ran_out_unnoticed_is_lost_and_not_believed() -> None:
    leases = _Leases(30, "one")
    leases.step(31)
    assert leases.extensions == []
    assert leases.bench.totals().leases_lost == 1


def test_12_hours_after_the_receive_there_is_no_extension() -> None:
    leases = _Leases(3600, "one")
    leases.run(MAXIMUM_VISIBILITY_SECONDS + 10)
    received = leases.bench.time.now - MAXIMUM_VISIBILITY_SECONDS - 10
    assert leases.extensions
    assert leases.extensions[-1][0] < 3600
    (lost,) = leases.bench.texts("lease.limit")
    assert "12 hours" in lost
    assert leases.bench.totals().leases_lost == 1
    assert leases.bench.time.now - received >= MAXIMUM_VISIBILITY_SECONDS


def test_a_hung_handler_is_not_extended() -> None:
    leases = _Leases(10, "one")
    leases.bench.take()
    leases.bench.time.advance(3)
    leases.bench.holding.mark_hung(2)
    leases.run(20)
    assert leases.extensions == []
    assert "its handler hangs" in leases.bench.texts("lease.lost")[0]


def test_what_goes_back_is_not_extended_and_what_waits_for_its_delete_is() -> None:
    leases = _Leases(30, "handled", "failed")
    leases.bench.holding.conclude(leases.bench.take(), Verdict(Outcome.HANDLED))
    leases.bench.holding.conclude(leases.bench.take(), Verdict(Outcome.RETRIED, 0))
    leases.step(16)
    assert leases.extensions == [[30]]
    extended = [held.message.body for held in leases.bench.holding.held_locked() if held.extensions]
    assert extended == ["handled"]


def test_a_release_decided_during_an_extension_goes_after_it() -> None:
    leases = _Leases(30, "one")
    bench, held = leases.bench, leases.bench.take()
    acker = Acker(bench.queue, bench.holding)
    honest = bench.queue.change_visibility_batch

    def fail_meanwhile(entries: list[tuple[str, int]]) -> object:
        if entries[0][1] == 30:
            bench.holding.conclude(held, Verdict(Outcome.RETRIED, 0, "no"))
            acker.step(stopping_slot("acker-1"))
            assert len(bench.queue.changes) == 0, "the release overtook the extension"
        return honest(entries)

    bench.queue.change_visibility_batch = fail_meanwhile  # type: ignore[method-assign, assignment]
    leases.step(16)
    bench.time.advance(1)
    acker.step(stopping_slot("acker-1"))
    assert leases.extensions == [[30], [0]]
    assert len(bench.queue.receive(10, 0, 30, None).messages) == 1, "it is visible"
    assert bench.totals().retried == 1


def test_a_delete_that_overtakes_an_extension_is_no_lost_lease() -> None:
    leases = _Leases(30, "one")
    bench, held = leases.bench, leases.bench.take()
    bench.holding.conclude(held, Verdict(Outcome.HANDLED))
    bench.refuse_next("ReceiptHandleIsInvalid")
    leases.step(16)
    assert (bench.totals().leases_lost, bench.holding.size()) == (0, 1)
    Acker(bench.queue, bench.holding).step(stopping_slot("acker-1"))
    assert bench.totals().handled == 1


def test_the_keeper_wakes_in_time_for_what_comes_while_it_sleeps() -> None:
    for visibility in (1, 2, 30, 43_200):
        leases = _Leases(visibility)
        leases.step()
        assert 0 < leases.wake.asked[-1] <= min(1.0, visibility / 4)
