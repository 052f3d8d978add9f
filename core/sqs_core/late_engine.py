"""An engine that is made while a screen is up already: importing and making it takes as long as drawing the first frame."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError
from sqs_core.words import RunState

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.engine import Engine
    from sqs_core.model import Snapshot

MAKING_SECONDS = 30.0
"""Nothing in the making of an engine waits for the network; a module that it imports may lie on a slow disk."""


class LateEngine:
    """Implements `EngineFacade` together with the engine that it stands for, which `start` makes on a thread of its own.

    Until it is made, what `expected` returns is what is seen of it, and what is asked of it waits. `failure` is why it could not
    be made. An engine that is left before it was made is never started.
    """

    def __init__(self, make: Callable[[], Engine], expected: Callable[[], Snapshot]) -> None:
        self.failure: Exception | None = None
        self._make, self._expected = make, cache(expected)
        self._engine: Engine | None = None
        self._left = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """See `EngineFacade`."""
        with self._lock:
            if self._left:  # before it was begun: there is nothing to make
                self._over.set()
            elif self._thread is None:
                self._thread = threading.Thread(target=self._begin, name="engine", daemon=True)
                self._thread.start()

    def _begin(self) -> None:
        try:
            engine = self._make()
            with self._lock:  # whoever leaves meanwhile waits, and ends an engine that has begun
                if not self._left:
                    self._engine = engine
                    engine.start()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the run and is told then
            self.failure = error
        finally:
            self._over.set()

    def close(self) -> Engine | None:
        """Wait until nothing is made any more; the engine, where there is one that was started."""
        if self._thread is not None:
            self._over.wait(MAKING_SECONDS)
        return self._engine

    def snapshot(self) -> Snapshot:
        """See `EngineFacade`."""
        if self._engine is not None and self.failure is None:
            return self._engine.snapshot()
        state = RunState.FAILED if self.failure else RunState.STOPPED if self._left else RunState.STARTING
        expected = self._expected()
        consumers = tuple(replace(consumer, state=state) for consumer in expected.consumers)
        return replace(expected, at=time.time(), engine=replace(expected.engine, state=state), consumers=consumers)

    def link(self) -> None:
        """None: it is of this process."""

    def drain(self) -> None:
        """See `EngineFacade`."""
        if (engine := self._leave()) is not None:
            engine.drain()

    def stop_now(self) -> None:
        """See `EngineFacade`."""
        if (engine := self._leave()) is not None:
            engine.stop_now()

    def drain_deadline_seconds(self) -> float | None:
        """See `EngineFacade`."""
        return None if self._engine is None else self._engine.drain_deadline_seconds()

    def _leave(self) -> Engine | None:
        with self._lock:
            self._left = True
            return self._engine

    def __getattr__(self, name: str) -> Any:
        """Everything else is the engine's. Raises what kept it from being made."""
        self.start()
        self._over.wait(MAKING_SECONDS)
        if self._engine is None:
            raise self.failure or ConfigurationError("there is no engine yet: try again in a moment")
        return getattr(self._engine, name)
