"""Bodies laid out for reading: JSON gets line breaks, and no input can make the result large or the parser fall over."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

INPUT_LIMIT = 64 * 1024
OUTPUT_LIMIT = 256 * 1024
DEPTH_LIMIT = 32
DRAWN_LIMIT = 64 * 1024
LINES_LIMIT = 10_000
"""To fold more than this at the width of a screen would hold it up."""
_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


@dataclass(frozen=True, slots=True)
class Layout:
    """A body to show and, when it is not simply the whole body, a note that says so."""

    text: str
    note: str = ""


def lay_out(body: str, length: int | None = None) -> Layout:
    """The body pretty-printed when it is JSON within the limits, else its first `INPUT_LIMIT` characters as they are.

    `length` is of the whole body where `body` is only its head.

    The original tokens are re-indented rather than parsed and written again, so that duplicate names, `1.10` and escapes
    stay what they were.
    """
    length = len(body) if length is None else length
    if length > INPUT_LIMIT:
        shown, whole = f"{INPUT_LIMIT:,}", f"{length:,}"
        return Layout(body[:INPUT_LIMIT], f"the first {shown} of {whole} characters, not laid out")
    try:
        value = json.loads(body)
    except RecursionError:
        return Layout(body, "nested too deep to lay out; shown as it is")
    except ValueError:
        return Layout(body)
    if not isinstance(value, dict | list):
        return Layout(body)
    laid_out = _indent(body)
    return Layout(body, "too large when laid out; shown as it is") if laid_out is None else Layout(laid_out)


def drawable(text: str) -> Layout:
    """As much of a text, whose controls are visible forms by now, as is drawn, and a note where that is not all."""
    head = text[:DRAWN_LIMIT]
    lines = head.split("\n", LINES_LIMIT)
    if len(lines) > LINES_LIMIT:
        return Layout("\n".join(lines[:LINES_LIMIT]), f"the first {LINES_LIMIT:,} of {text.count(chr(10)) + 1:,} lines are drawn")
    return Layout(head, "" if len(head) == len(text) else f"the first {DRAWN_LIMIT:,} of {len(text):,} characters are drawn")


def _indent(body: str) -> str | None:
    """Valid JSON text re-indented, nesting beyond `DEPTH_LIMIT` kept on one line; None when it grows past the limit."""
    pieces: list[str] = []
    depth = size = 0
    previous = ""
    for part in _PART.findall(body):
        if part in "]}":
            depth -= 1
        piece = _gap(previous, part, depth) + part
        pieces.append(piece)
        size += len(piece)
        if size > OUTPUT_LIMIT:
            return None
        if part in "[{":
            depth += 1
        previous = part
    return "".join(pieces)


def _gap(previous: str, part: str, depth: int) -> str:
    if previous == ":":
        return " "
    closes = part in "]}"
    empty = closes and previous in ("[", "{")
    breaks = previous in ("[", "{", ",") or closes
    if not previous or empty or not breaks:
        return ""
    # A closing bracket stands at its opener's depth, so it breaks exactly where its first item did.
    inner_depth = depth + 1 if closes else depth
    if inner_depth > DEPTH_LIMIT:
        return " " if previous == "," else ""
    return "\n" + "  " * depth
