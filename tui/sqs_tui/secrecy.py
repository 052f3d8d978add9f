"""What this process logs, and what it says as it dies, carries no secret: at any level, whoever logs and whatever raises."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from typing import TYPE_CHECKING

from sqs_core.masking import mask_end, mask_secrets

if TYPE_CHECKING:
    from types import TracebackType

LONGEST_RECORD = 100_000
LONGEST_TRACEBACK = 20_000


def hide_secrets() -> None:
    """Mask every log record as it is made, and every traceback that nobody catches. Called once, first thing."""
    logging.setLogRecordFactory(_MaskedRecord)
    sys.excepthook = _say
    threading.excepthook = _say_of_thread
    sys.unraisablehook = _say_of_nobody
    warnings.formatwarning = _warning


def masked_traceback(error: BaseException) -> str:
    """A traceback without local variables, secrets masked, controls visible; its end where it is very long."""
    from sqs_core.plain_text import many_lines

    return many_lines(mask_end("".join(traceback.format_exception(error)), LONGEST_TRACEBACK))


class _MaskedRecord(logging.LogRecord):
    """The SDK logs whole requests and answers at DEBUG: bodies, tokens, and the secret keys that STS hands out."""

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        try:
            text = self.getMessage()
        except Exception:  # noqa: BLE001 - a record that cannot be formatted would be printed with its arguments
            text = f"{self.msg} (its arguments do not fit: {self.args})"
        self.msg = mask_secrets(text, LONGEST_RECORD)
        self.args = ()
        if self.exc_info and self.exc_info[1] is not None:
            self.exc_text = masked_traceback(self.exc_info[1])  # formatters use it as it is


def _say(kind: type[BaseException], error: BaseException, _where: TracebackType | None) -> None:
    if sys.stderr is not None:
        sys.stderr.write("interrupted\n" if issubclass(kind, KeyboardInterrupt) else f"{masked_traceback(error)}\n")


def _say_of_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and sys.stderr is not None and not issubclass(arguments.exc_type, SystemExit):
        name = arguments.thread.name if arguments.thread else "unknown"
        sys.stderr.write(f"thread {name}:\n{masked_traceback(arguments.exc_value)}\n")


def _say_of_nobody(arguments: sys.UnraisableHookArgs) -> None:
    """An error while something was thrown away."""
    if arguments.exc_value is not None and sys.stderr is not None:
        sys.stderr.write(f"ignored:\n{masked_traceback(arguments.exc_value)}\n")


def _warning(message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None) -> str:  # noqa: ARG001 - the standard library's names
    return f"{filename}:{lineno}: {category.__name__}: {mask_secrets(str(message))}\n"
