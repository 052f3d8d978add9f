"""A user's own keys: checked against the table of commands, and put into it before any screen is made of it."""

from __future__ import annotations

import string
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from sqs_tui.all_commands import ALL_COMMANDS
from sqs_tui.command_model import Group, Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqs_tui.command_model import Command

_FOLLOW = {"fleet_quit": "quit", "fleet_open": "open", "bench_open": "open"}
"""These have no keys of their own: what they show is the key of another command."""
_TAKEN = frozenset({"ctrl+c", "ctrl+q", "ctrl+p", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+h"})
"""Leaving, the palette, and what terminals send for tab, enter and backspace."""
_NAMED = frozenset(
    {
        "space",
        "enter",
        "escape",
        "backspace",
        "insert",
        "delete",
        "home",
        "end",
        "pageup",
        "pagedown",
        "up",
        "down",
        "left",
        "right",
    }
    | {f"f{number}" for number in range(1, 13)}
    | {f"ctrl+{letter}" for letter in string.ascii_lowercase}
)
_TEXTUAL_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


class Rekeyed(NamedTuple):
    """The table with a user's keys, and what was wrong with those that are not in it."""

    commands: tuple[Command, ...]
    warnings: tuple[str, ...] = ()


def rekeyed(commands: Sequence[Command], wanted: Mapping[str, str]) -> Rekeyed:
    """The commands with the keys that are wanted, command id → key. What cannot be keeps its key, and is told of."""
    warnings: list[str] = []
    table = {command.id: command for command in commands}
    chosen: dict[str, Command] = {}
    for command_id, key in wanted.items():
        problem = _problem(table.get(command_id), command_id, key)
        if problem:
            warnings.append(problem)
        else:
            chosen[command_id] = _with_key(table[command_id], key)
    while clash := _clash([chosen.get(command.id, command) for command in commands], chosen):
        mine, other = clash
        warnings.append(f"keys.{mine.id}: {mine.key} is the key of {other.id} too; {table[mine.id].key} stays")
        del chosen[mine.id]
    return Rekeyed(tuple(_following(chosen.get(command.id, command), chosen) for command in commands), tuple(warnings))


def _problem(command: Command | None, command_id: str, key: str) -> str:
    if command is None:
        return f"keys.{command_id}: no such command; docs/settings.md lists them"
    if not command.keys or command.place is Place.MESSAGE or command.id == "queue":
        return f"keys.{command_id}: this command's key cannot be changed"
    if key in _TAKEN:
        return f"keys.{command_id}: {key} is taken by the terminal or always means the same; {command.key} stays"
    if key not in _NAMED and not _is_character(key):
        names = "one character, space, f1 to f12, ctrl+a to ctrl+z, home, …"
        return f"keys.{command_id}: {key!r} is no key: {names}; {command.key} stays"
    return ""


def _is_character(key: str) -> bool:
    return len(key) == 1 and key.isascii() and key.isprintable() and key != " "


def _with_key(command: Command, key: str) -> Command:
    always = tuple(each for each in command.keys if each in _TAKEN)
    return command._replace(keys=(key_name(key), *always), key=key, bar_key="")


def key_name(key: str) -> str:
    """Textual's name of a key that is written as people read it."""
    if len(key) != 1 or key.isalnum():
        return key
    name = unicodedata.name(key).lower().replace("-", "_").replace(" ", "_")
    return _TEXTUAL_NAMES.get(name, name)


def _following(command: Command, chosen: Mapping[str, Command]) -> Command:
    leader = chosen.get(_FOLLOW.get(command.id, ""))
    return command._replace(key=leader.key) if leader else command


def _clash(commands: Sequence[Command], chosen: dict[str, Command]) -> tuple[Command, Command] | None:
    """The last of the chosen that has the key of another command where both are in reach, and that one."""
    for mine in reversed(chosen.values()):
        for other in commands:
            if other.id != mine.id and set(mine.keys) & set(other.keys) and _meet(mine, other):
                return mine, other
    return None


def _meet(one: Command, other: Command) -> bool:
    return one.place is other.place or _everywhere(one) or _everywhere(other)


def _everywhere(command: Command) -> bool:
    """Leaving, and what tables do."""
    return command.place is Place.MAIN and (command.group is Group.LEAVE or bool(command.action))


class _InUse:
    """What the screens are made of."""

    commands: tuple[Command, ...] = ALL_COMMANDS


def use_keys(wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Take these keys; returns warnings. Comes before anything imports `sqs_tui.commands`, for screens bind keys once."""
    result = rekeyed(ALL_COMMANDS, wanted)
    _InUse.commands = result.commands
    return result.warnings


def commands_in_use() -> tuple[Command, ...]:
    """The whole table."""
    return _InUse.commands
