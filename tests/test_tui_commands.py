"""What keys do, and which are offered when."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from sqs_core.errors import ConfigurationError
from sqs_core.model import Level, PoolName, RunState, ThreadState
from sqs_tui.commands import Pane, Situation, bar_commands, help_commands, palette_commands
from tui_canned import NOW, consumer, detail, event, finished, message_id, snapshot, worker
from tui_fakes import FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqs_tui.commands import Command


def names(facade: FakeFacade) -> list[str]:
    return [call[0] for call in facade.calls]


@pytest.mark.parametrize(
    ("state", "command"),
    [(RunState.RUNNING, "pause"), (RunState.PAUSING, "resume"), (RunState.PAUSED, "resume")],
)
async def test_p_toggles_by_the_selected_queues_state(state: RunState, command: str) -> None:
    async with dashboard(FakeFacade(snapshot(consumer(state=state)))) as running:
        assert ("Resume" if command == "resume" else "Pause") in running.text()
        await running.press("p")
        assert running.facade.named(command) == [(command, "orders")]


async def test_plus_and_minus_resize_the_focused_pool() -> None:
    async with dashboard() as running:
        await running.press("plus", "minus")
        running.main.show_pane(Pane.POLLERS)
        await running.press("plus")
        assert running.facade.named("resize") == [
            ("resize", "orders", PoolName.WORKERS, 9),
            ("resize", "orders", PoolName.WORKERS, 7),
            ("resize", "orders", PoolName.POLLERS, 3),
        ]


async def test_a_refusal_by_the_engine_is_a_toast() -> None:
    facade = FakeFacade(refusals={"resize": ConfigurationError("workers: at least 1, not [/0]")})
    async with dashboard(facade) as running:
        await running.press("minus")
        assert [note.message for note in running.app._notifications] == ["workers: at least 1, not [/0]"]


async def test_the_filter_narrows_while_it_is_typed_and_esc_clears_it() -> None:
    async with dashboard() as running:
        everything = running.ids(Pane.IN_FLIGHT)
        await running.press("i", "slash", *"damaged", "enter")
        assert running.ids(Pane.IN_FLIGHT) == [message_id(2)]
        assert running.main.pane is Pane.IN_FLIGHT
        assert "filter damaged" in running.text()
        await running.press("escape")
        assert running.ids(Pane.IN_FLIGHT) == everything


async def test_letters_typed_into_the_filter_are_no_commands() -> None:
    async with dashboard() as running:
        await running.press("slash", *"pqfR")
        assert running.app.screen.query_one("#filter", Input).value == "pqfR"
        assert names(running.facade) == ["start"]


async def test_freezing_holds_the_view_and_not_the_engine() -> None:
    async with dashboard() as running:
        await running.press("f")
        assert "FROZEN since 10:00:00" in running.text()
        running.facade.now = replace(running.facade.now, consumers=(consumer(in_flight=()),))
        await running.frame()
        assert len(running.ids(Pane.IN_FLIGHT)) == 7
        await running.press("f")
        assert running.ids(Pane.IN_FLIGHT) == []
        assert "FROZEN" not in running.text()


async def test_enter_opens_the_message_and_r_shows_the_body_as_it_came() -> None:
    facade = FakeFacade(details={message_id(1): detail(1)})
    async with dashboard(facade) as running:
        await running.press("i", "enter")
        text = running.text()
        assert running.facade.named("message") == [("message", "orders", message_id(1))]
        for said in ('"order": 10288,', "tenant     String  acme", "Number.eur  49.90", "16 bytes: 00 01", "received, receive 2"):
            assert said in text
        await running.press("r")
        assert '{"type": "order.paid", "order": 10288, "method": "card"}' in running.text()
        await running.press("escape")
        assert running.app.screen is running.main


async def test_a_message_that_was_opened_stays_under_the_cursor_while_newer_ones_come() -> None:
    old = consumer().history
    newest = max(old, key=lambda each: each.finished_at).message_id
    facade = FakeFacade(details={newest: replace(detail(1), message=replace(detail(1).message, message_id=newest))})
    async with dashboard(facade) as running:
        await running.press("m", "enter")
        facade.now = snapshot(consumer(history=(*old, finished(90, finished_at=NOW + 90))))
        await running.press("escape")
        await running.frame()
        assert running.ids(Pane.HISTORY)[1] == newest
        await running.press("R")
        assert newest in running.text()


async def test_the_keys_of_a_worker_stay_when_its_message_goes() -> None:
    facade = FakeFacade(snapshot(consumer(threads=(worker(1, ThreadState.HANDLING, message_id=message_id(1)),))))
    async with dashboard(facade) as running:
        await running.press("w")
        keys = running.text().splitlines()[-1]
        facade.now = snapshot(consumer(threads=(worker(1),)))
        await running.frame()
        assert "enter Open" in keys
        assert running.text().splitlines()[-1] == keys
        await running.press("enter", "enter", "enter")
        assert [note.message for note in running.app._notifications] == ["This worker has no message at the moment."]


async def test_a_forgotten_message_is_a_toast() -> None:
    async with dashboard() as running:
        await running.press("m", "enter")
        assert "forgotten" in next(iter(running.app._notifications)).message


async def test_enter_on_an_event_shows_its_whole_text() -> None:
    long = "the server said: " + "very " * 60 + "much [/x]\x1b"
    async with dashboard(FakeFacade(snapshot(events=(event(long, Level.WARNING, count=37),)))) as running:
        running.main.show_pane(Pane.EVENTS)
        assert "×37 orders: the server said" in running.text()
        await running.press("enter")
        assert "much [/x]⟨1B⟩" in running.text()
        await running.press("escape")
        assert running.app.screen is running.main


async def test_replay_asks_with_no_as_default_and_acts_on_the_message_it_was_asked_about() -> None:
    async with dashboard() as running:
        await running.press("m", "R")
        text = running.text()
        for said in ("Send 1 message to orders again?", message_id(20), "No, leave it"):
            assert said in text
        await running.press("enter")
        assert running.facade.named("replay") == []
        await running.press("R")
        newer = finished(70, finished_at=NOW + 1)
        running.facade.now = snapshot(consumer(history=(*consumer().history, newer)))
        await running.frame()
        await running.press("y")
        assert running.facade.named("replay") == [("replay", "orders", message_id(20))]


async def test_what_came_of_a_command_is_seen_before_the_next_frame() -> None:
    async with dashboard() as running:
        running.facade.set_state(RunState.PAUSING)
        assert "pausing" not in running.text()
        await running.press("p")
        assert "pausing" in running.text()


async def test_what_came_of_a_replay_is_a_toast_once() -> None:
    async with dashboard() as running:
        running.facade.now = snapshot(events=(event("sent again as 4f5e", code="replay.sent", at=NOW),))
        await running.frame()
        await running.frame()
        assert [note.message for note in running.app._notifications] == ["sent again as 4f5e"]
        running.facade.now = snapshot(events=(event("no proof [/x]", Level.ERROR, code="replay.failed", at=NOW),))
        await running.frame()
        assert [note.severity for note in running.app._notifications] == ["information", "error"]


async def test_view_only_offers_nothing_that_changes_anything() -> None:
    async with dashboard(view_only=True) as running:
        await running.press("p", "plus", "minus", "c", "m", "R")
        assert names(running.facade) == ["start"]
        assert "Pause" not in running.text()
        await running.press("question_mark")
        assert "Pause or resume" not in running.text()


async def test_a_screenshot_is_written_and_never_over_another(tmp_path: Path) -> None:
    async with dashboard(screenshot_dir=tmp_path) as running:
        await running.press("s", "s")
        written = sorted(tmp_path.iterdir())
        assert [path.name for path in written] == ["sqs-tui-2026-03-01T100000Z-1.svg", "sqs-tui-2026-03-01T100000Z.svg"]
        assert written[0].stat().st_mode & 0o777 == 0o600
        assert str(written[1]) in next(iter(running.app._notifications)).message


async def test_a_screenshot_that_cannot_be_written_is_a_toast(tmp_path: Path) -> None:
    async with dashboard(screenshot_dir=tmp_path / "missing") as running:
        await running.press("s")
        assert "no screenshot" in next(iter(running.app._notifications)).message


async def test_the_palette_runs_the_same_commands() -> None:
    async with dashboard() as running:
        titles = {command.title: command for command in running.app.get_system_commands(running.app.screen)}
        assert {"Pause or resume", "Quit", "Theme"} <= set(titles)
        titles["Pause or resume"].callback()
        await running.pilot.pause()
        assert running.facade.named("pause") == [("pause", "orders")]


def test_what_is_allowed_follows_from_the_situation() -> None:
    def ids(commands: Iterable[Command]) -> set[str]:
        return {command.id for command in commands}

    consuming = Situation(pane=Pane.HISTORY, queue=True, consuming=True, message=True)
    assert {"pause", "replay", "open"} <= ids(bar_commands(consuming))
    assert "consume" not in ids(palette_commands(consuming))
    assert "consume" in ids(bar_commands(Situation(browsing=True, queue=True)))
    assert "consume" not in ids(bar_commands(Situation(browsing=True, queue=True, consuming=True)))
    assert "pause" not in ids(palette_commands(Situation(browsing=True, queue=True, consuming=True)))
    assert ids(bar_commands(replace(consuming, leaving=True))) == {"quit"}
    assert not any(command.changes for _, group in help_commands(replace(consuming, view_only=True)) for command in group)
