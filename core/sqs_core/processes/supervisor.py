"""N processes of one consumer under this one: started, kept going, and ended in order; none is left behind."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from sqs_core.events import Code
from sqs_core.model import Level, RunState
from sqs_core.processes.lifeline import DRAIN, STOP
from sqs_core.processes.slot import Slot
from sqs_core.remote.sources import Candidate
from sqs_core.runner import EXIT_CUT_SHORT, EXIT_REFUSED
from sqs_core.views import bare_snapshot

if TYPE_CHECKING:
    from sqs_core.model import Snapshot
    from sqs_core.processes.merged import Life
    from sqs_core.processes.slot import SlotTarget, Terms

GRACE_SECONDS = 5.0
"""So long past its drain deadline a process may take to end before it is told to stop at once, and as long again after that."""
STOP_SECONDS = 3.0
_KILLED_SECONDS = 1.0
_LOOK_SECONDS = 0.2


class PlaceSource:
    """One place as a source of a fleet: a `Source`."""

    changes = False
    where = "this machine"

    def __init__(self, slot: Slot, target: SlotTarget) -> None:
        self.text, self._target = f"process {slot.number}", target

    def find(self) -> list[Candidate]:
        """Whoever is there; the same member however often it is restarted."""
        return [Candidate(self.text, self._target)]


class Supervisor:
    """Safe from any thread; `start` once. Ends when each place has ended, which with crashes alone is never."""

    def __init__(self, processes: int, terms: Terms, drain_timeout_seconds: float) -> None:
        self.slots = [Slot(number, terms) for number in range(1, processes + 1)]
        width = len(str(processes))
        self.sources = [PlaceSource(slot, slot.target(width)) for slot in self.slots]
        self._terms, self._drain_timeout_seconds = terms, drain_timeout_seconds
        self._started_at = time.time()
        self._lock = threading.Lock()
        self._cut_by: float | None = None
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._begun = False

    def start(self) -> None:
        """Start them all, in the background."""
        self._begun = True
        threading.Thread(target=self._run, name="processes", daemon=True).start()

    def _run(self) -> None:
        threads = [threading.Thread(target=self._keep, args=(slot,), name=f"process {slot.number}") for slot in self.slots]
        for thread in threads:
            thread.daemon = True
            thread.start()
        for thread in threads:
            thread.join()
        self._ended.set()

    def _keep(self, slot: Slot) -> None:
        slot.run()
        if slot.code == EXIT_REFUSED:  # they all have the same arguments
            self.drain()

    @property
    def ended(self) -> bool:
        """Whether no process is left and none is to come."""
        return self._ended.is_set()

    @property
    def lives(self) -> list[Life]:
        """All processes that have ended."""
        return [life for slot in self.slots for life in slot.lives]

    def drain(self, word: bytes = DRAIN) -> None:
        """Let them all end in order, and see to it that they do. Returns at once; a second call does nothing.

        `word` says why: somebody wants it, or `TIME_IS_UP`, which makes those end with an error that have reached nothing yet.
        """
        with self._lock:
            if self._cut_by is not None:
                return
            self._cut_by = time.monotonic() + self._drain_timeout_seconds + GRACE_SECONDS
        text = f"draining {len(self.slots)} processes, for {self._drain_timeout_seconds:g} s at most"
        self._terms.events.record(Level.INFO, Code.PROCESSES_DRAINING, None, text)
        self._tell(word)
        threading.Thread(target=self._see_to_the_end, name="end", daemon=True).start()

    def stop_now(self) -> None:
        """Let them give back what they can and stop; waits for that, but not for long."""
        self.drain()
        self._stop.set()
        self._ended.wait(STOP_SECONDS)

    def end(self) -> None:
        """Leave none behind: what has not stopped after some seconds is killed. Returns when they have ended."""
        if self.ended or not self._begun:
            return
        self.stop_now()
        if not self.ended:
            self._kill()
            self._ended.wait(_KILLED_SECONDS)

    def drain_deadline_seconds(self) -> float | None:
        """Seconds until a drain that has begun is cut short; None when none has."""
        cut_by = self._cut_by
        return None if cut_by is None else max(0.0, cut_by - time.monotonic())

    def _see_to_the_end(self) -> None:
        deadline = self._cut_by or 0.0
        while not self._ended.is_set() and not self._stop.wait(_LOOK_SECONDS) and time.monotonic() < deadline:
            pass
        if self._ended.is_set():
            return
        self._tell(STOP)
        if not self._ended.wait(GRACE_SECONDS):
            self._kill()

    def _kill(self) -> None:
        for slot in self.slots:
            slot.kill()

    def _tell(self, word: bytes) -> None:
        for slot in self.slots:
            slot.tell(word)

    def exit_code(self) -> int:
        """The worst of all places: 0 all ended in order, 1 cut short or crashed at last, 2 refused."""
        return max(EXIT_CUT_SHORT if slot.code is None else slot.code for slot in self.slots)

    def reason(self) -> str:
        """Why the exit code is not 0, where a process said so."""
        worst = max(self.slots, key=lambda slot: (slot.code or 0, bool(slot.reason)))
        return worst.reason

    def snapshot(self) -> Snapshot:
        """This process alone, which consumes nothing itself: whether it is over."""
        if self.ended:
            state = RunState.STOPPED if self.exit_code() == 0 else RunState.FAILED
        else:
            state = RunState.RUNNING if self._cut_by is None else RunState.DRAINING
        return bare_snapshot(state, self._started_at)

    def remarks(self) -> tuple[str, ...]:
        """What deserves to be said about the whole now."""
        said = [f"process {slot.number}: {slot.trouble}" for slot in self.slots if slot.waits]
        left_seconds = self.drain_deadline_seconds()
        if left_seconds is not None:
            over = sum(slot.code is not None for slot in self.slots)
            said.insert(0, f"draining: {over} of {len(self.slots)} have ended, cut short in {left_seconds:.0f} s")
        return tuple(said)
