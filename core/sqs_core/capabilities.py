"""Which writes an environment allows on the command line: local all, deployed only what was unlocked with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from sqs_core.settings import ConnectionSettings


def require_write(connection: ConnectionSettings, what: str) -> None:
    """Raise `ConfigurationError` unless this session may write. `what` is the deed in words, such as "a look at orders"."""
    if connection.read_only:
        raise ConfigurationError(f"this session is read-only: {what} counts as writing")
    if connection.doubt:
        raise ConfigurationError(f"{what} counts as writing, and {connection.doubt}")
    if not connection.environment.deployed:
        return
    if not connection.allow_writes:
        raise ConfigurationError(
            f"{what} counts as writing, and {connection.environment} is locked: pass --allow-writes and --reason TEXT"
        )
    if not connection.reason:
        raise ConfigurationError(f"{what} counts as writing in {connection.environment}: say why with --reason TEXT")
