"""Recordings made of snapshots, without waiting for the time that they tell of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.recorder import header_line, moment_line
from sqs_core.remote.frames import FrameMaker, frame_line
from tui_canned import NOW, consumer, snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqs_core.model import Snapshot

HEADER = header_line(NOW)
COMPLETE_EVERY = 7


def moments(count: int) -> list[Snapshot]:
    """A second apart; the number of the moment is how many were received, times 10."""
    totals = consumer().totals
    return [
        snapshot(consumer(totals=replace(totals, received=10 * number, deleted=10 * number)), at=NOW + number)
        for number in range(count)
    ]


def lines(snapshots: Sequence[Snapshot], note: str | None = None) -> list[bytes]:
    """The lines of a recording: the header, and a frame for each second; the note is of the second of them."""
    maker, before, made = FrameMaker(summary=False), None, [HEADER]
    for number, each in enumerate(snapshots):
        now = maker.render(each)
        frame = frame_line(now, before if number % COMPLETE_EVERY else None, dropped=0)
        made.append(moment_line(number, note if number == 1 else None, frame))
        before = now
    return made


def recording_file(path: Path, snapshots: Sequence[Snapshot], note: str | None = None) -> Path:
    """Write them, and say where."""
    path.write_bytes(b"".join(lines(snapshots, note)))
    return path
