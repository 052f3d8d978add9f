"""The worker: how a handler ended becomes what SQS is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes import Bench
from sqs_core.errors import Discard, Retry
from sqs_core.handlers import make_handler
from sqs_core.model import Outcome
from sqs_core.pool import Slot
from sqs_core.settings import MAXIMUM_VISIBILITY_SECONDS
from sqs_core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.held import Verdict
    from sqs_core.message import Message


def _raiser(error: BaseException) -> Callable[[Message], Any]:
    def handle(_message: Message) -> None:
        raise error

    return handle


def _verdict(handler: Callable[[Message], Any], bench: Bench | None = None) -> Verdict:
    bench = bench or Bench()
    bench.receive("one")
    Worker(bench.holding, make_handler(handler)).step(Slot("worker-1"))
    (held,) = bench.holding.settling
    assert held.verdict is not None
    return held.verdict


def test_a_return_is_a_delete() -> None:
    verdict = _verdict(lambda _message: None)
    assert (verdict.outcome, verdict.visibility_seconds) == (Outcome.HANDLED, None)


def test_a_discard_is_a_delete_with_its_reason() -> None:
    verdict = _verdict(_raiser(Discard("too old")))
    assert (verdict.outcome, verdict.visibility_seconds, verdict.error) == (Outcome.DISCARDED, None, "too old")


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(0), KeyboardInterrupt(), GeneratorExit(), MemoryError()])
def test_whatever_is_raised_is_a_retry_and_the_worker_lives(error: BaseException) -> None:
    verdict = _verdict(_raiser(error))
    assert verdict.outcome is Outcome.RETRIED
    assert verdict.visibility_seconds in (0, 1)
    assert verdict.error is not None
    assert type(error).__name__ in verdict.error


@pytest.mark.parametrize(("asked", "told"), [(0, 0), (5, 5), (5.4, 5), (-3, 0), (float("nan"), 0)])
def test_a_retry_says_when(asked: float, told: int) -> None:
    assert _verdict(_raiser(Retry(asked))).visibility_seconds == told


@pytest.mark.parametrize("asked", [43_200, 1e9, float("inf")])
def test_a_retry_stays_within_the_12_hours_that_began_at_the_receive(asked: float) -> None:
    bench = Bench()

    def slow(_message: Message) -> None:
        bench.time.advance(3600)
        raise Retry(asked)

    seconds = _verdict(slow, bench).visibility_seconds
    assert seconds is not None
    assert 36_000 < seconds <= MAXIMUM_VISIBILITY_SECONDS - 3600


def test_a_failure_on_the_last_receive_gives_up_at_once() -> None:
    for error in (ValueError("no"), Retry(60), SystemExit(1)):
        verdict = _verdict(_raiser(error), Bench(maximum_receives=1))
        assert (verdict.outcome, verdict.visibility_seconds) == (Outcome.GIVEN_UP, 0)


def test_without_a_redrive_policy_nothing_is_given_up() -> None:
    assert _verdict(_raiser(ValueError("no")), Bench(maximum_receives=None)).outcome is Outcome.RETRIED


def test_failures_are_one_line_by_kind() -> None:
    bench = Bench()
    for body in ("a", "b", "c"):
        bench.receive(body)
        Worker(bench.holding, make_handler(_raiser(ValueError(body)))).step(Slot("worker-1"))
    (event,) = [event for event in bench.events.snapshot() if event.code == "handler.failed"]
    assert event.count == 3


def test_an_error_is_kept_but_not_at_any_length() -> None:
    verdict = _verdict(_raiser(ValueError("x" * 10_000_000)))
    assert verdict.error is not None
    assert len(verdict.error) < 10_000


def test_a_retry_after_something_that_is_no_number_is_a_failure_of_the_message_alone() -> None:
    assert _verdict(_raiser(Retry("5", "soon"))).outcome is Outcome.RETRIED  # type: ignore[arg-type]


def test_a_worker_goes_on_while_there_are_messages_and_stops_when_told() -> None:
    bench, seen, slot = Bench(), [], Slot("worker-1")

    def handle(message: Message) -> None:
        seen.append(message.body)
        if message.body == "two":
            slot.stop()

    bench.receive("one", "two", "three")
    Worker(bench.holding, make_handler(handle)).step(slot)
    assert (seen, bench.holding.buffer.size, bench.holding.busy_locked()) == (["one", "two"], 1, 0)
