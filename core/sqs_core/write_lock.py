"""Whether this session may write now: always when local, in a deployed environment only while it is unlocked with a reason."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqs_core.action_log import record
from sqs_core.environment import Environment
from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from sqs_core.clock import Clock
    from sqs_core.settings import ConnectionSettings

UNLOCKED_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class LockState:
    """`locked` with `why`; `unlockable` says that a reason would unlock it. `until` is in epoch seconds, None for no end."""

    locked: bool
    why: str = ""
    unlockable: bool = False
    until: float | None = None
    reason: str | None = None


class WriteLock:
    """Safe from any thread."""

    def __init__(self, connection: ConnectionSettings, clock: Clock) -> None:
        self._connection, self._clock = connection, clock
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._ends_monotonic = 0.0

    def state(self) -> LockState:
        """As it is now."""
        connection = self._connection
        if connection.read_only:
            return LockState(locked=True, why="this session is read-only")
        if connection.doubt:
            return LockState(locked=True, why=f"writes are locked: {connection.doubt}")
        if not connection.environment.deployed:
            return LockState(locked=False)
        with self._lock:
            left, reason = self._ends_monotonic - self._clock.monotonic(), self._reason
        if reason is not None and left > 0:
            return LockState(locked=False, until=self._clock.wall() + left, reason=reason)
        if connection.environment is Environment.PRODUCTION and not connection.allow_writes:
            return LockState(locked=True, why="writes are locked in production: start with --allow-writes to unlock them here")
        return LockState(locked=True, why=f"writes are locked in {connection.environment}: ! unlocks them", unlockable=True)

    def unlock(self, reason: str) -> None:
        """Unlock for 10 minutes. Raises `ConfigurationError` where that is not allowed, or its line cannot be logged."""
        state = self.state()
        if state.locked and not state.unlockable:
            raise ConfigurationError(state.why)
        if not reason.strip():
            raise ConfigurationError("say why: the reason goes into the action log")
        record(self._connection, "unlock", result="for 10 minutes", reason=reason.strip())
        with self._lock:
            self._reason, self._ends_monotonic = reason.strip(), self._clock.monotonic() + UNLOCKED_SECONDS

    def lock(self) -> None:
        """Lock again at once."""
        with self._lock:
            self._reason = None

    def require(self, what: str) -> ConnectionSettings:
        """The settings to write with. Raises `ConfigurationError` while locked; `what` is the deed in words."""
        state = self.state()
        if state.locked:
            raise ConfigurationError(f"{what} counts as writing: {state.why}")
        if not self._connection.environment.deployed:
            return self._connection
        return replace(self._connection, allow_writes=True, reason=state.reason)
