"""Foreign text for a terminal or a log without a screen: nothing in it that a terminal obeys."""

from __future__ import annotations

import unicodedata

LINE_LIMIT = 2000
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """At most `limit` characters on one line; line ends and tabs become spaces, other controls visible as `⟨1B⟩`."""
    shown = text[:limit] + ("…" if len(text) > limit else "")
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(_visible(character) for character in shown)


def _visible(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if unicodedata.category(character) not in _OBEYED:
        return character
    code_point = ord(character)
    return f"⟨{code_point:02X}⟩" if code_point <= 0xFF else f"⟨U+{code_point:04X}⟩"
