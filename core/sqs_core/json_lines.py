"""JSON Lines that survive a crash: a line is on the disk before anything goes on."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def append_lines(descriptor: int, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write these whole to a descriptor that appends, and wait for the disk. Raises `OSError`."""
    left = memoryview("".join(f"{json.dumps(line)}\n" for line in lines).encode())
    if not left:
        return
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def read_lines(descriptor: int) -> Iterator[dict[str, Any]]:
    """The objects of a file, from its beginning. A line that was cut by a crash is left out."""
    with open(os.dup(descriptor), encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - a descriptor, not a path
        file.seek(0)
        for text in file:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def finish_last_line(descriptor: int) -> None:
    """What is written next must not be glued to a line that a crash has cut: it would be lost with it."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")
