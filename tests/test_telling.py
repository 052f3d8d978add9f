"""What just happened, in words: from events and the ends of handlers."""

from __future__ import annotations

import pytest

from fakes import FakeClock
from sqs_core.demo.telling import Teller
from sqs_core.events import Code
from sqs_core.model import Event, Level, Message

SLOW = Message("3f2cc84c-ad02-4c8f-9a39-f9f1a5b8ebb6", "{}", "handle", "orders")
LOST = f"lease of {SLOW.message_id} lost: it ran out before it was extended"


@pytest.fixture
def now() -> FakeClock:
    return FakeClock()


@pytest.fixture
def teller(now: FakeClock) -> Teller:
    return Teller(lambda: now.now)


def event(code: Code, text: str, count: int = 1) -> Event:
    return Event(0.0, Level.ERROR, code.value, "orders", text, count)


def current(teller: Teller) -> str:
    assert teller.current is not None
    return teller.current.text


def test_a_lease_that_ran_out_is_told_with_its_time_and_its_handlers(teller: Teller, now: FakeClock) -> None:
    teller.handler_began(SLOW)
    now.advance(30)
    teller.heard(event(Code.LEASE_LOST, LOST))
    assert current(teller) == "lease of 3f2c lost at 30.0 s: its handler still works → SQS delivers it again"
    now.advance(4)
    teller.handler_ended(SLOW, 34.0)
    assert current(teller) == "lease of 3f2c lost at 30.0 s: its handler took 34.0 s → delivered again"
    teller.handler_ended(SLOW, 34.0)
    assert len(teller.lines) == 2, "a handler that ends in time is nothing to tell"


def test_a_lease_lost_before_any_handler_is_told_with_its_reason(teller: Teller) -> None:
    teller.heard(event(Code.LEASE_LOST, LOST))
    assert current(teller) == "lease of 3f2c lost: it ran out before it was extended → SQS delivers it again"


def test_repeats_are_one_line(teller: Teller, now: FakeClock) -> None:
    for count in range(1, 8):
        now.advance(2)
        teller.heard(event(Code.POLL_ERROR, "ReadTimeoutError; the client hung up first: up to 10 messages …", count))
    assert [line.text[-4:] for line in teller.lines] == ["(×7)"]
    assert current(teller).startswith("orders: a poll failed: the client hung up first")


def test_what_the_story_says_stays_long_enough_to_be_read(teller: Teller, now: FakeClock) -> None:
    teller.say("it begins")
    now.advance(3)
    teller.heard(event(Code.POLL_RECOVERED, "polls answer again after 2 errors"))
    assert current(teller) == "it begins"
    teller.say("something else")
    assert current(teller) == "something else"
    now.advance(4)
    teller.heard(event(Code.POLL_RECOVERED, "polls answer again after 3 errors"))
    assert current(teller) == "orders: polls answer again after 3 errors"
    assert len(teller.lines) == 4
