"""JSON Lines that survive a crash: a line is on the disk before anything goes on."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def append_lines(descriptor: int, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write these whole to a descriptor that appends, and wait for the disk. Raises `OSError`."""
    left = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)
