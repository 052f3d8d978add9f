"""What a run holds of a queue, on the disk: were it killed, the next run hands that back at once instead of waiting for it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING

from sqs_core.json_lines import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class HeldFile:
    """Message ids and receipt handles. It is a convenience: where it cannot be written, nothing is said."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def left_behind(self) -> dict[str, str]:
        """Handles by message id that a killed run still holds by its own record; others are somebody else's by now."""
        found: dict[str, str] = {}
        until = 0.0
        with contextlib.suppress(OSError, ValueError, TypeError):
            descriptor = os.open(self._path, os.O_RDONLY)
            try:
                for line in read_lines(descriptor):
                    until = max(until, float(line.get("until", 0)))
                    found.update({str(key): str(handle) for key, handle in dict(line.get("held", {})).items()})
                    for key in line.get("gone", ()):
                        found.pop(str(key), None)
            finally:
                os.close(descriptor)
        return found if time.time() < until else {}

    def open(self) -> None:
        """Begin anew."""
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
            self._descriptor = os.open(self._path, flags, 0o600)

    def close(self) -> None:
        """Nothing is held any more."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def holds(self, handles: Mapping[str, str], seconds: float) -> None:
        """These are held for so long from now."""
        self._write({"held": dict(handles), "until": time.time() + seconds})

    def gone(self, message_ids: Iterable[str]) -> None:
        """These are held no longer."""
        self._write({"gone": list(message_ids)})

    def _write(self, line: Mapping[str, object]) -> None:
        # Not waited for: a killed process loses nothing of it, and after a crash of the machine waiting does as well.
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, f"{json.dumps(line)}\n".encode())
