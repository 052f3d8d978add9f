"""What a consumer remembers of the messages that ended in it, at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import starmap
from operator import eq
from typing import TYPE_CHECKING, Protocol, overload

if TYPE_CHECKING:
    from sqs_core.model import Finished, Message, Snapshot


class Ended(Protocol):
    """A message that has ended; `finished` tells what faces see of it, and may be asked on any thread."""

    @property
    def message(self) -> Message: ...
    @property
    def timeline(self) -> Sequence[tuple[float, str]]: ...
    def finished(self) -> Finished: ...


class Endings(Sequence["Finished"]):
    """Oldest first. Each is made when somebody looks at it: of hundreds that ended since the last frame a screen shows a dozen.

    Equal to any sequence of equal ones; a copy of it is a tuple of them. Who keeps it keeps the messages' bodies, as many as the
    history may have: `to_keep` makes a snapshot that does not.
    """

    __slots__ = ("_ended",)

    def __init__(self, ended: tuple[Ended, ...]) -> None:
        self._ended = ended

    def __len__(self) -> int:
        return len(self._ended)

    @overload
    def __getitem__(self, place: int) -> Finished: ...
    @overload
    def __getitem__(self, place: slice) -> Endings: ...
    def __getitem__(self, place: int | slice) -> Finished | Endings:
        if isinstance(place, slice):
            return Endings(self._ended[place])
        return self._ended[place].finished()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Sequence) and len(self) == len(other) and all(starmap(eq, zip(self, other, strict=True)))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Endings({list(self)!r})"

    def __reduce__(self) -> tuple[type[tuple[Finished, ...]], tuple[list[Finished]]]:
        return tuple, (list(self),)  # what is behind them is nobody's business: bodies, receipt handles


def to_keep(snapshot: Snapshot) -> Snapshot:
    """The same snapshot, with all records made: nothing of it holds a message."""
    consumers = (replace(consumer, history=tuple(consumer.history)) for consumer in snapshot.consumers)
    return replace(snapshot, consumers=tuple(consumers))
