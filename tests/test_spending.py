"""Requests by the minute, and what a day of them costs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from fakes import FakeClock
from sqs_core.ledger import Ledger
from sqs_core.spending import RequestPace, dollars_per_day
from sqs_tui import format as shown
from sqs_tui.widgets.latency import cost
from tui_canned import consumer, quiet_consumer


def test_the_pace_is_that_of_the_last_minute() -> None:
    pace, now = RequestPace(), 1_000.0
    assert pace.per_day(now) is None
    for at in range(30):
        pace.add(now + at)
    assert pace.per_day(now + 5) is None, "too early to say"
    assert pace.per_day(now + 30) == pytest.approx(86_400)
    assert pace.per_day(now + 60 + 14.5) == pytest.approx(15 * 1_440)
    assert pace.per_day(now + 500) == 0.0


def test_an_idle_consumer_that_polls_for_20_s_costs_a_fifth_of_a_cent_a_day() -> None:
    pace = RequestPace()
    for at in range(0, 600, 20):
        pace.add(float(at))
    price = dollars_per_day(pace.per_day(599.0), fifo=False)
    assert price == pytest.approx(3 * 1_440 * 0.4e-6)
    assert dollars_per_day(3_000_000, fifo=True) == 1.5
    assert dollars_per_day(None, fifo=True) is None


def test_a_burst_keeps_no_more_than_a_minute() -> None:
    pace = RequestPace()
    for at in range(100_000):
        pace.add(at / 100)
    assert pace.per_day(999.99) == pytest.approx(100 * 86_400, rel=0.02)
    assert len(pace._seconds) == 60


def test_the_ledger_counts_requests_by_message() -> None:
    time = FakeClock()
    ledger = Ledger(time.clock())
    for _ in range(3):
        ledger.request("ReceiveMessage")
    with ledger.lock:
        assert ledger.requests_per_message_locked() is None
        ledger.count_locked("received", 12)
        assert ledger.requests_per_message_locked() == 0.25
        time.advance(30)
        assert ledger.requests_per_day_locked() == pytest.approx(3 * 2_880)


def test_the_price_is_on_the_screen_once_it_is_known() -> None:
    assert cost(consumer(), 60).endswith(" · 0.26 requests/msg")
    assert cost(quiet_consumer(), 60).endswith(" · – requests/msg")
    dear = replace(consumer(), dollars_per_day=0.417)
    assert cost(dear, 60).endswith(" requests/msg · $0.42/day")
    assert re.fullmatch(r"empty \d+ % · [\d.]+/msg · \$0.42/day", cost(dear, 34)), "beside the pollers on 80 columns"
    assert [shown.dollars(amount) for amount in (0.0, 0.001, 0.42, 138.4, 12_345.0)] == [
        "$0.00", "<$0.01", "$0.42", "$138", "$12,345",
    ]  # fmt: skip
