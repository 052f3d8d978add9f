"""This very command once more, for another process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Container, Mapping


def program() -> list[str]:
    """How this program was started: as a module, a script or a single file."""
    spec = sys.modules["__main__"].__spec__
    if spec is not None and spec.name != "__main__":
        return [sys.executable, "-m", spec.name]
    return [sys.executable, sys.argv[0]]


def as_arguments(command: click.Command, flags: Mapping[str, Any], without: Container[str]) -> list[str]:
    """The command's options with these values, those of `without` left out."""
    arguments: list[str] = []
    for option in command.params:
        value = None if option.name in without else flags.get(option.name or "")
        if not isinstance(option, click.Option) or value is None or value is False:
            continue
        if option.is_flag:
            arguments.append(option.opts[0])
        else:
            arguments += [f"{option.opts[0]}={each}" for each in (value if option.multiple else (value,))]
    return arguments


def share(whole: int, parts: int, number: int) -> int:
    """Of `whole`, what falls to part `number`, counted from 1; the first ones get what does not divide."""
    return whole // parts + (number <= whole % parts)
