"""The help and the palette tell of every command of the table, and what is copied is what is under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from fleet_canned import FakeFleet, member
from fleet_screen import fleet_screen
from sqs_tui.commands import COMMANDS, Group, Pane, Place, Situation, palette_commands
from sqs_tui.screens.help import Help, help_lines
from tui_canned import detail, message_id
from tui_fakes import FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from sqs_core.remote.fleet import Fleet
    from sqs_tui.commands import Command

EVERYTHING = Situation(queue=True, demo=True, playing=True)
PLACES = (Place.MAIN, Place.FLEET)
"""The places that have a help of their own."""


def told(command: Command, text: str) -> bool:
    """Key, title and help in one paragraph, whatever the line breaks."""
    wanted = " ".join(f"{command.key} {command.title} {command.help}".split())
    return wanted in text


def test_every_command_is_in_the_help_word_for_word() -> None:
    lines = [line.plain for place in PLACES for line in help_lines(EVERYTHING, place, 90)]
    text = " ".join(" ".join(lines).split())
    assert [command.id for command in COMMANDS if not told(command, text)] == []


@pytest.mark.parametrize("width", [1, 20, 33, 120])
def test_no_line_of_the_help_is_wider_than_there_is_room(width: int) -> None:
    assert all(line.cell_length <= max(width, 20) for line in help_lines(EVERYTHING, Place.MAIN, width))


def situations() -> list[Situation]:
    """In one of these each command makes sense."""
    actions = frozenset(command.id.removeprefix("scene_") for command in COMMANDS if command.id.startswith("scene_"))
    return [
        Situation(pane=Pane.HISTORY, queue=True, consuming=True, message=True, filtered=True, demo=True, scene_actions=actions),
        Situation(queue=True, browsing=True),
        Situation(playing=True),
        Situation(playing=True, standing=True),
        Situation(queue=True, consuming=True, attached=True),
    ]


def test_every_command_is_in_the_palette_of_some_screen() -> None:
    offered = {command.id for place in Place for situation in situations() for command in palette_commands(situation, place)}
    expected = {command.id for command in COMMANDS if command.group is not Group.MOVE} - {"palette"}
    assert offered == expected


async def test_each_screen_offers_its_own_commands_and_the_way_out() -> None:
    facade = FakeFacade(details={message_id(1): detail(1)})
    async with dashboard(facade) as running:
        for keys, place in ((("i",), Place.MAIN), (("enter",), Place.MESSAGE), (("escape", "x"), Place.BENCH)):
            await running.press(*keys)
            screen = running.app.screen
            titles = {command.title for command in running.app.get_system_commands(screen)}
            of_place = {command.title for command in COMMANDS if command.place is place and command.group is not Group.MOVE}
            assert titles & of_place
            assert {"Quit", "Theme"} <= titles
            if place is not Place.MAIN:
                assert titles - of_place == {"Quit", "Theme"}


async def test_the_palette_runs_a_command_of_the_message_it_was_opened_over() -> None:
    facade = FakeFacade(details={message_id(1): detail(1)})
    async with dashboard(facade) as running:
        await running.press("i", "enter", "ctrl+p", *"raw", "enter")
        await running.pilot.pause()
        assert '{"type": "order.paid", "order": 10288, "method": "card"}' in running.text()


async def test_the_help_is_one_text_and_scrolls() -> None:
    async with dashboard(size=(80, 24)) as running:
        await running.press("question_mark")
        assert [type(screen) for screen in running.app.screen_stack[1:]] == [Help]
        assert len(running.app.screen.query("*")) < 6
        assert "clock times are UTC" not in running.text()
        await running.press("G")
        assert "clock times are UTC" in running.text()
        await running.press("escape")
        assert running.app.screen_stack == [running.main]


@pytest.mark.parametrize(
    ("keys", "group"),
    [((), Group.CONSUMER), (("b",), Group.BENCH), (("Q",), Group.QUEUES), (("I",), Group.MOVE)],
)
async def test_the_help_begins_with_the_keys_of_the_screen_it_was_opened_from(keys: tuple[str, ...], group: Group) -> None:
    async with dashboard(size=(80, 24)) as running:
        await running.press(*keys)
        below = running.app.screen
        await running.press("question_mark")
        said = [line.strip("│ ") for line in running.text().splitlines()]
        assert next(line for line in said if line and "╭" not in line) == group
        await running.press("escape")
        assert running.app.screen is below


async def test_y_copies_what_is_under_the_cursor() -> None:
    one = detail(1)
    facade = FakeFacade(details={message_id(1): one})
    async with dashboard(facade) as running:
        await running.press("i", "j", "y")
        assert running.app.clipboard == running.ids(Pane.IN_FLIGHT)[1]
        assert f"Copied: {running.app.clipboard}" in running.text()
        await running.press("i", "g", "enter", "Y")
        assert running.app.clipboard == one.message.message_id
        await running.press("y")
        assert '"order.paid"' in running.app.clipboard


async def test_y_copies_the_name_of_a_member() -> None:
    async with fleet_screen(cast("Fleet", FakeFleet(member("orders-1"), member("orders-2")))) as running:
        await running.pilot.press("y")
        assert running.app.clipboard == running.app._home.shown[0].name != ""
