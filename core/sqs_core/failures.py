"""Failures by cause: how often, since when, and one message to look at, over a whole run in bounded room."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.words import Outcome

if TYPE_CHECKING:
    from sqs_core.model import Finished

FAILED = frozenset({Outcome.RETRIED, Outcome.GIVEN_UP, Outcome.LEASE_LOST})
MOST_GROUPS = 200
_ERROR_CHARACTERS = 300
_PATTERN_CHARACTERS = 200
_CHANGING = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # ids of messages, and of most else
    r"|\b[0-9a-fA-F]{8,}\b"
    r"|\b[^\W\d]*\d\w*"  # any word with a digit in it: numbers, addresses, order numbers
)


@dataclass(frozen=True, slots=True)
class Cause:
    """What a handler's failure was: the exception's type, and the place in the handler's code (None: unknown)."""

    kind: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one cause since the start: a message that fails three times counts three times.

    `kind` is the exception's type, or `lease-lost`. `place` is where the handler raised it; where that is unknown, `pattern`
    is what the errors' texts have in common, `#` for what changes. `given_up` of `count` were on their last receive.
    `message_id` and `error` are those of the newest.
    """

    kind: str
    place: str | None
    pattern: str | None
    count: int
    given_up: int
    first_at: float
    last_at: float
    message_id: str
    error: str


@dataclass(frozen=True, slots=True)
class Failures:
    """All failures since the start; `other` were of causes too rare to be kept apart (at most `MOST_GROUPS` are)."""

    groups: tuple[FailureGroup, ...] = ()
    other: int = 0


NO_FAILURES = Failures()


class FailureTally:
    """Counts finished messages that failed. The counts of all groups and `other` add up to all that was added."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str | None, str | None], FailureGroup] = {}
        self._other = 0
        self._snapshot: Failures | None = NO_FAILURES

    def add(self, finished: Finished) -> None:
        """Count one; a message that did not fail is left out."""
        if finished.outcome not in FAILED:
            return
        error = finished.error or ""
        kind, place = finished.error_type or finished.outcome.value, finished.place
        pattern = None if place else common_pattern(error)
        key = kind, place, pattern
        known = self._groups.get(key)
        if known is None and len(self._groups) >= MOST_GROUPS:
            self._make_room()
        count, given_up, first_at = (known.count, known.given_up, known.first_at) if known else (0, 0, finished.finished_at)
        self._groups[key] = FailureGroup(
            kind,
            place,
            pattern,
            count + 1,
            given_up + (finished.outcome is Outcome.GIVEN_UP),
            first_at,
            finished.finished_at,
            finished.message_id,
            error[:_ERROR_CHARACTERS],
        )
        self._snapshot = None

    def _make_room(self) -> None:
        """Forget the rarest, of these the one not seen for longest: a new cause may be today's trouble."""
        rarest = min(self._groups, key=lambda key: (self._groups[key].count, self._groups[key].last_at))
        self._other += self._groups.pop(rarest).count

    def snapshot(self) -> Failures:
        """In the order in which they were first seen; the same object while nothing changes."""
        if self._snapshot is None:
            self._snapshot = Failures(tuple(self._groups.values()), self._other)
        return self._snapshot


def common_pattern(error: str) -> str:
    """An error's text without what changes from message to message: ids and whatever holds a digit are `#`."""
    return _CHANGING.sub("#", error[:_PATTERN_CHARACTERS])
