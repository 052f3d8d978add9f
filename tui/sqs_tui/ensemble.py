"""A consumer in N processes: the command of each, what they write, who supervises and who watches them."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from sqs_core.errors import LONGEST_TEXT
from sqs_core.events import Code, EventLog
from sqs_core.masking import mask_secrets
from sqs_core.processes.child import record_with
from sqs_core.processes.merged import merged_report
from sqs_core.processes.slot import Terms
from sqs_core.processes.supervisor import Supervisor
from sqs_core.remote.fleet import Fleet
from sqs_core.remote.resolving import candidates
from sqs_core.wire import iso
from sqs_tui.again import as_arguments, program, share
from sqs_tui.event_writer import log_through

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import click

    from sqs_core.model import Event, Snapshot
    from sqs_core.processes.merged import Life
    from sqs_tui.event_writer import EventWriter

_FRAMES_PER_SECOND = 2.0
_OURS = frozenset(
    {"processes", "headless", "control", "supervised", "paused", "max_messages", "duration", "log_file"}
    | {"fps", "theme", "color", "watch_terminal", "terminal_limits"}
)
"""What is this process's business, or said to each of them in another way."""


class Ensemble:
    """Made of `consume`'s flags; `folder` is for the sockets. What the processes write goes to `writer`, with their pid."""

    def __init__(
        self, command: click.Command, queues: Sequence[str], flags: dict[str, Any], folder: Path, writer: EventWriter
    ) -> None:
        self.flags = flags
        self.tick = threading.Event()
        self._writer, self._folder = writer, folder
        log_through(writer)
        self._arguments = [*as_arguments(command, flags, _OURS), "--headless", "--control", f"--supervised={folder}"]
        self._queues, self._most = queues, flags["max_messages"]
        self._processes = min(flags["processes"], self._most or flags["processes"])
        self.events = EventLog(on_event=self._tell)
        terms = Terms(self._command, folder, self, self.events)
        self.supervisor = Supervisor(self._processes, terms, flags["drain_timeout"])
        self.members = candidates(self.supervisor.sources)
        self.fleet = Fleet(self.supervisor.sources, per_second=_FRAMES_PER_SECOND, why=flags["reason"])
        self.fleet.remarks = self.supervisor.remarks
        for slot, there in zip(self.supervisor.slots, self.members, strict=True):
            slot.newest = partial(self.newest, there.key)

    def start(self) -> None:
        """Start the processes, and follow them."""
        self.supervisor.start()
        self.fleet.start(self.members)

    def end(self) -> None:
        """Leave neither a process nor a socket behind, for this process may end here and now."""
        self.supervisor.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Write what waits to be written; the processes must have ended."""
        self.fleet.close()
        self._writer.close()

    def report(self, duration_seconds: float) -> dict[str, Any]:
        """What all processes that have ended did; see `merged_report`."""
        return merged_report(self.supervisor.lives, self.events.snapshot(), duration_seconds)

    def _command(self, number: int, before: Sequence[Life]) -> list[str]:
        most = None if self._most is None else share(self._most, self._processes, number)
        return [*program(), "consume", *self._arguments, *successor_options(before, most), "--", *self._queues]

    def newest(self, key: str) -> Snapshot | None:
        """What was last heard of a member."""
        member = self.fleet.member(key)
        return member.viewing.view().snapshot if member else None

    def _tell(self, event: Event) -> None:
        self._writer(event)
        if event.code in (Code.PROCESS_RESTARTED, Code.PROCESS_ENDED):
            self.fleet.announce(event.text)

    def said(self, pid: int, line: str) -> None:
        """See `Listener`."""
        record = record_with(line, "at", "code", "text")
        if record is None:
            text = mask_secrets(line.rstrip("\n"), LONGEST_TEXT)
            record = {"at": iso(time.time()), "level": "info", "code": Code.PROCESS_PRINTED, "queue": None, "text": text}
        self._writer.write({**record, "pid": pid})

    def printed(self, line: str) -> None:
        """See `Listener`."""
        sys.stdout.write(line)
        sys.stdout.flush()


def successor_options(before: Sequence[Life], most: int | None) -> list[str]:
    """What a process takes over from those `before` it in its place: the queues that are paused, and what is left of `most`."""
    heard_of = [life for life in before if life.seen is not None]
    options = [f"--paused={queue}" for queue in (heard_of[-1].paused if heard_of else ())]
    if most is not None:
        # One whose share was met before it crashed has nothing left to do, and one message is the least to be asked for.
        options.append(f"--max-messages={max(1, most - sum(life.finished for life in before))}")
    return options
