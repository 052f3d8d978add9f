"""The fleet screen on a fleet that does not exist: keys, questions, what is drawn and what is not."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from textual.widgets import Input

from fleet_canned import FakeFleet, member
from fleet_screen import FleetScreenDriver, fleet_screen
from sqs_core.model import RunState
from sqs_core.plain_text import is_obeyed
from sqs_core.words import LinkPhase
from sqs_tui.fleet_rows import columns_for, short_name
from sqs_tui.screens.dialogs import Confirm
from tui_harness import plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqs_core.remote.fleet import Fleet


HOSTILE = "pod/[@click=app.leave]x[/]\x1b]0;owned\x07\u202e[/foo]"


class Watching(FleetScreenDriver):
    """The screen, and the fleet that does not exist."""

    fleet: FakeFleet


@asynccontextmanager
async def watching(fleet: FakeFleet, size: tuple[int, int] = (120, 40), **options: Any) -> AsyncIterator[Watching]:
    async with fleet_screen(cast("Fleet", fleet), size=size, **options) as screen:
        running = Watching(screen.app, screen.pilot)
        running.fleet = fleet
        yield running


def three(**changed: Any) -> FakeFleet:
    return FakeFleet(member("orders-1", handled=100), member("orders-2", handled=300), member("orders-3", handled=200, **changed))


async def test_commands_are_about_the_marked_else_about_the_one_under_the_cursor() -> None:
    async with watching(three()) as screen:
        await screen.press("p")
        await screen.press("space", "space", "plus")
        await screen.press("escape", "asterisk", "minus")
        assert screen.fleet.commands == [
            ("pause", "orders-1"),
            ("resize +1", "orders-1", "orders-2"),
            ("resize -1", "orders-1", "orders-2", "orders-3"),
        ]
        assert "resize -1: 3 done" in screen.text()


async def test_p_resumes_where_all_are_paused_and_pauses_where_one_is_not() -> None:
    async with watching(FakeFleet(member("a", state=RunState.PAUSED), member("b"), member("c", control=False))) as screen:
        await screen.press("p", "asterisk", "p")
        screen.fleet.members = (*(member(name, state=RunState.PAUSED) for name in "ab"), member("c", control=False))
        await screen.draw()
        await screen.press("p")
        assert [command[0] for command in screen.fleet.commands] == ["resume", "pause", "resume"]


async def test_a_drain_asks_how_many_and_where_with_no_as_default_and_is_about_what_was_asked() -> None:
    async with watching(three()) as screen:
        await screen.press("space", "space", "D")
        text = screen.text()
        for said in ("Drain 2 pods in context test-eu, namespace staging?", "pod/orders-1, pod/orders-2", "No, leave it"):
            assert said in text
        await screen.press("enter")
        assert screen.fleet.commands == []
        await screen.press("D")
        assert isinstance(screen.app.screen, Confirm)
        screen.fleet.members = (member("orders-9"), *screen.fleet.members[1:])
        await screen.draw()
        await screen.press("y")
        assert screen.fleet.commands == [("drain", "orders-1", "orders-2")]


async def test_leaving_is_one_press_and_sends_nothing() -> None:
    async with watching(three()) as screen:
        await screen.press("asterisk", "q")
    assert (screen.app.return_value, screen.fleet.commands, screen.fleet.started) == (0, [], 1)


async def test_the_filter_and_the_sort() -> None:
    async with watching(three(version="9.9.9")) as screen:
        await screen.press("slash", *"9.9.9", "enter")
        assert screen.rows() == ["orders-3"]
        assert "1 of 3" in screen.text()
        await screen.press("escape")
        assert screen.rows() == ["orders-1", "orders-2", "orders-3"]
        await screen.press("O")
        assert screen.rows() == ["orders-3", "orders-2", "orders-1"]
        screen.fleet.members = (member("a", rate=1.0), member("b", rate=None), member("c", rate=9.0))
        await screen.press(*"oooo")
        assert "by rate ↓" in screen.text()
        assert screen.rows() == ["c", "a", "b"]


async def test_letters_typed_into_the_filter_are_no_commands() -> None:
    async with watching(three()) as screen:
        await screen.press("slash", *"pDq")
        assert screen.app.screen.query_one("#fleet-filter", Input).value == "pDq"
        assert screen.fleet.commands == []


async def test_differences_and_trouble_are_said() -> None:
    odd = member("orders-9", version="9.9.9", identity="999 elsewhere", p95_ms=9_000.0)
    lost = member(
        "orders-8", LinkPhase.LOST, word="no sqs-tui", problem="no sqs-tui in container app: bring it in", age_seconds=75
    )
    fleet = FakeFleet(*three().members, odd, lost, problem="k8s:staging/app=orders: kubectl: refused")
    async with watching(fleet) as screen:
        text = screen.text()
        for said in (
            "4 of 5 answer",
            "versions differ",
            "9.9.9 ×1 (pod/orders-9)",
            "identities differ",
            "1 no sqs-tui",
            "75s",
            "kubectl: refused",
        ):
            assert said in text
        await screen.press("end")
        assert "another identity than the others · another version than the others" in screen.text()
        await screen.press("up", "d")
        assert "✗ no sqs-tui in container app: bring it in" in screen.text()


async def test_view_only_offers_no_command_that_changes_anything() -> None:
    async with watching(FakeFleet(member("a", control=False), member("b", control=False))) as screen:
        assert "Drain" not in screen.text()
        await screen.press("p", "D", "plus")
        assert screen.fleet.commands == []


async def test_read_only_sends_nothing() -> None:
    async with watching(three(), view_only=True) as screen:
        await screen.press("asterisk", "p", "D", "plus", "minus")
        assert screen.fleet.commands == []


async def test_help_and_palette_have_the_fleets_commands() -> None:
    async with watching(three(), size=(120, 80)) as screen:
        await screen.press("question_mark")
        text = screen.text()
        for said in ("Several consumers", "Mark all", "Leave at once. It changes nothing", "worst member"):
            assert said in text
        assert "Dead letters" not in text
        await screen.press("escape", "ctrl+p", *"Mark all")
        await screen.pilot.pause(0.5)
        await screen.press("enter")
        await screen.pilot.pause()
        assert len(screen.app._home.marked) == 3


@pytest.mark.parametrize(("size", "theme"), [((80, 24), "ansi-dark"), ((120, 40), "textual-dark"), ((200, 50), "textual-light")])
async def test_hostile_names_are_text(size: tuple[int, int], theme: str) -> None:
    odd = replace(member("x", problem=HOSTILE, word="[/foo]\x1b[2J"), phase=LinkPhase.LOST, name=HOSTILE)
    fleet = FakeFleet(*three().members, odd, member("y", queues=(HOSTILE,), version=HOSTILE, identity=HOSTILE, endpoint=HOSTILE))
    async with watching(fleet, size, theme=theme) as screen:
        cells = [cell.text for row in screen.app._home.table.rows for cell in row.cells]
        assert not any(is_obeyed(ord(character)) for text in cells for character in text)
        await screen.press("asterisk", "D")
        assert "[@click=app.leave]x[/]⟨1B⟩" in screen.text()
        await screen.press("n", "end", "d")
        text = screen.text()
        assert not any(character in text for character in "\x1b\x07\u202e")
        assert "⟨1B⟩" in text


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 200])
def test_the_columns_fit_and_names_keep_their_ends(width: int) -> None:
    members = [member(f"orders-worker-7d4f9c6b8-x2x4{letter}") for letter in "abc"]
    columns = columns_for(members, width)
    assert sum(column.width for column in columns) + len(columns) - 1 <= width
    assert ("note" in {column.title for column in columns}) is (width >= 120)
    assert short_name(members[0]) == "orders-worker-7d4f9c6b8-x2x4a"


async def test_a_small_terminal_shows_the_ends_of_names_and_a_tiny_one_says_so() -> None:
    members = [member(f"orders-worker-7d4f9c6b8-x2x4{letter}") for letter in "abc"]
    async with watching(FakeFleet(*members), (80, 24)) as screen:
        assert "…c6b8-x2x4a" in screen.text() or "-x2x4a" in screen.text()
        await screen.pilot.resize_terminal(40, 10)
        await screen.pilot.pause()
        assert "too small: 40x10" in screen.text()


async def test_only_lines_that_differ_are_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with watching(three()) as screen:
        painted: list[Any] = []
        table = screen.app._home.table
        real = table.refresh

        def refresh(*regions: Any, **more: Any) -> Any:
            painted.append(regions)
            return real(*regions, **more)

        monkeypatch.setattr(table, "refresh", refresh)
        await screen.draw()
        assert painted == [], "nothing has changed"
        screen.fleet.members = (*screen.fleet.members[:1], member("orders-2", busy=1), *screen.fleet.members[2:])
        await screen.draw()
        assert [len(regions) for regions in painted] == [1]
