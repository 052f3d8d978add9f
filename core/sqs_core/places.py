"""Where a handler failed: the last line of its own code that the exception passed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqs_core.failures import Cause
from sqs_core.handlers import HandlerFailedError

if TYPE_CHECKING:
    from types import FrameType, TracebackType

LONGEST_PLACE = 120
_LONGEST_KIND = 80
_MOST_FRAMES = 10_000
_MOST_FOLDERS = 3
_HERE = Path(__file__).parent
_MACHINERY = frozenset(str(_HERE / f"{name}.py") for name in ("worker", "handlers", "handler_exec", "handler_http"))
_LIBRARIES = (f"{_HERE}{os.sep}", f"{Path(os.__file__).parent}{os.sep}", "<frozen ")
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def cause_of(error: BaseException, package: str) -> Cause:
    """What failed and where. `package` is the handler's top-level one, whose code counts as its own also where it is installed.

    The place is like `app/jobs.py:42 in charge`; None where none of the handler's own code was passed. Never raises.
    """
    if isinstance(error, HandlerFailedError) and error.cause is not None:
        return error.cause
    try:
        kind = str(type(error).__name__)[:_LONGEST_KIND]
        return Cause(kind, _place(error.__traceback__, package))
    except Exception:  # noqa: BLE001 - a handler's exception may be of a class that fails at any question
        return Cause("exception")


def _place(traceback: TracebackType | None, package: str) -> str | None:
    """Walks the links alone: nothing is formatted and no source is read."""
    found: TracebackType | None = None
    for _ in range(_MOST_FRAMES):
        if traceback is None:
            break
        if _is_own(traceback.tb_frame, package):
            found = traceback
        traceback = traceback.tb_next
    return _named(found) if found is not None else None


def _is_own(frame: FrameType, package: str) -> bool:
    path = frame.f_code.co_filename
    if path in _MACHINERY:
        return False
    if _module(frame).partition(".")[0] == package:
        return True
    return not path.startswith(_LIBRARIES) and not any(part in path for part in _INSTALLED)


def _module(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


def _named(traceback: TracebackType) -> str:
    """As many folders as the module has packages, so that the place reads the same on every machine."""
    code = traceback.tb_frame.f_code
    packages = _module(traceback.tb_frame).count(".") + code.co_filename.endswith("__init__.py")
    file = "/".join(Path(code.co_filename).parts[-1 - min(packages, _MOST_FOLDERS) :])
    return f"{file}:{traceback.tb_lineno} in {code.co_name}"[:LONGEST_PLACE]
