"""The filter box: what it leaves, what its titles count, what it says of a text that it cannot use, and its memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Input

from sqs_core.matching import Query
from sqs_core.model import Outcome, Role, ThreadState, Totals
from sqs_core.saved_filters import load_filters, remember_filter
from sqs_tui import filtering
from sqs_tui.commands import Pane
from tui_canned import NOW, consumer, finished, held, message_id, poller, snapshot, worker
from tui_fakes import FakeFacade
from tui_harness import Dashboard, dashboard, plain_environment  # noqa: F401 - a fixture

ONE = consumer(
    threads=(
        poller(1),
        worker(1, ThreadState.HANDLING, NOW - 30, message_id=message_id(1)),
        worker(2, error="boom"),
    ),
    in_flight=(
        held(1, worker="orders-worker-1", group_id="customer-7", receive_count=4, sent_at=NOW - 90),
        held(2, worker=None, group_id="customer-8", received_at=NOW - 5),
    ),
    history=(
        finished(
            1, Outcome.RETRIED, error="boom", place="jobs.py:42 in pay", group_id="customer-7", receive_count=3, sent_at=NOW - 100
        ),
        finished(2, Outcome.GIVEN_UP, error="gone", receive_count=9, sent_at=NOW - 3),
        finished(3),
    ),
    totals=Totals(received=5, handled=1, failed=2, retried=1, given_up=1),
)  # fmt: skip


def left(text: str) -> tuple[int, int, int]:
    """How many workers, held and finished messages a filter leaves."""
    query = Query(text)
    one = filtering.filtered(ONE, query, NOW)
    assert query.problem is None
    return len([thread for thread in one.threads if thread.role is Role.WORKER]), len(one.in_flight), len(one.history)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (2, 2, 3)),
        ("boom", (1, 0, 1)),
        ("group:customer-7", (1, 1, 1)),
        ("receives>3", (1, 1, 1)),
        ("age>60", (1, 1, 1)),
        ("age<60", (0, 1, 1)),
        ("outcome:failed", (0, 0, 2)),
        ("jobs.py:42", (0, 0, 1)),
        ("/^orders-worker-2$/", (1, 0, 0)),
    ],
)
def test_each_pane_is_asked_for_what_it_knows(text: str, expected: tuple[int, int, int]) -> None:
    assert left(text) == expected


def test_titles_count_what_is_left_of_what() -> None:
    def titles(text: str, totals: Totals) -> list[str]:
        whole, query = replace(ONE, totals=totals), Query(text)
        one = filtering.filtered(whole, query, NOW)
        return [
            title(whole, one, query) for title in (filtering.workers_title, filtering.in_flight_title, filtering.history_title)
        ]

    known = Totals(received=5, handled=1, failed=2, retried=1, given_up=1)
    assert titles("boom", known) == [
        "Workers  1 of 2 · filter boom",
        "In flight  0 of 2 held, 2 in the buffer · filter boom",
        "Messages  1 of 3 · filter boom",
    ]
    assert titles("boom", Totals(handled=5000, discarded=1, failed=100, released=10, leases_lost=9))[2] == (
        "Messages  1 of the last 3 kept, 5,120 finished · filter boom"
    )
    assert titles("", known)[2] == "Messages  1 handled, 2 failed (1 given up)"
    assert titles("/(/", known) == [
        "Workers  5 of 8 busy · not filtered",
        "In flight  2 held, 2 in the buffer · not filtered",
        "Messages  1 handled, 2 failed (1 given up) · not filtered",
    ]


def value(running: Dashboard) -> str:
    return running.main.query_one("#filter", Input).value


def bar(running: Dashboard) -> str:
    """The line of the filter."""
    return running.text().splitlines()[-2]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_a_text_that_cannot_be_used_is_said_beside_it_and_stays_to_be_mended(size: tuple[int, int]) -> None:
    async with dashboard(FakeFacade(snapshot(ONE)), size=size) as running:
        await running.press("m", "slash", *"receives>x")
        assert "receives>x" in bar(running)
        assert "▲ receives> needs a number" in bar(running)
        assert len(running.ids(Pane.HISTORY)) == 3
        assert "Messages  1 handled, 2 failed (1 given up) · not filtered" in running.text()
        await running.press("enter")
        assert "receives>x" in bar(running)
        assert load_filters() == []
        await running.press("backspace", "8")
        assert "▲" not in bar(running)
        assert running.ids(Pane.HISTORY) == [message_id(22)]
        assert "Messages  1 of 3 · filter receives>8" in running.text()
        await running.press("enter")
        assert running.main.pane is Pane.HISTORY
        assert load_filters() == ["receives>8"]
        await running.press("escape")
        assert len(running.ids(Pane.HISTORY)) == 3


async def test_a_pattern_that_never_ends_is_cut_short_and_said() -> None:
    one = consumer(history=tuple(finished(n, error="a" * 2000 + "!") for n in range(100)))
    async with dashboard(FakeFacade(snapshot(one))) as running:
        await running.press("slash", *"/(a+)+$/")
        assert "▲ too slow: it took over 50 ms" in bar(running)
        assert len(running.ids(Pane.HISTORY)) == 100
        await running.press("escape", "p")
        assert running.facade.named("pause")


async def test_the_arrows_walk_through_earlier_filters_and_back_to_what_was_typed() -> None:
    for text in ("oldest", "older", "old"):
        remember_filter(text)
    async with dashboard(FakeFacade(snapshot(ONE))) as running:
        await running.press("slash", "n", "up")
        assert value(running) == "old"
        await running.press("up", "up", "up")
        assert value(running) == "oldest"
        assert "filter oldest" in running.text()
        await running.press("down", "down", "down", "down")
        assert value(running) == "n"
        await running.press("up", "s", "enter")
        assert load_filters() == ["olds", "old", "older", "oldest"]
        await running.press("escape", "slash", "up")
        assert value(running) == "olds"


async def test_without_a_state_directory_the_filter_works_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    async with dashboard(FakeFacade(snapshot(ONE))) as running:
        await running.press("m", "slash", "up", *"gone", "enter")
        assert running.ids(Pane.HISTORY) == [message_id(22)]


async def test_what_is_typed_stays_in_sight_beside_a_note() -> None:
    async with dashboard(FakeFacade(snapshot(ONE)), size=(80, 24)) as running:
        await running.press("slash", *"outcome:failed /customer-1/ group:customer-7 receives>x")
        assert "receives>x" in bar(running)
        assert "▲ receives> needs a number" in bar(running)
