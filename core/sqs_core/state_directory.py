"""Where this program remembers things between runs: `$XDG_STATE_HOME/sqs-tui`, else `~/.local/state/sqs-tui`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = "XDG_STATE_HOME"


def state_directory(*parts: str) -> Path:
    """A folder of the state directory, made with mode 0700. Raises `ConfigurationError` where it cannot be made."""
    base = os.environ.get(_VARIABLE) or str(Path.home() / ".local" / "state")
    folder = Path(base, "sqs-tui", *parts)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be made ({error.strerror}): set XDG_STATE_HOME to a folder of yours"
        ) from error
    return folder


@contextmanager
def temporary_state() -> Iterator[None]:
    """While the block runs this process remembers things in a folder that is gone after it: what is made up is not worth more."""
    before = os.environ.get(_VARIABLE)
    with TemporaryDirectory(prefix="sqs-tui-demo-", ignore_cleanup_errors=True) as folder:
        os.environ[_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[_VARIABLE]
            if before is not None:
                os.environ[_VARIABLE] = before
