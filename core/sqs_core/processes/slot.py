"""One place among the N: the process in it now, and what became of those before it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqs_core.errors import UnreachableError, describe
from sqs_core.events import Code
from sqs_core.model import Level, RunState
from sqs_core.policy import Backoff
from sqs_core.processes.child import Child, Ending
from sqs_core.processes.merged import Life, shortened
from sqs_core.remote.peers import SocketPeer
from sqs_core.remote.pod_errors import Failing
from sqs_core.runner import EXIT_CUT_SHORT, EXIT_DONE, EXIT_REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sqs_core.events import EventLog
    from sqs_core.model import Snapshot
    from sqs_core.processes.child import Listener
    from sqs_core.remote.protocol import Hello

STEADY_SECONDS = 60.0
"""One that has lived for so long crashes as if for the first time."""
_LISTENS_SECONDS, _LOOK_SECONDS = 3.0, 0.05


@dataclass(frozen=True, slots=True)
class Terms:
    """What all processes have in common: the command of a process, by its place and by those before it there; where their
    sockets are, who hears them, and how long the next waits after a crash."""

    command: Callable[[int, Sequence[Life]], Sequence[str]]
    folder: Path
    listener: Listener
    events: EventLog
    backoff: Backoff = field(default_factory=lambda: Backoff(base_seconds=1.0, cap_seconds=30.0))


class Slot:
    """Keeps one process going until it ends by itself or is told to. `newest` gives what was last seen of it."""

    def __init__(self, number: int, terms: Terms) -> None:
        self.number = number
        self.newest: Callable[[], Snapshot | None] = lambda: None
        self.lives: list[Life] = []
        self.code: int | None = None
        self.reason = ""
        self._terms = terms
        self._child: Child | None = None
        self._lock = threading.Lock()
        self._word = b""
        self._told = threading.Event()
        self._crashes = 0
        self._again_at = 0.0
        self._pid: int | None = None
        self._trouble = "it has not been started yet"

    def run(self) -> None:
        """Until the last process of this place has ended; `code` is how, then."""
        code: int | None = None
        while code is None:
            try:
                code = self._live()
            except OSError as error:  # no process to be had, or no descriptor: as if it had crashed
                code = self._crashed(f"it could not be started: {describe(error)}", 0.0)
        self.code = code

    def tell(self, word: bytes) -> None:
        """Drain or stop; whichever process is here or comes here hears it."""
        with self._lock:
            self._word = word
            if self._child is not None:
                self._child.tell(word)
        self._told.set()

    def kill(self) -> None:
        """End the process here and now."""
        with self._lock:
            if self._child is not None:
                self._child.kill()

    @property
    def restarts(self) -> int:
        """How often a process was started in the place of one that crashed."""
        return max(0, sum(life.count for life in self.lives) - (self._child is None))

    @property
    def waits(self) -> bool:
        """Whether the next one waits for its start."""
        return self.code is None and self._child is None and bool(self.lives)

    @property
    def trouble(self) -> str:
        """Why nothing answers here; empty while a process is here."""
        if self.code is not None:
            return f"it has ended: {self._trouble}"
        if self.waits:
            return f"{self._trouble}, the next starts in {max(0.0, self._again_at - time.monotonic()):.0f} s"
        return ""

    @property
    def past(self) -> str:
        """What is to be known of those before; empty where there were none."""
        return f"restarted {self.restarts}×, last: {self.lives[-1].ending.how}" if self.restarts else ""

    def done_before(self, pid: int) -> tuple[int, int]:
        """Messages handled and failed by all processes of this place but that one."""
        reports = [life.report for life in self.lives if life.pid != pid]
        return sum(one.get("handled", 0) for one in reports), sum(one.get("failed", 0) for one in reports)

    def _live(self) -> int | None:
        """One life. The exit code where there is to be no other."""
        terms = self._terms
        with self._lock:
            if self._word:
                return EXIT_CUT_SHORT if self._crashes else EXIT_DONE
            command = terms.command(self.number, self.lives)
            child = self._child = Child(command, terms.folder, terms.listener)
            self._pid = child.pid
        code, place = (Code.PROCESS_RESTARTED, f" in place of {self.lives[-1].pid}") if self.lives else (Code.PROCESS_STARTED, "")
        terms.events.record(Level.INFO, code, None, f"process {self.number}: pid {child.pid} is started{place}")
        ending = child.wait()
        with self._lock:
            self._child = None
            self.lives = shortened([*self.lives, self._account(child.pid, ending)])
        self._trouble = f"pid {child.pid} ended with {ending.how}"
        if self._is_final(ending):
            self.reason = ending.reason
            level = Level.INFO if ending.code == EXIT_DONE else Level.ERROR
            terms.events.record(level, Code.PROCESS_ENDED, None, f"process {self.number}: {self._trouble}")
            return ending.code if ending.code in (EXIT_DONE, EXIT_CUT_SHORT, EXIT_REFUSED) else EXIT_CUT_SHORT
        return self._crashed(": ".join(filter(None, (self._trouble, ending.reason))), ending.lived_seconds)

    def _is_final(self, ending: Ending) -> bool:
        """Whether it ended because it was told to, by whomever, or says itself that it cannot work at all.

        One that was started anew has worked before: what stops it now may pass.
        """
        if self._word or (ending.report is not None and ending.code == EXIT_DONE):
            return True
        if ending.report is not None and self.lives[-1].state in (RunState.DRAINING, RunState.STOPPED):
            return True
        refused = ending.code == EXIT_REFUSED and bool(ending.reason)
        return not self._crashes and (refused or ending.report is not None)

    def _crashed(self, what: str, lived_seconds: float) -> int | None:
        self._crashes = 1 if lived_seconds >= STEADY_SECONDS else self._crashes + 1
        wait_seconds = self._terms.backoff.delay_seconds(self._crashes)
        self._again_at = time.monotonic() + wait_seconds
        times = f"the {self._crashes}. time, " if self._crashes > 1 else ""
        self._trouble = what
        text = f"process {self.number}: {what}, {times}the next starts in {wait_seconds:.1f} s"
        self._terms.events.record(Level.ERROR, Code.PROCESS_CRASHED, None, text)
        return EXIT_CUT_SHORT if self._told.wait(wait_seconds) else None

    def _account(self, pid: int, ending: Ending) -> Life:
        newest = self.newest()
        seen = newest if newest is not None and newest.engine.pid == pid else None
        return Life(self.number, pid, ending, seen)

    def target(self, width: int) -> SlotTarget:
        """Where whoever is here now can be reached."""
        return SlotTarget(self, width)

    @property
    def pid(self) -> int | None:
        """The process that is here, or was here last."""
        return self._pid

    @property
    def path(self) -> Path | None:
        """Its socket, while it is here."""
        child = self._child
        return child.path if child else None


class SlotTarget:
    """A `Target` whose process may be another one each time."""

    def __init__(self, slot: Slot, width: int) -> None:
        self._slot, self._width = slot, width
        self._met_pid: int | None = None

    @property
    def name(self) -> str:
        """The place, and who is there: `2 pid 4711`."""
        return f"{self._slot.number:>{self._width}} pid {self._slot.pid or '–'}"

    @property
    def restarts(self) -> int:
        """See `Slot`."""
        return self._slot.restarts

    @property
    def failing(self) -> Failing | None:
        """Why nothing answers."""
        slot = self._slot
        text = slot.trouble
        if text:
            return Failing("restarting" if slot.waits else "ended", text)
        return Failing("starting", f"pid {slot.pid} is starting") if slot.pid != self._met_pid else None

    @property
    def past(self) -> str:
        """See `Slot`."""
        return self._slot.past

    def done_before(self, pid: int) -> tuple[int, int]:
        """See `Slot`."""
        return self._slot.done_before(pid)

    def open(self) -> SocketPeer:
        """See `Target`. One that starts is waited for, for a few seconds."""
        until, pause = time.monotonic() + _LISTENS_SECONDS, threading.Event()
        while (path := self._slot.path) is not None:
            try:
                return SocketPeer(path)
            except OSError:  # it does not listen yet
                if pause.wait(_LOOK_SECONDS) or time.monotonic() >= until:
                    break
        failing = self.failing
        raise UnreachableError(failing.text if failing else f"pid {self._slot.pid} does not listen")

    def met(self, hello: Hello) -> None:
        """See `Target`."""
        self._met_pid = hello.pid
