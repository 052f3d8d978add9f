"""Recordings made of snapshots, without waiting for the time that they tell of."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.model import SCHEMA
from sqs_core.recorder import RECORDING
from sqs_core.remote.frames import FrameMaker, frame_line
from sqs_core.remote.protocol import encode
from tui_canned import NOW, consumer, snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqs_core.model import Snapshot

HEADER = encode(
    {"type": "recording", "recording": RECORDING, "schema": SCHEMA, "version": "0", "started_at": "2026-03-01T10:00Z"}
)
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
        noted = b'"note":%s,' % json.dumps(note).encode() if note is not None and number == 1 else b""
        made.append(b'{"seconds":%d,%s"frame":%s}\n' % (number, noted, frame.rstrip()))
        before = now
    return made


def recording_file(path: Path, snapshots: Sequence[Snapshot], note: str | None = None) -> Path:
    """Write them, and say where."""
    path.write_bytes(b"".join(lines(snapshots, note)))
    return path
