"""Whose attributes are read next, and how many reads there may be: what somebody sees first, then the oldest."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

READS_PER_REFRESH = 200
"""With a refresh every 5 s that is 40 GetQueueAttributes a second at most."""
KEPT_FOR_WHAT_IS_SEEN = 50
REMEMBERED = 20_000
"""Queues that are remembered, those outside the prefix that is looked at included."""
DENIED_REFRESHES = 12
_NEVER_READ = 0


class ReadingOrder:
    """Hands out names to read, each at most once a refresh, and no more than the bound. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refresh = _NEVER_READ
        self._due: dict[str, int] = {}
        self._names: frozenset[str] = frozenset()
        self._rotation: deque[str] = deque()
        self._left = 0

    def set_names(self, names: Collection[str]) -> None:
        """These are to be read from now on, what was never read first and in this order."""
        with self._lock:
            others = self._due if len(self._due) + len(names) <= REMEMBERED else {}
            self._due = others | {name: self._due.get(name, _NEVER_READ) for name in names}
            self._names = frozenset(names)
            self._rotate()

    def begin_refresh(self) -> None:
        """Everything may be read again, as far as the bound goes."""
        with self._lock:
            self._refresh += 1
            self._left = READS_PER_REFRESH
            self._rotate()

    def take(self, seen: Sequence[str]) -> str | None:
        """The next name, `seen` ones first; None when nothing is due or the bound is reached."""
        with self._lock:
            name = self._next(seen) if self._left > 0 else None
            if name is not None:
                self._left -= 1
                self._due[name] = self._refresh + 1
            return name

    def rest(self) -> None:
        """No more until the next refresh: the server limits the rate, or does not answer."""
        with self._lock:
            self._left = 0

    def postpone(self, name: str) -> None:
        """A queue that may not be read is tried every twelfth refresh, which is once a minute."""
        with self._lock:
            if name in self._names:
                self._due[name] = self._refresh + DENIED_REFRESHES

    def _rotate(self) -> None:
        self._rotation = deque(sorted([name for name in self._due if name in self._names], key=self._due.__getitem__))

    def _next(self, seen: Sequence[str]) -> str | None:
        for name in seen:
            if name in self._names and self._due[name] <= self._refresh:
                return name
        while self._rotation and self._left > KEPT_FOR_WHAT_IS_SEEN:
            name = self._rotation.popleft()
            if self._due[name] <= self._refresh:
                return name
        return None
