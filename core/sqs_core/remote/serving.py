"""Whether a consumer has a control socket, and what is allowed there. Imports the server only where one is wanted."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError
from sqs_core.words import Level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqs_core.engine import Engine

_VARIABLE = "SQS_TUI_CONTROL"


def wants_control(*, flag: bool) -> bool:
    """Whether commands are allowed: by flag, or by `SQS_TUI_CONTROL=1`. Raises `ConfigurationError` for another value."""
    value = os.environ.get(_VARIABLE, "")
    if value not in ("", "0", "1"):
        raise ConfigurationError(f"{_VARIABLE}={value!r} is neither 0 nor 1: 1 lets attached viewers steer this consumer")
    return flag or value == "1"


@contextmanager
def control_socket(engine: Engine, *, control: bool, folder: Path | None = None) -> Iterator[None]:
    """A control socket while the block runs, in `folder` or where viewers look.

    Where none can be made the consumer works without it and says so; with `control` that is refused, for somebody counts on it.
    """
    from sqs_core.events import Code
    from sqs_core.remote.server import ControlServer

    server = ControlServer(engine, control=control, folder=folder)
    try:
        server.start()
    except ConfigurationError as error:
        if control:
            raise
        engine.events.record(Level.WARNING, Code.CONTROL_UNAVAILABLE, None, f"nobody can attach to this consumer: {error}")
        yield
        return
    try:
        yield
    finally:
        server.close()
