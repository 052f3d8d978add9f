"""What is about to be moved, written down first: JSON Lines with bodies, readable by their owner alone, kept for a week."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError
from sqs_core.json_lines import append_lines
from sqs_core.message_json import message_to_json
from sqs_core.state_directory import is_temporary, state_directory

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqs_core.message import Message

FOLDER = "backups"
KEPT_SECONDS = 7 * 86_400


def kept_for() -> str:
    """For how long a backup is kept, in words: one of a demo ends with it."""
    return "until this demo ends" if is_temporary() else f"{KEPT_SECONDS // 86_400} days"


class Backup:
    """A file of its own, made when the first message is written."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self.path: Path | None = None

    def write(self, messages: Iterable[Message]) -> None:
        """Write these, and wait for the disk. Raises `ConfigurationError` where that fails."""
        try:
            self.path = self.path or self._new_path()
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                append_lines(descriptor, map(message_to_json, messages))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ConfigurationError(
                f"the backup cannot be written ({error.strerror}): nothing is moved; --no-backup goes without"
            ) from error

    def _new_path(self) -> Path:
        folder = state_directory(FOLDER)
        _forget_old(folder)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        return folder / f"{self._queue}-{stamp}.jsonl"


def _forget_old(folder: Path) -> None:
    for path in folder.glob("*.jsonl"):
        if path.stat().st_mtime < time.time() - KEPT_SECONDS:
            path.unlink(missing_ok=True)
