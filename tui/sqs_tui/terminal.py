"""The terminal itself, for when the screen library cannot be asked any more."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAVE_SCREEN = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[<u\x1b[0m\r\n"
_WAIT_SECONDS = 0.3


class Terminal:
    """Remembers how the terminal was, to put it back without waiting for it."""

    def __init__(self) -> None:
        self._modes: list[int | list[bytes | int]] | None = None
        with contextlib.suppress(OSError, ValueError, AttributeError, termios.error):
            self._modes = termios.tcgetattr(sys.__stdin__.fileno())  # type: ignore[union-attr]

    def restore(self) -> None:
        """Line mode, visible cursor, main screen. Writes only if the terminal takes it at once."""
        _not_waiting(self._restore)

    def _restore(self) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError, termios.error):
            if self._modes is not None:
                termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, self._modes)  # type: ignore[union-attr]
            _write(_LEAVE_SCREEN)


def say(text: str) -> None:
    """A line on the terminal after the dashboard has left it. Says nothing where the terminal does not take it at once."""
    _not_waiting(lambda: _write(f"{text}\n".encode(errors="backslashreplace")))


def _write(text: bytes) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        output = sys.__stderr__.fileno()  # type: ignore[union-attr]
        if os.isatty(output) and select.select([], [output], [], 0)[1]:
            os.write(output, text)


def _not_waiting(work: Callable[[], None]) -> None:
    # A terminal that has room for less than all of it still takes the thread that writes prisoner.
    writing = threading.Thread(target=work, name="last-words", daemon=True)
    writing.start()
    writing.join(_WAIT_SECONDS)
