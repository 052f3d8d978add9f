"""What each worker's handler works on, whether its lease still runs or not. Guarded by the ledger's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqs_core.held import Held


class Handling:
    """A worker is in here from the moment it is handed a message until its handler came to an end."""

    def __init__(self) -> None:
        self._by_worker: dict[str, Held] = {}

    def begin(self, worker: str, held: Held) -> None:
        self._by_worker[worker] = held

    def end(self, held: Held) -> None:
        """The handler of this message came to an end, or its thread did. A worker that has another message by now keeps it."""
        if held.worker is not None and self._by_worker.get(held.worker) is held:
            del self._by_worker[held.worker]

    def of(self, worker: str) -> Held | None:
        """What a worker has in hand."""
        return self._by_worker.get(worker)

    def busy(self) -> int:
        """Workers whose handler runs, hung ones not counted."""
        return sum(not held.hung for held in self._by_worker.values())

    def mark_hung(self, since_before: float) -> dict[str, Held]:
        """Mark handlers that began before this (monotonic) and are not marked yet; returns them by worker."""
        hung = {
            worker: held
            for worker, held in self._by_worker.items()
            if not held.hung and held.handling_since is not None and held.handling_since < since_before
        }
        for held in hung.values():
            held.hung = True
        return hung
