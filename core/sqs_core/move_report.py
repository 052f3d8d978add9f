"""What a move is asked to do, and how each message of it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class State(StrEnum):
    """How a message ended."""

    MOVED = "moved"
    SKIPPED = "skipped"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MoveResult:
    """One message: `new_id` where it was sent, `why` where it was not moved or was moved before, and a digest of its body."""

    message_id: str
    state: State
    new_id: str | None = None
    why: str = ""
    body_sha256: str | None = None


@dataclass(slots=True)
class MoveReport:
    """All results in order. `cut` says why it ended before its end, `left_alone` counts what was not chosen.

    `unseen` messages of a FIFO queue are behind others of their group that stay, and were not looked at.
    """

    results: list[MoveResult] = field(default_factory=list)
    left_alone: int = 0
    unseen: int = 0
    cut: str = ""
    backup: str | None = None

    def count(self, state: State) -> int:
        """How many ended so."""
        return sum(result.state is state for result in self.results)

    @property
    def clean(self) -> bool:
        """True where nothing is uncertain, failed or cut short."""
        return not self.cut and not self.count(State.UNCERTAIN) and not self.count(State.FAILED)


@dataclass(frozen=True, slots=True)
class MoveOptions:
    """`rate` in messages a second, None as fast as it goes. `only` are message ids, None for all.

    With `canary` one message goes first, then ten, then the rest: after each step it is given the new ids, waits for how they
    end, and says why not to go on, or an empty text.
    """

    rate: float | None = None
    backup: bool = True
    retry_uncertain: bool = False
    only: frozenset[str] | None = None
    operation: str = "redrive"
    canary: Callable[[Sequence[str]], str] | None = None
