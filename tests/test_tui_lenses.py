"""Lenses: failures by cause and message groups over the whole screen, live, and a message of theirs to look at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sqs_core.model import FailureGroup, Failures, Outcome, ThreadState, Totals
from sqs_tui.commands import COMMANDS, Place
from sqs_tui.failure_lens import failure_lens
from sqs_tui.group_lens import group_lens
from sqs_tui.rows import ROW_LIMIT
from sqs_tui.screens.frames import DrawsFrames
from sqs_tui.screens.identity import IdentityScreen
from sqs_tui.screens.lens import FailuresScreen, GroupsScreen
from sqs_tui.screens.message import MessageScreen
from test_tui_dashboard import displays
from test_tui_hostile import PAYLOADS, assert_inert
from tui_canned import NOW, consumer, detail, finished, held, message_id, quiet_consumer, snapshot, worker
from tui_fakes import FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from sqs_core.model import ConsumerSnapshot, Snapshot

SIZES = [(80, 24), (120, 40), (200, 50)]


def cause(count: int = 37, **more: object) -> FailureGroup:
    values = {
        "kind": "TimeoutError", "place": "app/jobs.py:42 in charge", "pattern": None, "count": count, "given_up": 2,
        "first_at": NOW - 200, "last_at": NOW - 3, "message_id": message_id(1), "error": "TimeoutError: no answer for 10291",
    }  # fmt: skip
    return FailureGroup(**{**values, **more})  # type: ignore[arg-type]


def failing(*groups: FailureGroup, other: int = 0) -> Snapshot:
    return snapshot(consumer(failures=Failures(groups, other)))


def grouped() -> ConsumerSnapshot:
    return consumer(
        "payments.fifo",
        threads=(worker(3, ThreadState.HANDLING, NOW - 40, message_id=message_id(1)),),
        in_flight=(held(1, worker="orders-worker-3", group_id="customer-7"),),
        history=(finished(2, Outcome.RETRIED, group_id="customer-9", error="boom"), finished(3, group_id="customer-1")),
    )


@pytest.mark.parametrize("size", SIZES)
async def test_failures_say_what_where_how_often_and_what_the_figures_cover(size: tuple[int, int]) -> None:
    rare = cause(1, kind="KeyError", place=None, pattern="KeyError: #", error="KeyError: 17", given_up=0)
    async with dashboard(FakeFacade(failing(rare, cause(), other=12)), size=size) as running:
        await running.press("e")
        lines = running.text().splitlines()
    text = "\n".join(lines)
    assert "Failures of orders" in lines[0]
    assert "51 failed: 48 retried, 3 given up; 0 leases lost" in lines[1]
    assert "Of the whole run" in lines[2]
    first, second, more = (
        next(n for n, line in enumerate(lines) if w in line) for w in ("    37 ", "     1 ", "… 12 failures more")
    )
    assert first < second < more
    assert "TimeoutError" in lines[first]
    assert "app/jobs.py:42 in charge" in lines[first]
    assert "09:59:57" in lines[first]
    assert "KeyError" in lines[second]
    assert "#" in lines[second]
    assert "37 × TimeoutError at app/jobs.py:42 in charge" in text
    assert "first 2026-03-01 09:56:40 UTC, newest 2026-03-01 09:59:57 UTC, 2 given up" in text
    assert "TimeoutError: no answer for 10291" in text


async def test_enter_opens_the_newest_message_of_the_cause_and_escape_leads_back() -> None:
    facade = FakeFacade(failing(cause()), details={message_id(1): detail(1)})
    async with dashboard(facade) as running:
        await running.press("e", "enter")
        assert facade.named("message") == [("message", "orders", message_id(1))]
        over = type(running.app.screen)
        await running.press("escape")
        assert (over, type(running.app.screen)) == (MessageScreen, FailuresScreen)
        await running.press("escape")
        assert len(running.app.screen_stack) == 1
        assert facade.named("drain") == []


async def test_a_forgotten_message_is_said_and_nothing_opens() -> None:
    async with dashboard(FakeFacade(failing(cause(), other=1))) as running:
        await running.press("e", "enter")
        assert isinstance(running.app.screen, FailuresScreen)
        assert "has been forgotten" in running.text()
        await running.press("G", "enter")
        assert len(running.facade.named("message")) == 1


async def test_it_is_live_the_cursor_stays_on_its_cause_and_nothing_new_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    displayed = displays(monkeypatch)
    async with dashboard(FakeFacade(failing(cause(3), cause(2, kind="KeyError")))) as running:
        await running.press("e", "j")
        assert "2 × KeyError" in running.text()
        running.facade.now = failing(cause(3), cause(9, kind="KeyError"), cause(5, kind="ValueError"))
        await running.frame()
        assert "9 × KeyError" in running.text()
        await running.frame()
        settled = len(displayed)
        for _ in range(5):
            await running.frame()
        assert len(displayed) == settled


@pytest.mark.parametrize(("key", "screen"), [("e", FailuresScreen), ("L", GroupsScreen)])
@pytest.mark.parametrize("close", ["escape", "q", "same"])
async def test_each_lens_opens_with_its_key_and_closes(key: str, screen: type, close: str) -> None:
    async with dashboard(FakeFacade(snapshot(quiet_consumer()))) as running:
        await running.press(key)
        assert isinstance(running.app.screen, screen)
        assert {"e": "Nothing has failed here.", "L": "No message seen here carries a group id."}[key] in running.text()
        await running.press(key if close == "same" else close)
        assert len(running.app.screen_stack) == 1
        assert running.facade.named("drain") == []


@pytest.mark.parametrize("size", SIZES)
async def test_groups_say_who_works_on_which_and_what_nobody_knows(size: tuple[int, int]) -> None:
    facade = FakeFacade(snapshot(grouped()), details={message_id(1): detail(1)})
    async with dashboard(facade, size=size) as running:
        await running.press("L")
        text, words = running.text(), " ".join(running.text().replace("│", " ").split())
        rows = [line for line in text.splitlines() if "customer-" in line]
        assert "Groups of payments.fifo" in text
        assert "known to nobody" in words
        assert "SQS gives out none behind it" in words
        assert "3 groups seen, 1 with messages held, 1 to be retried" in words
        assert [next(word for word in row.split() if word.startswith("customer-")) for row in rows[:3]] == [
            "customer-7", "customer-9", "customer-1",
        ]  # fmt: skip
        for said in ("handling", "09:59:20", "worker-3", message_id(1)[:8]):
            assert said in rows[0]
        assert "to-retry" in rows[1]
        assert f"handling by worker-3 since 09:59:20: message {message_id(1)}, receive 1" in words
        await running.press("j")
        assert "retried: boom" in running.text()
        await running.press("k", "enter")
        assert isinstance(running.app.screen, MessageScreen)


def test_groups_of_a_standard_queue_block_nothing() -> None:
    lens = group_lens(replace(grouped(), queue="orders", fifo=False))
    assert "none keeps another" in lens.about[2]
    assert [row.cells[1].text for row in lens.rows] == ["handling", "idle", "idle"]


def test_a_lens_is_capped_and_says_so() -> None:
    many = quiet_consumer(history=tuple(finished(n, group_id=f"g{n}") for n in range(ROW_LIMIT + 50)))
    assert group_lens(many).rows[-1].cells[0].text == "… 50 more"
    assert failure_lens(quiet_consumer(totals=Totals(leases_lost=1))).about[0].endswith("1 lease lost")


@pytest.mark.parametrize("name", PAYLOADS)
async def test_foreign_text_in_a_lens_is_shown_and_not_obeyed(name: str) -> None:
    payload, seen_as = PAYLOADS[name]
    hostile = cause(kind=payload, place=payload, message_id=payload, error=payload)
    one = consumer(
        payload,
        failures=Failures((hostile, cause(1, kind=payload, place=None, pattern=payload))),
        in_flight=(held(1, message_id=payload, group_id=payload),),
        history=(finished(1, Outcome.RETRIED, message_id=payload, group_id=payload, error=payload),),
    )
    for key in ("e", "L"):
        async with dashboard(FakeFacade(snapshot(one))) as running:
            await running.press(key)
            assert_inert(running)
            assert seen_as in running.text()
            await running.press("enter")
            assert_inert(running)


def test_screens_that_live_on_frames_say_so_in_one_way() -> None:
    assert [issubclass(screen, DrawsFrames) for screen in (FailuresScreen, IdentityScreen, MessageScreen)] == [True, True, False]
    for place in Place:
        keys = [key for command in COMMANDS if command.place is place for key in command.keys]
        assert len(keys) == len(set(keys))
