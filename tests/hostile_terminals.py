"""Programs on terminals into which somebody wants to write more than text: what got through, and walks through every screen."""

from __future__ import annotations

import re
import sys
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from hostile_screens import MARK
from terminals import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

_OWN = re.compile(r"\x1b(\[[0-9;:?<>=$]*[ -/]*[@-~]|\]22;[a-z-]+\x07|[()][A-Z0-9]|[78=>M])")
"""What a terminal program sends by itself: sequences with parameters, the mouse pointer's shape, character sets, the cursor."""
_LAYOUT = frozenset("\r\n\t\x0f\x0e\x08")
ESCAPE, PALETTE, HOVER = b"\x1b[27u", b"\x10", b"\x1b[<35;12;4M"
"""Escape as a terminal sends it that keeps it apart from what follows; a pointer that rests on something with a tooltip."""
WALK = (
    *(b"w", b"l", b"i", b"\r", b"u", b"r", b"R", ESCAPE, ESCAPE, b"m", b"\r", b"r", ESCAPE, b"e", b"L", ESCAPE, b"I", ESCAPE),
    *(b"?", ESCAPE, b"@", ESCAPE, b"x", ESCAPE, b"b", ESCAPE, b"Q", ESCAPE, PALETTE, ESCAPE, b"p", b"p", HOVER),
)
_QUIET_SECONDS, _LONGEST_SECONDS = 0.06, 0.5


class Driven(Terminal):
    """The dashboard with a drive in it."""

    COMMAND = Path(sys.executable)


class Command(Driven):
    """`sqs-tui` with these arguments, protected by these layers alone."""

    def __init__(self, arguments: Sequence[str], layers: str = "both", **environment: str) -> None:
        script = str(Path(__file__).with_name("hostile_command.py"))
        super().__init__([script, layers, *arguments], 140, 45, **environment)

    def walk(self, keys: Sequence[bytes] = WALK) -> None:
        """Press each key once what the one before it does has been drawn."""
        for key in keys:
            self.press(key)
            self.settle()

    def settle(self) -> None:
        """Read until nothing is drawn for a moment."""
        end, before = time.monotonic() + _LONGEST_SECONDS, -1
        while before != len(self.seen) and time.monotonic() < end:
            before = len(self.seen)
            assert self.read(_QUIET_SECONDS), self.seen[-2000:]


def leaks(seen: bytes) -> list[str]:
    """What a terminal would obey, hide or reorder that the dashboard does not send by itself."""
    text = seen.decode("utf-8", "replace")
    theirs = [found.group() for found in _OWN.finditer(text) if MARK in found.group()]
    rest = _OWN.sub("", text)
    obeyed = {c for c in rest if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - _LAYOUT
    return [repr(each) for each in (*theirs, *sorted(obeyed))]
