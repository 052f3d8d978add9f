"""Foreign text made harmless: nothing returned from here holds a character that a terminal obeys, hides or reorders."""

from __future__ import annotations

import re
import unicodedata

LINE_LIMIT = 240
ELLIPSIS = "…"
_MARKS_PER_CHARACTER = 4
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NOT_IN_XML = frozenset({0xFFFE, 0xFFFF})


def is_obeyed(code_point: int) -> bool:
    """True for controls, format characters, line separators and what XML cannot hold."""
    return unicodedata.category(chr(code_point)) in _OBEYED or code_point in _NOT_IN_XML


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Me"}


class _VisibleForms(dict[int, int | str]):
    """Code point → itself or its visible form. Filled on demand: the whole of Unicode takes too long at start."""

    def __missing__(self, code_point: int) -> int | str:
        form: int | str = code_point
        if is_obeyed(code_point):
            form = f"⟨{code_point:02X}⟩" if code_point <= 0xFF else f"⟨U+{code_point:04X}⟩"
        self[code_point] = form
        return form


_ONE_LINE = _VisibleForms({0x09: " ", 0x0A: " "})
_MANY_LINES = _VisibleForms({0x09: 0x09, 0x0A: 0x0A})


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """At most `limit` characters on one line: line ends and tabs become spaces, other controls visible as `⟨1B⟩`."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    # A visible form is longer than what it stands for, so the input is cut first to bound the work.
    shown = text[: limit + 1].replace("\r\n", "\n").translate(_ONE_LINE)
    shown = _cap_marks(shown)
    return shown if len(shown) <= limit and len(text) <= limit else shown[: limit - 1] + ELLIPSIS


def many_lines(text: str) -> str:
    """The text with line ends and tabs (as four spaces) kept and other controls visible. The caller bounds the length."""
    return _cap_marks(text.replace("\r\n", "\n").translate(_MANY_LINES).replace("\t", "    "))


def _cap_marks(text: str) -> str:
    """Stacked combining marks paint over the lines above and below: keep the first few of each character."""
    marks = "" if text.isascii() else "".join(filter(_is_mark, set(text)))
    if not marks:
        return text
    return re.sub(f"([{marks}]{{{_MARKS_PER_CHARACTER}}})[{marks}]+", r"\1", text)
