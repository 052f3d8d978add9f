"""The filters that were used last, kept across runs in the state directory. What cannot be read or written is no error."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError
from sqs_core.masking import mask_secrets
from sqs_core.state_directory import state_directory

if TYPE_CHECKING:
    from pathlib import Path

NAME = "filters.json"
MOST_FILTERS = 20
LONGEST_FILTER = 200
_LARGEST_BYTES = 64 * 1024


def load_filters() -> list[str]:
    """The newest first; none where there is no such file, or it holds something else."""
    with suppress(OSError, ValueError, RecursionError, ConfigurationError):
        return _sound(json.loads(_read(state_directory() / NAME)))
    return []


def remember_filter(text: str) -> None:
    """Keep a filter as the newest, with those that other processes kept meanwhile. One that holds a secret is not kept."""
    if not text.strip() or len(text) > LONGEST_FILTER or mask_secrets(text) != text:
        return
    with suppress(OSError, ValueError, ConfigurationError):
        _write(state_directory(), _sound([text, *load_filters()]))


def _sound(found: object) -> list[str]:
    if not isinstance(found, list):
        return []
    texts = (text for text in found if isinstance(text, str) and 0 < len(text) <= LONGEST_FILTER)
    return list(dict.fromkeys(texts))[:MOST_FILTERS]


def _read(path: Path) -> bytes:
    # Whatever lies there, such as a pipe that nobody writes to, must not be waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return os.read(descriptor, _LARGEST_BYTES)
    finally:
        os.close(descriptor)


def _write(folder: Path, filters: list[str]) -> None:
    """Whole or not at all, readable by its owner alone."""
    descriptor, name = tempfile.mkstemp(prefix="filters-", dir=folder)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, not a path
            json.dump(filters, file)
        os.replace(name, folder / NAME)  # noqa: PTH105 - a plain rename
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - as above
        raise
