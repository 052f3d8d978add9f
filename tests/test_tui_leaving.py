"""Leaving: a press drains, a second leaves, deadlines hold, exit codes tell."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.app import App

from sqs_core.model import PoolSize, RunState, ThreadState
from sqs_tui import departure as ways_out
from sqs_tui.departure import Departure
from sqs_tui.drain import DrainProgress
from tui_canned import NOW, consumer, held, poller, quiet_consumer, snapshot, worker
from tui_fakes import FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from sqs_core.model import Snapshot


def draining(held_count: int = 5, busy: int = 3, poll_since: float | None = NOW - 8, at: float = NOW) -> Snapshot:
    """An engine in the middle of a drain."""
    threads = [worker(n, ThreadState.HANDLING, message_id=str(n)) for n in range(busy)]
    if poll_since is not None:
        threads.append(poller(1, since=poll_since))
    one = consumer(
        state=RunState.DRAINING,
        in_flight=tuple(held(n) for n in range(held_count)),
        threads=tuple(threads),
        workers=PoolSize(8, 8, busy),
    )
    return snapshot(one, state=RunState.DRAINING, at=at)


def ended(state: RunState = RunState.STOPPED, held_count: int = 0, at: float = NOW) -> Snapshot:
    """An engine that has ended."""
    return snapshot(
        quiet_consumer(state=state, threads=(), in_flight=tuple(held(n) for n in range(held_count))), state=state, at=at
    )


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_the_first_press_drains_and_shows_what_remains(key: str) -> None:
    async with dashboard(FakeFacade(deadline_seconds=25.0)) as running:
        await running.press(key)
        assert running.facade.wait_for("drain")
        running.facade.now = draining()
        await running.frame()
        text = running.text()
        assert "3 workers busy · 5 held · 1 long poll ends in 12 s; press q again to leave now" in text
        assert "cut short at 10:00:25, in 25 s" in text
        assert "orders: 3 workers busy" in text, "which queues are drained"
        assert "◐ draining" in text
        await running.press("p", "f")
        assert [call[0] for call in running.facade.calls] == ["start", "drain"]
        running.facade.now = ended()
        await running.frame()
        assert running.app.return_value == 0


async def test_a_drain_closes_what_is_open_and_ends_a_freeze() -> None:
    async with dashboard() as running:
        await running.press("f", "question_mark", "ctrl+q")
        running.facade.now = draining()
        await running.frame()
        assert running.app.screen is running.main
        assert "FROZEN" not in running.text()
        assert "1 long poll ends in 12 s" in running.text()


async def test_the_second_press_stops_the_engine_and_leaves_with_1() -> None:
    async with dashboard() as running:
        await running.press("q")
        running.facade.now = draining()
        await running.press("q")
        assert running.app.return_value == 1
        assert running.facade.wait_for("stop_now")


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (ended(), 0),
        (ended(RunState.FAILED), 1),
        (ended(held_count=1), 1),
        (ended(at=NOW + 26), 1),
    ],
    ids=["clean", "failed", "held", "past the deadline"],
)
async def test_the_exit_code_tells_how_the_drain_ended(last: Snapshot, code: int) -> None:
    async with dashboard(FakeFacade(deadline_seconds=25.0)) as running:
        await running.press("q")
        running.facade.now = draining()
        await running.frame()
        running.facade.now = last
        await running.frame()
        assert running.app.return_value == code


async def test_an_engine_that_ends_by_itself_ends_the_dashboard() -> None:
    async with dashboard() as running:
        running.facade.now = ended()
        await running.frame()
        assert running.app.return_value == 0


async def test_a_failure_nobody_asked_for_stays_to_be_read() -> None:
    async with dashboard() as running:
        running.facade.now = ended(RunState.FAILED)
        await running.frame()
        assert running.app.return_value is None
        await running.press("q")
        assert running.app.return_value == 1


def test_the_drains_bar_never_runs_backwards() -> None:
    progress = DrainProgress()
    counts = [(5, NOW), (4, NOW + 2), (9, NOW + 3), (2, NOW + 6), (0, NOW + 12)]
    fractions = [progress.observe(draining(n, 0, None if n == 0 else NOW - 8, at), 25 - (at - NOW)).fraction for n, at in counts]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == 1


def test_a_poll_ends_after_the_wait_that_the_consumer_was_told() -> None:
    now = draining(0, 0, NOW - 2)
    short = replace(now, consumers=tuple(replace(each, wait_seconds=5) for each in now.consumers))
    assert "1 long poll ends in 3 s" in DrainProgress().observe(short, 25).remains
    assert "1 long poll ends too late, and not waited for" in DrainProgress().observe(short, 2).remains
    assert "1 long poll ends in 18 s" in DrainProgress().observe(now, 25).remains


class Guarded:
    """A departure stepped by hand."""

    def __init__(self) -> None:
        self.facade = FakeFacade(deadline_seconds=25.0)
        self.given_up: list[int] = []
        self.departure = Departure(self.facade, self.given_up.append)

    def press(self, now: float) -> None:
        self.departure.press()
        self.departure.step("press", now)


def test_a_screen_that_does_not_leave_after_the_drain_is_left() -> None:
    guarded = Guarded()
    guarded.press(0)
    assert guarded.facade.named("drain") == [("drain",)]
    guarded.facade.now = ended()
    guarded.departure.step(None, 10)
    assert guarded.given_up == []
    guarded.departure.step(None, 10 + ways_out.LEAVE_SECONDS)
    assert guarded.given_up == [0]


def test_a_second_press_leaves_within_a_second_whatever_the_engine_does() -> None:
    guarded = Guarded()
    forever = threading.Event()
    guarded.facade.stop_now = forever.wait  # type: ignore[method-assign, assignment]
    guarded.press(0)
    guarded.press(5)
    guarded.departure.step(None, 5.5)
    assert guarded.given_up == []
    guarded.departure.step(None, 5.95)
    assert guarded.given_up == [1]
    forever.set()


def test_a_drain_past_its_deadline_is_cut_short() -> None:
    guarded = Guarded()
    guarded.press(0)
    guarded.departure.step(None, 26)
    assert guarded.facade.named("stop_now") == []
    guarded.departure.step(None, 27)
    assert guarded.facade.wait_for("stop_now")
    guarded.departure.step(None, 28)
    assert guarded.given_up == [1]


def test_an_engine_that_cannot_even_drain_is_left_by_the_deadline() -> None:
    guarded = Guarded()
    guarded.facade.refusals = {"drain": RuntimeError("broken"), "snapshot": RuntimeError("broken")}
    guarded.press(0)
    guarded.departure.step(None, ways_out.LONGEST_DRAIN_SECONDS)
    guarded.departure.step(None, ways_out.LONGEST_DRAIN_SECONDS + 1)
    assert guarded.given_up == [1]


def test_a_lost_terminal_drains_unseen_and_leaves() -> None:
    guarded = Guarded()
    guarded.departure.hang_up()
    guarded.departure.step("hang-up", 0)
    assert guarded.facade.named("drain") == [("drain",)]
    guarded.facade.now = ended()
    guarded.departure.step(None, 3)
    guarded.departure.step(None, 4)
    assert guarded.given_up == [0]


def test_a_loop_that_gives_no_beat_counts_as_a_lost_terminal() -> None:
    guarded = Guarded()
    guarded.departure._had_terminal = False
    for _ in range(int(ways_out.STUCK_AFTER_SECONDS) - 1):
        guarded.departure._watch_terminal()
    assert not guarded.departure.hung_up
    guarded.departure.beat()
    for _ in range(int(ways_out.STUCK_AFTER_SECONDS)):
        guarded.departure._watch_terminal()
    assert guarded.departure.hung_up


async def test_an_editor_may_be_open_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(App, "suspend", lambda _: nullcontext())
    async with dashboard() as running:
        departure = running.app._departure
        with running.app.suspend():
            for _ in range(int(ways_out.STUCK_AFTER_SECONDS) + 1):
                departure._watch_terminal()
        departure._watch_terminal()
        assert not departure.hung_up
