"""The poller: one poll a step, errors as one line and a pause, and no hot loop whatever the server answers."""

from __future__ import annotations

import pytest

from fakes import Bench
from sqs_core import gate as gate_module
from sqs_core.errors import ProtocolError, RequestError
from sqs_core.model import ThreadState
from sqs_core.policy import LeasePolicy
from sqs_core.poller import Poller, PollTrouble
from sqs_core.pool import Slot


@pytest.fixture(autouse=True)
def no_parking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poller that may not go is told so at once."""
    monkeypatch.setattr(gate_module, "_PARKED_WAIT_SECONDS", 0.0)


class _Polls:
    """One poller on a bench."""

    def __init__(self, *, wait_seconds: int = 20, fifo: bool = False) -> None:
        self.bench = Bench(fifo=fifo)
        self.slot = Slot("poller-1")
        self.poller = Poller(
            self.bench.queue, self.bench.holding, self.bench.gate, PollTrouble(), wait_seconds, lambda: LeasePolicy(30)
        )

    def step(self) -> None:
        self.poller.step(self.slot)

    def polls_within(self, seconds: float, request_seconds: float = 0.02) -> int:
        """How many polls go out in so much time, each of which takes at least `request_seconds`."""
        before, end = len(self.bench.queue.polls), self.bench.time.now + seconds
        while self.bench.time.now < end:
            self.step()
            self.bench.time.advance(request_seconds)
        return len(self.bench.queue.polls) - before

    def fail(self, error: Exception, times: int = 1) -> None:
        self.bench.queue.troubles.extend([RequestError("ReceiveMessage", error)] * times)

    def counts(self) -> tuple[int, int, int]:
        totals = self.bench.totals()
        return totals.received, totals.empty_polls, totals.poll_errors


def test_what_a_poll_brings_is_held() -> None:
    polls = _Polls()
    polls.bench.queue.send("one")
    polls.step()
    assert polls.bench.queue.polls == [(10, 20, 30, None)]
    assert polls.counts() == (1, 0, 0)
    assert (polls.bench.holding.buffer.size, polls.bench.gate.out) == (1, 0)


def test_a_quiet_queue_is_polled_once_a_wait() -> None:
    polls = _Polls(wait_seconds=20)
    assert polls.polls_within(200) in (10, 11)
    assert polls.bench.texts("poll.early") == []


def test_each_poll_waits_since_it_went_out() -> None:
    polls = _Polls(wait_seconds=20)
    for _ in range(2):
        polls.bench.time.advance(1)
        out_at = polls.bench.time.now
        polls.step()
        with polls.bench.ledger.lock:
            (thread,) = polls.bench.ledger.threads_locked()
        assert (thread.state, thread.since) == (ThreadState.WAITING, out_at)


def test_empty_answers_that_come_early_back_off() -> None:
    polls = _Polls(wait_seconds=20)
    polls.bench.queue.answers_early = True
    assert polls.polls_within(60) < 20
    assert len(polls.bench.texts("poll.early")) == 1


def test_without_long_polls_a_quiet_queue_is_not_a_hot_loop() -> None:
    polls = _Polls(wait_seconds=0)
    assert polls.polls_within(60) < 90
    polls.bench.queue.send("one")
    polls.polls_within(2)
    assert polls.counts()[0] == 1


def test_messages_end_the_pauses_after_early_answers() -> None:
    polls = _Polls(wait_seconds=0)
    polls.polls_within(30)
    for number in range(5):
        polls.bench.queue.send(str(number))
    polls.polls_within(2)
    polls.bench.take()
    for _ in range(4):
        polls.bench.take()
    before = polls.bench.time.now
    polls.step()
    polls.step()
    polls.bench.time.advance(0.15)
    polls.step()
    assert polls.bench.time.now - before < 1
    assert polls.counts()[0] == 5


def test_errors_are_one_line_with_a_count_and_recovery_is_one_line() -> None:
    polls = _Polls()
    polls.fail(OSError("connection refused"), 5)
    polls.polls_within(80)
    assert polls.counts()[2] == 5
    (event,) = [event for event in polls.bench.events.snapshot() if event.code == "poll.error"]
    assert event.count == 5
    (recovered,) = polls.bench.texts("poll.recovered")
    assert "5 errors" in recovered
    polls.fail(OSError("connection refused"))
    polls.polls_within(60)
    assert len(polls.bench.texts("poll.error")) == 2, "a new run is a new line"


def test_errors_back_off_up_to_half_a_minute() -> None:
    polls = _Polls()
    polls.fail(OSError("connection refused"), 10_000)
    assert polls.polls_within(60) <= 10
    assert 3 <= polls.polls_within(120) <= 9


def test_a_poller_says_that_it_backs_off_and_why() -> None:
    polls = _Polls()
    polls.fail(ProtocolError("HTTP 200 with a body that is not SQS's (text/html)"))
    polls.step()
    polls.step()
    with polls.bench.ledger.lock:
        (thread,) = polls.bench.ledger.threads_locked()
    assert thread.state is ThreadState.BACKING_OFF
    assert thread.error is not None
    assert thread.error.startswith("protocol: ")
    assert polls.counts() == (0, 0, 1)


def test_a_retry_below_us_is_counted_and_told() -> None:
    polls = _Polls()
    polls.bench.queue.retries = 2
    polls.step()
    assert polls.bench.totals().hidden_retries == 2
    assert len(polls.bench.texts("poll.hidden-retry")) == 1


def test_damaged_messages_are_not_handled_but_given_back() -> None:
    polls = _Polls()
    polls.bench.queue.damaged = ("receipt-1", "receipt-2")
    polls.step()
    assert polls.bench.take_if_any() is None
    assert polls.bench.queue.changes == [[("receipt-1", 0), ("receipt-2", 0)]]
    assert (polls.bench.totals().received, polls.bench.totals().released) == (2, 2)
    assert len(polls.bench.texts("poll.damaged")) == 1


def test_damaged_messages_that_cannot_be_given_back_do_not_end_the_poller() -> None:
    polls = _Polls()
    polls.bench.queue.damaged = ("receipt-1",)
    polls.bench.queue.troubles.extend([None, RequestError("ChangeMessageVisibilityBatch", OSError("reset"))])
    polls.step()
    assert polls.bench.gate.out == 0
    assert len(polls.bench.texts("ack.error")) == 1


def test_a_damaged_message_that_comes_again_and_again_is_not_a_hot_loop() -> None:
    polls = _Polls()
    honest = polls.bench.queue.receive

    def damaged_again(maximum: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None) -> object:
        polls.bench.queue.damaged = ("receipt",)
        return honest(maximum, wait_seconds, visibility_seconds, attempt_id)

    polls.bench.queue.receive = damaged_again  # type: ignore[method-assign, assignment]
    assert polls.polls_within(10) < 50


def test_a_fifo_poll_whose_answer_was_lost_is_asked_for_again_by_the_same_attempt() -> None:
    polls = _Polls(fifo=True)
    polls.fail(OSError("reset"))
    polls.fail(ProtocolError("html"))
    polls.polls_within(80)
    attempts = [attempt for *_, attempt in polls.bench.queue.polls]
    assert None not in attempts
    assert attempts[0] == attempts[1]
    assert len(set(attempts[1:])) == len(attempts) - 1


def test_a_poll_that_raises_what_nobody_expects_is_not_counted_as_out_for_ever() -> None:
    polls = _Polls()
    polls.bench.queue.troubles.append(KeyError("bug"))
    with pytest.raises(KeyError):
        polls.step()
    assert polls.bench.gate.out == 0
