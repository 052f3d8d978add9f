"""Messages waiting for a worker, and whose turn it is in a FIFO group. Guarded by the ledger's lock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqs_core.held import Held


@dataclass(slots=True)
class _Group:
    """A FIFO message group: one message in turn, and those that must not start before it ended well."""

    current: Held
    waiting: deque[Held] = field(default_factory=deque)


class Buffer:
    """`size` counts what waits, whether its turn has come or not. Without `fifo`, group ids mean nothing here.

    `ready` is what could be handed out now, the next first: to be looked at, not to be changed.
    """

    def __init__(self, fifo: bool) -> None:
        self.size = 0
        self.ready: deque[Held] = deque()
        self._fifo = fifo
        self._groups: dict[str, _Group] = {}

    def place(self, held: Held) -> None:
        """Add a message at the end, or behind its group's current one."""
        self.size += 1
        name = held.message.group_id if self._fifo else None
        if name is not None:
            group = self._groups.get(name)
            if group is not None:
                group.waiting.append(held)
                return
            self._groups[name] = _Group(held)
        self.ready.append(held)

    def _group_of(self, held: Held) -> _Group | None:
        name = held.message.group_id if self._fifo else None
        return None if name is None else self._groups.get(name)

    def take(self) -> Held:
        """Hand out the next message whose turn has come; it stays its group's current one until `end_turn`."""
        self.size -= 1
        return self.ready.popleft()

    def remove(self, held: Held) -> None:
        """Take a message out, wherever it stands; as a group's current one it stays that until `end_turn`."""
        self.size -= 1
        group = self._group_of(held)
        if group is not None and held in group.waiting:
            group.waiting.remove(held)
        else:
            self.ready.remove(held)

    def waiting(self) -> list[Held]:
        """Everything in here, those whose turn has come first."""
        return [*self.ready, *(held for group in self._groups.values() for held in group.waiting)]

    def take_followers(self, held: Held) -> list[Held]:
        """Take out what waits behind a group's current message."""
        group = self._group_of(held)
        if group is None or group.current is not held:
            return []
        followers = list(group.waiting)
        group.waiting.clear()
        self.size -= len(followers)
        return followers

    def place_behind(self, held: Held, follower: Held) -> None:
        """Put a follower back behind its group's current message."""
        group = self._group_of(held)
        if group is not None:
            self.size += 1
            group.waiting.append(follower)

    def end_turn(self, held: Held) -> None:
        """The group's current message is done with: the next one's turn has come."""
        group = self._group_of(held)
        if group is None or group.current is not held:
            return
        if group.waiting:
            group.current = group.waiting.popleft()
            self.ready.append(group.current)
        elif held.message.group_id is not None:
            del self._groups[held.message.group_id]
