"""Sorting rows by a column: the next one that is shown, and what is not known last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqs_tui.rows import Column

Choice = TypeVar("Choice", bound=str)
Item = TypeVar("Item")


def next_choice(choices: Iterable[Choice], current: Choice, columns: Sequence[Column], width: int) -> Choice:
    """The next of the columns that a table so wide shows."""
    there = {column.title for column in columns if column.needs <= width}
    offered = [choice for choice in choices if choice in there]
    after = offered.index(current) + 1 if current in offered else 0
    return offered[after % len(offered)]


def by_value(items: Iterable[Item], value: Callable[[Item], Any], *, descending: bool) -> list[Item]:
    """Sorted by a value; equals stay in their order, and those without one come last in either direction."""
    valued = [(value(item), item) for item in items]
    known = [pair for pair in valued if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [item for _, item in known] + [item for found, item in valued if found is None]
