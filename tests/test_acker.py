"""The acker believes nothing without proof."""

from __future__ import annotations

from fakes import Bench, stopping_slot
from sqs_core.acker import Acker
from sqs_core.errors import ProtocolError, RequestError
from sqs_core.held import Verdict
from sqs_core.model import Outcome
from sqs_core.parking import LINGER_SECONDS

RETRIED = Verdict(Outcome.RETRIED, 7, "no")


class _Acks:
    """A bench with messages that were handled and an acker to tell."""

    def __init__(self, *verdicts: Verdict, fifo: bool = False) -> None:
        self.bench = Bench(fifo=fifo)
        self.acker = Acker(self.bench.queue, self.bench.holding)
        self.slot = stopping_slot("acker-1")
        for number, verdict in enumerate(verdicts):
            self.add(str(number), verdict)

    def add(self, body: str, verdict: Verdict) -> None:
        self.bench.receive(body, group=body if self.bench.holding.fifo else None)
        self.bench.holding.conclude(self.bench.take(), verdict)

    def step(self, after_seconds: float = 0.0) -> None:
        self.bench.time.advance(after_seconds)
        self.acker.step(self.slot)


def _handled(count: int) -> list[Verdict]:
    return [Verdict(Outcome.HANDLED)] * count


def test_a_full_batch_goes_at_once_and_the_rest_after_the_linger() -> None:
    acks = _Acks(*_handled(13))
    acks.step()
    acks.step()
    assert [len(batch) for batch in acks.bench.queue.deletes] == [10]
    acks.step(LINGER_SECONDS + 0.01)
    assert [len(batch) for batch in acks.bench.queue.deletes] == [10, 3]
    assert (acks.bench.totals().deleted, acks.bench.totals().handled, acks.bench.holding.size()) == (13, 13, 0)


def test_the_linger_is_at_most_a_tenth_of_a_second_and_fifo_and_a_drain_have_none() -> None:
    assert LINGER_SECONDS <= 0.1
    for acks in (_Acks(*_handled(1), fifo=True), _Acks(*_handled(1))):
        if not acks.bench.holding.fifo:
            acks.bench.holding.begin_drain()
        acks.step()
        assert acks.bench.totals().deleted == 1


def test_deletes_and_releases_go_in_batches_of_their_own() -> None:
    acks = _Acks(Verdict(Outcome.HANDLED), RETRIED, Verdict(Outcome.DISCARDED), Verdict(Outcome.GIVEN_UP, 0, "no"))
    acks.step(1)
    acks.step()
    assert [len(batch) for batch in acks.bench.queue.deletes] == [2]
    assert [[seconds for _, seconds in batch] for batch in acks.bench.queue.changes] == [[7, 0]]
    totals = acks.bench.totals()
    assert (totals.handled, totals.discarded, totals.retried, totals.given_up, totals.deleted) == (1, 1, 1, 1, 2)


def test_an_entry_that_was_refused_is_tried_again_and_only_then_counts() -> None:
    acks = _Acks(*_handled(3))
    acks.bench.refuse_next(None, "InternalError", None)
    acks.step(1)
    assert acks.bench.totals().deleted == 2
    assert len(acks.bench.texts("ack.refused")) == 1
    acks.step()
    assert len(acks.bench.queue.deletes) == 1, "it is not tried again at once"
    acks.step(10)
    assert acks.bench.queue.deletes[1] == [acks.bench.queue.deletes[0][1]]
    assert (acks.bench.totals().deleted, acks.bench.holding.size()) == (3, 0)


def test_an_entry_that_was_not_confirmed_is_no_delete() -> None:
    acks = _Acks(*_handled(1))
    for _ in range(3):
        acks.bench.refuse_next("Unconfirmed")
        acks.step(5)
        assert acks.bench.totals().deleted == 0
    acks.step(10)
    assert acks.bench.totals().deleted == 1


def test_a_dead_receipt_is_a_lost_lease_and_is_not_tried_again() -> None:
    acks = _Acks(*_handled(2))
    acks.bench.refuse_next("ReceiptHandleIsInvalid")
    acks.step(1)
    totals = acks.bench.totals()
    assert (totals.leases_lost, totals.handled, totals.deleted, acks.bench.holding.size()) == (1, 1, 1, 0)
    acks.step(10)
    assert len(acks.bench.queue.deletes) == 1


def test_a_request_that_failed_is_tried_again_as_a_whole_after_a_pause() -> None:
    acks = _Acks(*_handled(2))
    for error in (OSError("reset"), ProtocolError("html")):
        acks.bench.queue.troubles.append(RequestError("DeleteMessageBatch", error))
    acks.step(1)
    acks.step()
    assert (len(acks.bench.queue.deletes), acks.bench.totals().deleted) == (1, 0)
    acks.step(1)
    acks.step(1)
    assert [len(batch) for batch in acks.bench.queue.deletes] == [2, 2, 2]
    assert acks.bench.totals().deleted == 2
    assert len(acks.bench.texts("ack.recovered")) == 1


def test_nothing_is_sent_while_an_extension_of_it_is_under_way() -> None:
    acks = _Acks(RETRIED)
    (held,) = acks.bench.holding.held_locked()
    held.extending = True
    acks.step(1)
    assert acks.bench.queue.changes == []
    held.extending = False
    acks.step()
    assert len(acks.bench.queue.changes) == 1


def test_a_message_lost_while_it_waited_is_not_made_visible_by_its_dead_receipt() -> None:
    acks = _Acks(RETRIED)
    (held,) = acks.bench.holding.held_locked()
    acks.bench.holding.lose(held, "it ran out")
    acks.step(1)
    assert acks.bench.queue.changes == [], "somebody else may hold it now"
    assert acks.bench.totals().leases_lost == 1


def test_an_answer_that_comes_after_the_lease_was_lost_changes_no_count() -> None:
    acks = _Acks(*_handled(1))
    (held,) = acks.bench.holding.held_locked()
    acks.bench.queue.troubles.append(RequestError("DeleteMessageBatch", OSError("reset")))
    acks.step(1)
    acks.bench.holding.lose(held, "it ran out")
    acks.step(10)
    assert (acks.bench.totals().leases_lost, acks.bench.totals().handled) == (1, 0)


def test_a_lease_that_ran_out_is_lost_though_sqs_would_confirm_a_delete_by_its_receipt() -> None:
    acks = _Acks(*_handled(2))
    acks.bench.time.advance(31.0)
    acks.add("in time", Verdict(Outcome.HANDLED))
    acks.step(LINGER_SECONDS + 0.01)
    acks.step(LINGER_SECONDS + 0.01)
    assert [len(batch) for batch in acks.bench.queue.deletes] == [1]
    totals = acks.bench.totals()
    assert (totals.handled, totals.deleted, totals.leases_lost) == (1, 1, 2)
    assert acks.bench.texts("lease.lost")
