"""What a running consumer finishes, written to a file as it goes: a share of the messages, masked before they touch the disk."""

from __future__ import annotations

import os
import queue
import random
import threading
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError
from sqs_core.json_lines import append_lines
from sqs_core.masking import mask_secrets, mask_value
from sqs_core.message_json import message_to_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqs_core.message import Message
    from sqs_core.model import Finished

MOST_WAITING = 10_000
_TOGETHER = 100
_CLOSE_SECONDS = 5.0

Taken = tuple["Finished", "Message", float]


class Capture:
    """A thread writes, so that a slow disk never slows a handler; what it has no room for is dropped and counted.

    `mask` hides more than secrets, which are hidden anyway.
    """

    def __init__(self, path: Path, share: float, mask: Callable[[str], str]) -> None:
        self.written = self.dropped = 0
        self.told: Callable[[str], None] = lambda _: None
        """Hears why the capture ended early."""
        self._share, self._mask = share, mask
        self._dice = random.Random()
        self._waiting: queue.Queue[Taken | None] = queue.Queue(MOST_WAITING)
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except FileExistsError:
            raise ConfigurationError(f"--capture {str(path)!r} exists: choose another name") from None
        except OSError as error:
            raise ConfigurationError(f"--capture {str(path)!r} cannot be written ({error.strerror})") from error
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def take(self, finished: Finished, message: Message, received_at: float) -> None:
        """Hand over one message. Returns at once."""
        if self._share < 1 and self._dice.random() >= self._share:
            return
        try:
            self._waiting.put_nowait((finished, message, received_at))
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits, for 5 s at most, and close the file."""
        if not self._thread.is_alive():
            return
        try:
            self._waiting.put(None, timeout=_CLOSE_SECONDS)
        except queue.Full:
            return
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            while (batch := self._batch()) is not None:
                append_lines(self._descriptor, [self._line(*taken) for taken in batch])
                self.written += len(batch)
        except OSError as error:
            self.told(f"the capture ends: its file cannot be written ({error.strerror})")
        finally:
            os.close(self._descriptor)

    def _batch(self) -> list[Taken] | None:
        """What waits, at least one; None at the end."""
        first = self._waiting.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < _TOGETHER and not self._waiting.empty():
            taken = self._waiting.get()
            if taken is None:
                self._waiting.put(None)
                break
            batch.append(taken)
        return batch

    def _line(self, finished: Finished, message: Message, received_at: float) -> dict[str, Any]:
        line = message_to_json(message, received_at)
        attributes = {
            name: {**value, "value": self._mask(mask_value(name, value["value"]))} for name, value in line["attributes"].items()
        }
        body = self._mask(mask_secrets(message.body))
        return {
            **line,
            "body": body,
            "attributes": attributes,
            "outcome": finished.outcome.value,
            "handler_ms": finished.handler_ms,
        }
