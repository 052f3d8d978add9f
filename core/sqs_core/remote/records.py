"""Records read back from the JSON types that `sqs_core.wire` makes of them.

Reading is strict, for what comes over a wire may come from anybody: a field of another type, a number without end or a text
without bound is refused, unknown fields are left alone.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from sqs_core.clock import LATEST_SECONDS
from sqs_core.wire import OPTIONAL, TIMES

LONGEST_TEXT = 4 * 2**20
"""More than SQS lets a body have; every other text is far shorter."""
MOST_ITEMS = 100_000
_LARGEST = 2**63

TYPE_NAMES = {"Mapping": Mapping, "Sequence": Sequence}

Record = TypeVar("Record")


class MalformedError(ValueError):
    """What was read is not a record of the kind that was expected; the text names the field."""


def from_plain(kind: type[Record], value: Any) -> Record:
    """A record of this class. Raises `MalformedError`."""
    hint: Any = kind
    return cast("Record", reader(hint)(value, kind.__name__))


Reader = Callable[[Any, str], Any]


@cache
def reader(hint: Any, is_time: bool = False) -> Reader:
    """What reads a value of a type hint; it is given the value and the name to complain about."""
    if is_time and hint is float:
        return _read_time
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _word_reader(hint)
    if is_dataclass(hint):
        return _record_reader(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _optional_reader(next(part for part in parts if part is not type(None)), is_time)
    if origin in (tuple, Sequence):
        return _tuple_reader(parts[0])
    return _mapping_reader(parts[1])


def _read_text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise MalformedError(f"{name} is no text")
    return value


def _read_whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise MalformedError(f"{name} is no whole number")
    return value


def _read_number(value: Any, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < _LARGEST or math.isnan(value):
        raise MalformedError(f"{name} is no number")
    return float(value)


def _read_truth(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise MalformedError(f"{name} is neither true nor false")
    return value


def _read_time(value: Any, name: str) -> float:
    try:
        at = datetime.fromisoformat(_read_text(value, name)).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise MalformedError(f"{name} is no time") from error
    if not 0 <= at <= LATEST_SECONDS:  # another time zone may make of it a year that has no date
        raise MalformedError(f"{name} is no time of ours")
    return at


_SIMPLE: dict[Any, Reader] = {str: _read_text, int: _read_whole, float: _read_number, bool: _read_truth}


def _word_reader(kind: type[StrEnum]) -> Reader:
    words = {word.value: word for word in kind}

    def read(value: Any, name: str) -> Any:
        if not isinstance(value, str) or value not in words:
            raise MalformedError(f"{name} is not one of {', '.join(words)}")
        return words[value]

    return read


def _optional_reader(part: Any, is_time: bool) -> Reader:
    inner = reader(part, is_time)
    return lambda value, name: None if value is None else inner(value, name)


def _tuple_reader(part: Any) -> Reader:
    inner = reader(part)

    def read(value: Any, name: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise MalformedError(f"{name} is no list")
        return tuple(inner(item, name) for item in value)

    return read


def _mapping_reader(part: Any) -> Reader:
    inner = reader(part)

    def read(value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > MOST_ITEMS:
            raise MalformedError(f"{name} is no object")
        return {_read_text(key, name): inner(item, f"{name}.{key}") for key, item in value.items()}

    return read


def _record_reader(kind: Any) -> Reader:
    hints = get_type_hints(kind, localns=TYPE_NAMES)
    parts = [(field.name, reader(hints[field.name], field.name in TIMES)) for field in fields(kind)]
    needed = {
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING and field.name not in OPTIONAL
    }
    missing = {field.name: None for field in fields(kind) if field.name in OPTIONAL and field.default is MISSING}

    def read(value: Any, name: str) -> Any:
        if not isinstance(value, dict):
            raise MalformedError(f"{name} is no object")
        given = {part: inner(value[part], part) for part, inner in parts if part in value}
        if lacking := needed - given.keys():
            raise MalformedError(f"{name} lacks {', '.join(sorted(lacking))}")
        return kind(**{**missing, **given})

    return read
