"""Where this program remembers things between runs: `$XDG_STATE_HOME/sqs-tui`, else `~/.local/state/sqs-tui`."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = "XDG_STATE_HOME"
_PREFIX = "sqs-tui-demo-state-"


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
    _remove_left_behind()
    with TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        os.environ[_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[_VARIABLE]
            if before is not None:
                os.environ[_VARIABLE] = before


def is_temporary() -> bool:
    """Whether what is remembered now is gone when this process ends."""
    return Path(os.environ.get(_VARIABLE, "")).name.startswith(_PREFIX)


def _remove_left_behind() -> None:
    """Remove the folders of those who were killed before they could."""
    for folder in Path(gettempdir()).glob(f"{_PREFIX}*-*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError):
            if process.isdecimal() and folder.lstat().st_uid == os.getuid() and not _runs(int(process)):
                shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of somebody else
        return True
    return True
