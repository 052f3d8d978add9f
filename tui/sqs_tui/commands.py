"""What is made from the table of commands: bindings, the key bar, the palette and the help screen."""

from __future__ import annotations

from textual.binding import Binding

from sqs_tui.command_model import Command, Group, Pane, Place, Situation
from sqs_tui.command_table import COMMANDS as CONSUMER_COMMANDS
from sqs_tui.demo_commands import DEMO_COMMANDS
from sqs_tui.fleet_commands import FLEET_COMMANDS

__all__ = ["BY_ID", "COMMANDS", "Command", "Group", "Pane", "Place", "Situation"]

COMMANDS = (*CONSUMER_COMMANDS, *DEMO_COMMANDS, *FLEET_COMMANDS)
BY_ID = {command.id: command for command in COMMANDS}


def table_bindings() -> list[Binding]:
    """The bindings of a table: movement, and opening the row under the cursor."""
    return [
        Binding(key, command.action, command.title, show=False) for command in COMMANDS if command.action for key in command.keys
    ]


def open_bindings() -> list[Binding]:
    """The binding of what is one thing to open, and no table."""
    return [Binding(key, "open", BY_ID["open"].title, show=False) for key in BY_ID["open"].keys]


def screen_bindings() -> list[Binding]:
    """The bindings of the main screen: all but the tables' own and leaving."""
    return [
        Binding(key, f"command('{command.id}', '{key}')", command.title, show=False)
        for command in COMMANDS
        if not command.action and command.group is not Group.LEAVE and command.place is Place.MAIN
        for key in command.keys
    ]


def place_bindings(place: Place) -> list[Binding]:
    """The bindings of another screen than the main one."""
    return [
        Binding(key, f"command('{command.id}', '{key}')", command.title, show=False)
        for command in COMMANDS
        if command.place is place
        for key in command.keys
    ]


def app_bindings() -> list[Binding]:
    """Leaving, from everywhere. The control keys work while a text is being typed, too."""
    return [
        Binding(key, "leave", BY_ID["quit"].title, show=False, priority=key.startswith("ctrl+")) for key in BY_ID["quit"].keys
    ]


def bar_commands(situation: Situation) -> list[Command]:
    """What the key bar offers now, in the table's order."""
    here = situation.pane.name.lower() if situation.pane else None
    return [
        command
        for command in COMMANDS
        if command.bar and command.place is Place.MAIN and command.id != here and command.allowed(situation)
    ]


def place_commands(place: Place, *, view_only: bool) -> list[Command]:
    """What the key bar of another screen offers."""
    return [command for command in COMMANDS if command.bar and command.place is place and not (command.changes and view_only)]


def palette_commands(situation: Situation, place: Place = Place.MAIN) -> list[Command]:
    """What the palette offers now."""
    unlisted = {Group.MOVE}
    return [
        command
        for command in COMMANDS
        if command.group not in unlisted
        and (command.group is not Group.DEMO or situation.demo)
        and command.place is place
        and command.id not in {"palette", "back"}
        and command.allowed(situation)
    ]


def help_commands(situation: Situation, place: Place = Place.MAIN) -> list[tuple[Group, list[Command]]]:
    """What the help screen lists: every command by group, without those that view-only hides; of a fleet, what it has."""
    of_fleet = [Group.FLEET, Group.MOVE]
    hidden = {Group.FLEET} if situation.demo else {Group.FLEET, Group.DEMO}
    groups = of_fleet if place is Place.FLEET else [group for group in Group if group not in hidden]
    return [(group, [c for c in COMMANDS if c.group is group and not (c.changes and situation.view_only)]) for group in groups]
