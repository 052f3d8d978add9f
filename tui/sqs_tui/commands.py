"""What is made from the table of commands: bindings, the key bar, the palette and the help screen."""

from __future__ import annotations

from dataclasses import replace

from textual.binding import Binding

from sqs_tui.command_model import Command, Group, Pane, Place, Situation
from sqs_tui.key_choice import commands_in_use

__all__ = ["BY_ID", "COMMANDS", "Command", "Group", "Pane", "Place", "Situation"]

COMMANDS = commands_in_use()
BY_ID = {command.id: command for command in COMMANDS}


def table_bindings() -> list[Binding]:
    """The bindings of a table: movement, and opening the row under the cursor."""
    return [
        Binding(key, command.action, command.title, show=False)
        for command in COMMANDS
        if command.action and command.place is Place.MAIN
        for key in command.keys
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
        Binding(key, command.action or f"command('{command.id}', '{key}')", command.title, show=False)
        for command in COMMANDS
        if command.place is place
        for key in command.keys
    ]


def app_bindings() -> list[Binding]:
    """Leaving, from everywhere. The control keys work while a text is being typed, too."""
    return [
        Binding(key, "leave", BY_ID["quit"].title, show=False, priority=key.startswith("ctrl+")) for key in BY_ID["quit"].keys
    ]


def would_run_live(command_id: str, situation: Situation) -> bool:
    """Whether a command that a recording does not allow would be, were a consumer of this process behind it."""
    return BY_ID[command_id].allowed(replace(situation, view_only=False, attached=False, playing=False))


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
    """What the palette offers now: all that is allowed, but moving about, and the palette itself."""
    return [
        command
        for command in COMMANDS
        if command.group is not Group.MOVE
        and (command.place is place or (command.group is Group.LEAVE and place is not Place.FLEET))
        and command.id != "palette"
        and (command.group is not Group.DEMO or situation.demo)
        and command.allowed(situation)
    ]


_FIRST_IN_HELP = {Place.BENCH: (Group.BENCH, Group.MOVE, Group.MESSAGE), Place.IDENTITY: (Group.MOVE, Group.VIEW)}
_FIRST_WHILE_BROWSING = (Group.QUEUES, Group.VIEW, Group.MOVE)


def help_commands(situation: Situation, place: Place = Place.MAIN) -> list[tuple[Group, list[Command]]]:
    """What the help screen lists: every command by group, those of the screen that it was opened from first.

    Left out are those that view-only hides; of a fleet, all but what it has.
    """
    if place is Place.FLEET:
        groups = [Group.FLEET, Group.MOVE, Group.MESSAGE]
    else:
        shown = {Group.DEMO: situation.demo, Group.RECORDING: situation.playing, Group.FLEET: False}
        first = _FIRST_IN_HELP.get(place, _FIRST_WHILE_BROWSING if situation.browsing else ())
        groups = [*first, *(group for group in Group if group not in first and shown.get(group, True))]
    listed = [(group, [c for c in COMMANDS if c.group is group and not (c.changes and situation.view_only)]) for group in groups]
    return [(group, commands) for group, commands in listed if commands]
