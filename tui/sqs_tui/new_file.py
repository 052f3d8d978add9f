"""Writing what the user asks to keep."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sqs_tui.served import is_served

if TYPE_CHECKING:
    from pathlib import Path


def write_new(path: Path, text: str) -> Path:
    """Write to a file that did not exist, readable by its owner alone, for it holds messages. Raises `OSError`."""
    if is_served():
        raise PermissionError("a browser keeps no files on the machine that serves it")
    for number in range(100):
        free = path if number == 0 else path.with_stem(f"{path.stem}-{number}")
        try:
            write_only_new(free, text)
        except FileExistsError:
            continue
        return free
    raise FileExistsError(f"{path} and 99 more of that second exist")


def write_only_new(path: Path, text: str) -> None:
    """As `write_new`, under this name alone. Raises `FileExistsError`, or another `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(text)
