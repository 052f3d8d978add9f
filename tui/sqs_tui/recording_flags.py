"""Recording what a command does, where its flags ask for it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqs_core.events import EventLog
    from sqs_core.facade import EngineFacade

_LIMIT_MIB = 64


@contextmanager
def recorded(
    facade: EngineFacade, events: Callable[[], EventLog], flags: dict[str, Any], note: Callable[[], str] = str
) -> Iterator[None]:
    """Record to `--record` while the block runs, with what `note` says of the moment.

    Raises `ConfigurationError` where that file cannot be made.
    """
    path, limit_mib = flags["record"], flags["record_limit_mib"]
    if path is None:
        if limit_mib is not None:
            raise ConfigurationError(f"--record-limit-mib {limit_mib} goes with --record FILE")
        yield
        return
    from sqs_core.recorder import Recorder

    with Recorder(Path(path), (limit_mib or _LIMIT_MIB) * 2**20, facade.snapshot, events, note):
        yield
