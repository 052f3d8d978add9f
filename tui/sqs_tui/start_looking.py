"""Looks for LocalStack and for consumers that run here, on threads, again and again while the start screen is open."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import urllib3

from sqs_core.remote.targets import discover
from sqs_tui.start_choices import Presence

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_tui.start_choices import Around

_AGAIN_SECONDS = 3.0
_ANSWER_SECONDS = 2.0


class Looking:
    """`around` is what is known now; each look is bounded in time, and nothing that it meets ends it."""

    def __init__(self, around: Around) -> None:
        self.around = around
        self._lock = threading.Lock()
        self._over = threading.Event()

    def start(self) -> None:
        """Begin to look."""
        looks = [self._look_for_consumers] if self.around.deployed else [self._look_for_consumers, self._look_for_localstack]
        for look in looks:
            threading.Thread(target=self._again, args=(look,), name="look-around", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._over.set()

    def _again(self, look: Callable[[], None]) -> None:
        while not self._over.is_set():
            with suppress(Exception):  # the next look may do better
                look()
            self._over.wait(_AGAIN_SECONDS)

    def _look_for_consumers(self) -> None:
        found = tuple(discover())
        with self._lock:
            self.around = replace(self.around, consumers=found)

    def _look_for_localstack(self) -> None:
        presence = Presence.FOUND if answers(self.around.endpoint) else Presence.MISSING
        with self._lock:
            self.around = replace(self.around, presence=presence)


def answers(endpoint: str) -> bool:
    """Whether anything speaks HTTP there, asked without credentials; nothing of the answer is kept."""
    with urllib3.PoolManager(retries=False, timeout=_ANSWER_SECONDS) as http:
        try:
            http.request("GET", f"{endpoint.rstrip('/')}/_localstack/health", preload_content=False, redirect=False).close()
        except (urllib3.exceptions.HTTPError, ValueError, OSError):
            return False
        return True
