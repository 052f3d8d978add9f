"""The dashboard on a fake façade: what keys do, what is drawn, and that nothing is drawn when nothing changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from textual.events import Resize
from textual.geometry import Size

from sqs_core.model import Level, PoolSize, RunState, ThreadState
from sqs_tui.commands import Pane
from sqs_tui.dashboard import DashboardApp
from tui_canned import (
    NOW,
    consumer,
    event,
    finished,
    held,
    message_id,
    poller,
    quiet_consumer,
    snapshot,
    worker,
)
from tui_fakes import FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from textual.strip import Strip

    from sqs_core.model import Snapshot
    from tui_harness import Dashboard


def current_id(running: Dashboard) -> str | None:
    row = running.main.table(Pane.HISTORY).current
    return row.message_id if row else None


def displays(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Textual sends to the terminal from now on; nothing at all when nothing is to be painted."""
    displayed: list[Any] = []
    original = DashboardApp._display

    def record(app: DashboardApp, screen: Any, renderable: Any) -> None:
        if renderable is not None:
            displayed.append(renderable)
        original(app, screen, renderable)

    monkeypatch.setattr(DashboardApp, "_display", record)
    return displayed


class Watching(FakeFacade):
    """Notes how many frames had been displayed by the time the engine is started."""

    displayed: list[Any]
    displayed_before_start = 0

    def start(self) -> None:
        self.displayed_before_start = len(self.displayed)
        super().start()


async def test_the_engine_is_started_after_the_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    facade = Watching()
    facade.displayed = displays(monkeypatch)
    async with dashboard(facade):
        assert facade.named("start") == [("start",)]
        assert facade.displayed_before_start > 0


async def test_the_first_screen_says_it_all_in_a_small_terminal() -> None:
    async with dashboard(size=(80, 24), scene="lively") as running:
        text = running.text()
    for said in ("LOCAL", "scene lively", "http://127.0.0.1:4566", "eu-central-1", "● running", "pollers 2", "workers 5/8",
                 "depth ~118", "credentials env …MPLE", "poll p50  12 ms  p95  33 ms", "dlq orders-dlq ~3"):  # fmt: skip
        assert said in text


@pytest.mark.parametrize(("key", "pane"), [("w", Pane.WORKERS), ("i", Pane.IN_FLIGHT), ("m", Pane.HISTORY)])
async def test_a_short_screen_shows_the_main_pane_that_was_asked_for(key: str, pane: Pane) -> None:
    async with dashboard(size=(80, 24)) as running:
        await running.press(key)
        assert running.main.pane is pane
        shown = [each for each in (Pane.WORKERS, Pane.IN_FLIGHT, Pane.HISTORY) if running.main.table(each).region.height]
        assert shown == [pane]


async def test_queues_are_selected_by_number_and_by_moving() -> None:
    async with dashboard() as running:
        await running.press("2")
        assert running.main.frame.selected == "invoices.fifo"
        assert running.ids(Pane.IN_FLIGHT) == []
        running.main.show_pane(Pane.QUEUES)
        await running.press("k")
        assert running.main.frame.selected == "orders"
        await running.press("p")
        assert running.facade.named("pause") == [("pause", "orders")]


async def test_the_cursor_stays_on_its_message_while_newer_ones_come() -> None:
    first = tuple(finished(n) for n in reversed(range(5)))
    async with dashboard(FakeFacade(snapshot(consumer(history=first)))) as running:
        await running.press("m", "down", "down")
        for extra in range(1, 4):
            newer = tuple(finished(50 + n, finished_at=NOW + n) for n in range(extra))
            running.facade.now = snapshot(consumer(history=(*first, *newer)))
            await running.frame()
            assert current_id(running) == first[2].message_id
        await running.press("g")
        running.facade.now = snapshot(consumer(history=(*first, finished(90, finished_at=NOW + 90))))
        await running.frame()
        assert current_id(running) == message_id(110)


async def test_what_cannot_be_drawn_is_said_once_and_the_dashboard_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard() as running:
        with monkeypatch.context() as broken:
            broken.setattr(running.main, "draw", lambda _: 1 / 0)
            await running.frame()
            await running.frame()
        await running.frame()
        assert [note.message for note in running.app._notifications] == [
            "this could not be drawn: ZeroDivisionError: division by zero"
        ]
        assert running.app.is_running


async def test_an_unknown_theme_is_said() -> None:
    async with dashboard(theme="[/nope]") as running:
        assert "no theme [/nope]" in running.text()


async def test_equal_events_keep_their_own_rows() -> None:
    events = (event("same", at=NOW - 9), event("same", at=NOW - 5, count=2))
    async with dashboard(FakeFacade(snapshot(events=events))) as running:
        assert len({row.key for row in running.main.table(Pane.EVENTS).rows}) == 2


async def test_an_unreachable_endpoint_is_a_state_with_what_to_do() -> None:
    error = event("nothing answers at http://localhost:4566: start LocalStack", Level.ERROR, "endpoint.unreachable")
    starting = quiet_consumer(state=RunState.STARTING, threads=(), pollers=PoolSize(2, 0), workers=PoolSize(8, 0))
    facade = FakeFacade(snapshot(starting, state=RunState.STARTING, events=(error,), credentials=None))
    async with dashboard(facade, size=(80, 24)) as running:
        text = running.text()
        for said in (
            "Trouble",
            "✗ nothing answers at http://localhost:4566: start LocalStack",
            "q quit",
            "◌ starting",
            "depth ?",
        ):
            assert said in text
        facade.now = snapshot(consumer(), events=(error,))
        await running.frame()
        assert "Trouble" not in running.text()


