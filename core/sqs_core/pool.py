"""A resizable set of our own daemon threads around a `step`."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

from sqs_core.errors import describe

if TYPE_CHECKING:
    from collections.abc import Callable

MAXIMUM_ABANDONED = 64
"""Threads of a pool that may be left to themselves; a thread cannot be ended from outside, and each keeps its memory."""
_REPLACE_AFTER_SECONDS = 0.5


class Slot:
    """A thread's place in a pool. `stopping()` is asked by the step between messages."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.thread: threading.Thread | None = None
        self.moved_at = time.monotonic()
        self._stop = False

    def moved(self) -> None:
        """Note that the thread gets on: at each step, and inside a step that does many things in a row."""
        self.moved_at = time.monotonic()

    def stopping(self) -> bool:
        """True once the thread is to end after its current step."""
        return self._stop

    def stop(self) -> None:
        """Ask the thread to end after its current step."""
        self._stop = True


class Loop(Protocol):
    """A loop body. `step` does one bounded piece of work; `close` runs on the thread as it ends."""

    def step(self, slot: Slot) -> None: ...
    def close(self, slot: Slot) -> None: ...


class Pool:
    """Threads named ROLE-1, ROLE-2 …; grows at once, shrinks after the current step of the newest.

    A thread whose step raises is dead: `on_death` hears of it and a new thread takes its place. `on_death` is called without
    the pool's lock, by any thread.
    """

    def __init__(
        self, role: str, make_loop: Callable[[], Loop], on_death: Callable[[str, str], None], wake: Callable[[], None]
    ) -> None:
        self._role, self._make_loop, self._on_death, self._wake = role, make_loop, on_death, wake
        self._lock = threading.Lock()
        self._slots: dict[str, Slot] = {}
        self._target = 0
        self._abandoned: set[str] = set()
        self._closed = False

    @property
    def target(self) -> int:
        """How many threads are wanted."""
        return self._target

    @property
    def live(self) -> int:
        """How many threads exist, those abandoned as hung not counted."""
        return len(self._slots)

    def motionless(self, after_seconds: float) -> dict[str, float]:
        """Threads that have not got on for longer, and for how many seconds."""
        now = time.monotonic()
        with self._lock:
            still = {name: now - slot.moved_at for name, slot in self._slots.items()}
        return {name: seconds for name, seconds in still.items() if seconds > after_seconds}

    def resize(self, target: int) -> None:
        """Set the wanted number of threads (≥ 0). Returns at once."""
        with self._lock:
            self._target = 0 if self._closed else target
            refused = self._adjust()
        self._tell(refused)
        self._wake()

    def close(self) -> None:
        """Let every thread end after its step, and start none any more."""
        with self._lock:
            self._closed, self._target = True, 0
            self._adjust()
        self._wake()

    def abandon(self, name: str) -> bool:
        """Stop counting a thread that will not come back, and put another in its place.

        False, and nothing done, when it is not here or `MAXIMUM_ABANDONED` have been abandoned and are still there.
        """
        with self._lock:
            slot = self._slots.get(name)
            if slot is None or len(self._abandoned) >= MAXIMUM_ABANDONED:
                return False
            del self._slots[name]
            slot.stop()
            self._abandoned.add(name)
            refused = self._adjust()
        self._tell(refused)
        return True

    def check(self) -> None:
        """Replace threads that are gone without a word, and try again to start those that the system refused."""
        with self._lock:
            gone = [name for name, slot in self._slots.items() if slot.thread is not None and not slot.thread.is_alive()]
            for name in gone:
                del self._slots[name]
            refused = self._adjust()
        for name in gone:
            self._on_death(name, "its thread is gone")
        self._tell(refused)

    def _tell(self, refused: tuple[str, str] | None) -> None:
        if refused is not None:
            self._on_death(*refused)

    def _adjust(self) -> tuple[str, str] | None:
        """Start and stop what the target asks for. Returns the thread that the system would not start, and why."""
        wanted = [slot for slot in self._slots.values() if not slot.stopping()]
        for slot in reversed(wanted[self._target :]):
            slot.stop()
        for _ in range(self._target - len(wanted)):
            name = self._free_name()
            try:
                self._start(Slot(name))
            except RuntimeError as error:  # no more threads to be had
                return name, describe(error)
        return None

    def _free_name(self) -> str:
        number = 1
        while (name := f"{self._role}-{number}") in self._slots or name in self._abandoned:
            number += 1
        return name

    def _start(self, slot: Slot) -> None:
        slot.thread = threading.Thread(target=self._run, args=(slot,), name=slot.name, daemon=True)
        slot.thread.start()
        self._slots[slot.name] = slot

    def _run(self, slot: Slot) -> None:
        error: str | None = None
        try:
            loop = self._make_loop()
            while not slot.stopping():
                slot.moved()
                loop.step(slot)
            loop.close(slot)
        except BaseException as problem:  # noqa: BLE001 - whatever kills a thread must not take the engine with it
            error = describe(problem)
        self._ended(slot, error)

    def _ended(self, slot: Slot, error: str | None) -> None:
        with self._lock:
            self._abandoned.discard(slot.name)
            counted = self._slots.get(slot.name) is slot
            if counted:
                del self._slots[slot.name]
        if error is not None:
            self._on_death(slot.name, error)
            threading.Event().wait(_REPLACE_AFTER_SECONDS)  # a loop that always dies must not be a hot one
        if counted:
            with self._lock:
                refused = self._adjust()
            self._tell(refused)
