"""Every write that a person asks for, one JSON line each, kept across runs: who, when, where, what, why, and how it ended.

Ids and counts, never bodies; secrets in a reason or an error as `***`. A write whose line cannot be written is refused.
"""

from __future__ import annotations

import getpass
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from sqs_core.errors import ConfigurationError
from sqs_core.json_lines import append_lines, read_lines
from sqs_core.masking import mask_secrets
from sqs_core.state_directory import state_directory
from sqs_core.wire import iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sqs_core.client import AwsSession
    from sqs_core.settings import ConnectionSettings

NAME = "actions.jsonl"
_TOGETHER = 100


class Named(Protocol):
    """A queue by name and URL."""

    @property
    def name(self) -> str: ...
    @property
    def url(self) -> str: ...


class Action:
    """One write: begun before anything is done, ended with its result."""

    def __init__(self, session: AwsSession, queue: Named, operation: str) -> None:
        self._fields = {
            "who": _user(),
            "environment": session.connection.environment.value,
            "endpoint": session.service_url(),
            "account": account_of(queue.url),
            "queue": queue.name,
            "operation": operation,
            "reason": session.connection.reason,
        }
        append({**self._fields, "result": "begun"})

    def end(self, result: str, message_ids: Sequence[str], bodies_sha256: Mapping[str, str] | None = None) -> None:
        """How it ended, for which messages; of many messages, a line for each hundred."""
        for start in range(0, max(1, len(message_ids)), _TOGETHER):
            ids = list(message_ids[start : start + _TOGETHER])
            hashes = {key: bodies_sha256[key] for key in ids if key in bodies_sha256} if bodies_sha256 else {}
            more = {"body_sha256": hashes} if hashes else {}
            append({**self._fields, "result": result, "count": len(ids), "message_ids": ids, **more})


def account_of(url: str) -> str | None:
    """The account in a queue's URL; None where it has none."""
    parts = urlsplit(url).path.strip("/").split("/")
    return parts[0] if len(parts) == 2 and parts[0].isdigit() else None


def record(connection: ConnectionSettings, operation: str, **more: Any) -> None:
    """One line about what was done here without a queue being written. Raises `ConfigurationError` where that fails."""
    fields = {"who": _user(), "environment": connection.environment.value, "operation": operation, **more}
    append({name: value for name, value in fields.items() if value is not None})


def log_path() -> Path:
    """Where the log is. Raises `ConfigurationError` where its folder cannot be made."""
    return state_directory() / NAME


def newest_lines(most: int) -> list[dict[str, Any]]:
    """The newest lines, newest first; none where the log cannot be read."""
    try:
        descriptor = os.open(log_path(), os.O_RDONLY)
    except (OSError, ConfigurationError):
        return []
    try:
        return list(deque(read_lines(descriptor), most))[::-1]
    finally:
        os.close(descriptor)


def append(fields: dict[str, Any]) -> None:
    """Write one line and wait until it is on the disk. Raises `ConfigurationError` where that fails."""
    path = log_path()
    masked = {name: mask_secrets(value) if isinstance(value, str) else value for name, value in fields.items()}
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            append_lines(descriptor, [{"at": iso(time.time()), **masked}])
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConfigurationError(f"the action log {path} cannot be written ({error.strerror}): nothing more is done") from error


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in many containers
        return f"uid {os.getuid()}"