async def test_a_poller_that_backs_off_shows_the_newest_error() -> None:
    error = event("AccessDenied: check the credentials in use", Level.ERROR, "poll.error")
    backing_off = consumer(threads=(poller(1, ThreadState.BACKING_OFF, error="AccessDenied"), worker(1)))
    async with dashboard(FakeFacade(snapshot(backing_off, events=(error,)))) as running:
        assert "✗ AccessDenied: check the credentials in use" in running.text()
        assert "backing-off" in running.text()


async def test_an_engine_that_cannot_be_read_is_a_state_and_no_crash() -> None:
    async with dashboard() as running:
        running.facade.refusals["snapshot"] = RuntimeError("lock [/broken]\x1b[31m")
        await running.frame()
        assert "the engine cannot be read: RuntimeError: lock [/broken]⟨1B⟩[31m" in running.text()
        assert "workers 5/8" in running.text()
        del running.facade.refusals["snapshot"]
        await running.frame()
        assert "cannot be read" not in running.text()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_resizing_at_run_time(size: tuple[int, int]) -> None:
    async with dashboard(size=size) as running:
        for width, height in ((20, 5), (1, 1), (59, 14), (60, 15), (120, 40), (80, 24), size):
            await running.pilot.resize_terminal(width, height)
            await running.pilot.pause()
            small = width < 60 or height < 15
            assert ("too small" in running.text()) is (small and width >= 20)
            assert all(len(line) <= width for line in running.text().splitlines())
        assert "● running" in running.text()


@pytest.mark.parametrize("keys", [["question_mark"], ["I"], ["e"], ["x"], ["slash"], ["Q"], ["at"]])
async def test_no_screen_is_drawn_where_there_is_no_room(keys: list[str]) -> None:
    async with dashboard() as running:
        await running.press(*keys)
        await running.frame()  # what the keys have opened may have left less room for a table, which says so a moment later
        before, focused = running.text(), running.app.focused
        for size in ((59, 40), (120, 14), (30, 8)):
            await running.pilot.resize_terminal(*size)
            await running.pilot.pause()
            shown = [line.strip() for line in running.text().splitlines() if line.strip()]
            assert shown[:2] == [f"too small: {size[0]}x{size[1]}", "needs 60x15"]
            assert len(shown) <= 3
        await running.pilot.resize_terminal(120, 40)
        await running.pilot.pause()
        assert running.text() == before
        assert running.app.focused is focused


@pytest.mark.parametrize("keys", [[], ["question_mark"]], ids=["dashboard", "help"])
async def test_a_size_that_the_terminal_no_longer_has_is_not_laid_out(keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard() as running:
        await running.press(*keys)
        laid_out: list[Size] = []
        monkeypatch.setattr(running.app.screen, "_screen_resized", laid_out.append)
        for size in (Size(100, 30), Size(120, 40)):
            running.app.screen.post_message(Resize(size, size))
            await running.pilot.pause()
        assert laid_out == [Size(120, 40)]


async def test_nothing_is_displayed_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    displayed = displays(monkeypatch)
    async with dashboard() as running:
        for tick in range(1, 9):
            running.facade.now = replace(idle(), at=NOW + tick * 0.25)
            await running.frame()
        settled = len(displayed)
        assert settled > 0
        for tick in range(9, 60):
            running.facade.now = replace(idle(), at=NOW + tick * 0.25)
            await running.frame()
        assert len(displayed) == settled
        running.facade.now = snapshot(quiet_consumer(state=RunState.PAUSED))
        await running.frame()
        assert len(displayed) > settled


def idle() -> Snapshot:
    return snapshot(quiet_consumer(in_flight=(), threads=(poller(1), worker(1), worker(2))), events=())


async def test_one_changed_row_writes_one_line_and_not_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard() as running:
        running.facade.now = idle()
        await running.frame()
        painted: list[int] = []
        table = running.main.table(Pane.WORKERS)
        original = table.render_line

        def render_line(y: int) -> Strip:
            painted.append(y)
            return original(y)

        monkeypatch.setattr(table, "render_line", render_line)
        changed = quiet_consumer(threads=(poller(1), worker(1), worker(2, handled=1)))
        running.facade.now = snapshot(changed, events=())
        await running.frame()
        assert set(painted) == {2}


async def test_sixty_four_workers_and_a_thousand_messages_are_drawn() -> None:
    workers = tuple(worker(n, ThreadState.HANDLING, message_id=message_id(n)) for n in range(64))
    big = consumer(threads=workers, in_flight=tuple(held(n) for n in range(1000)), workers=PoolSize(64, 64, 64))
    async with dashboard(FakeFacade(snapshot(big)), size=(80, 24)) as running:
        await running.press("G")
        assert "worker-63" in running.text()
        await running.press("i", "G")
        assert "… 800 more" in running.text()
