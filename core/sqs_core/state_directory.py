"""Where this program remembers things between runs: `$XDG_STATE_HOME/sqs-tui`, else `~/.local/state/sqs-tui`."""

from __future__ import annotations

import os
from pathlib import Path

from sqs_core.errors import ConfigurationError


def state_directory(*parts: str) -> Path:
    """A folder of the state directory, made with mode 0700. Raises `ConfigurationError` where it cannot be made."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    folder = Path(base, "sqs-tui", *parts)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be made ({error.strerror}): set XDG_STATE_HOME to a folder of yours"
        ) from error
    return folder
