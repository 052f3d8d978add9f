"""What a filter's text asks for: plain text, `/patterns/`, and terms about fields, all of which must hold.

`timeout` is found in any text whatever the case, spaces included; `/time ?out/` is a regular expression; `receives>3`, `age>60`
(also `5m`, `2h`, `1d`), `group:abc` (contains), `group=abc` (is), `outcome:retried` (its first letters do; `failed` is retried or
given up). What looks like none of these is plain text. What is not known of a message satisfies no term.
"""

from __future__ import annotations

import math
import operator
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sqs_core.patterns import SEARCHED_CHARACTERS, PatternError, bounded_search, compile_pattern
from sqs_core.words import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
SEARCH_SECONDS = 0.05
_REMEMBERED_TEXTS = 4096
"""A history is searched several times a second, and most of it was searched before."""
_PATTERN = re.compile(r"/((?:[^/\\]|\\.)+)/(?=\s|\Z)")
_TERM = re.compile(r"(receives|age|group|outcome)(>=|<=|[><=:])(.*)\Z", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)([smhd]?)\Z", re.ASCII)
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_COMPARISONS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, ":": operator.eq}
_OUTCOMES = {**{outcome.value: {outcome.value} for outcome in Outcome}, "failed": {Outcome.RETRIED.value, Outcome.GIVEN_UP.value}}


class Subject(NamedTuple):
    """What is known of something that may match; `age_seconds` is from sending until now, or until it ended."""

    texts: tuple[str | None, ...]
    receives: int | None = None
    age_seconds: float | None = None
    group: str | None = None
    outcome: str | None = None


class Query:
    """A filter. Where its text cannot be used, `problem` says why in one line, and everything matches."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.problem: str | None = None
        self._conditions: list[Callable[[Subject], bool]] = []
        self._has_pattern = False
        try:
            self._read(text)
        except PatternError as error:
            self.problem = str(error)

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return bool(self.text)

    def select(self, items: Iterable[T], subject: Callable[[T], Subject]) -> list[T]:
        """The items that match, in their order. A pattern that turns out too slow becomes the `problem`."""
        items = list(items)
        if self.problem is not None or not self._conditions:
            return items
        if not self._has_pattern:
            return [item for item in items if self._matches(subject(item))]
        try:
            with bounded_search(SEARCH_SECONDS):
                return [item for item in items if self._matches(subject(item))]
        except PatternError as error:
            self.problem = str(error)
            return items

    def _matches(self, subject: Subject) -> bool:
        return all(condition(subject) for condition in self._conditions)

    def _read(self, text: str) -> None:
        plain: list[str] = []
        position, start = 0, 0
        while position < len(text):
            special, end = self._special(text, position)
            if special is not None:
                plain.append(text[start:position].strip())
                self._conditions.append(special)
                start = end
            position = end
        # Alone, plain text is looked for as it stands: a space at its end is meant.
        plain.append(text[start:].strip() if start else text)
        self._conditions += [_plain(words) for words in plain if words]

    def _special(self, text: str, position: int) -> tuple[Callable[[Subject], bool] | None, int]:
        """The condition of the word at a position, None for plain text or a space; and where it ends."""
        if text[position].isspace():
            return None, position + 1
        if found := _PATTERN.match(text, position):
            self._has_pattern = True
            return _searched(compile_pattern(found[1])), found.end()
        word = text[position:].split(maxsplit=1)[0]
        term = _TERM.match(word)
        return _field(term[1].lower(), term[2], term[3]) if term else None, position + len(word)


def _plain(needle: str) -> Callable[[Subject], bool]:
    folded = needle.casefold()
    return lambda subject: any(folded in text.casefold() for text in subject.texts if text)


def _searched(pattern: re.Pattern[str]) -> Callable[[Subject], bool]:
    @lru_cache(_REMEMBERED_TEXTS)
    def found(text: str) -> bool:
        return pattern.search(text[:SEARCHED_CHARACTERS]) is not None

    return lambda subject: any(found(text) for text in subject.texts if text)


def _field(name: str, sign: str, value: str) -> Callable[[Subject], bool]:
    if name in ("receives", "age"):
        return _number(name, sign, value)
    if sign not in ":=":
        raise PatternError(f"{name} goes with : or =, not {sign}")
    return _group(sign, value) if name == "group" else _outcome(value.lower())


def _number(name: str, sign: str, value: str) -> Callable[[Subject], bool]:
    found = _NUMBER.match(value)
    if found is None or (name == "receives" and found[2]):
        raise PatternError(f"{name}{sign} needs a number, such as {'receives>3' if name == 'receives' else 'age>60 or age>5m'}")
    wanted, compare = float(found[1]) * _UNIT_SECONDS[found[2]], _COMPARISONS[sign]

    def compared(subject: Subject) -> bool:
        known = subject.receives if name == "receives" else subject.age_seconds
        # Ages are told in whole seconds: one of 60.4 s is 60 s old.
        return known is not None and bool(compare(math.floor(known), wanted))

    return compared


def _group(sign: str, value: str) -> Callable[[Subject], bool]:
    if not value:
        raise PatternError("group: needs a message group id, or a part of one")
    folded = value.casefold()
    if sign == "=":
        return lambda subject: subject.group == value
    return lambda subject: subject.group is not None and folded in subject.group.casefold()


def _outcome(value: str) -> Callable[[Subject], bool]:
    wanted = {outcome for word, outcomes in _OUTCOMES.items() if value and word.startswith(value) for outcome in outcomes}
    if not wanted:
        raise PatternError(f"outcome is one of {', '.join(_OUTCOMES)}")
    return lambda subject: subject.outcome in wanted
