"""The one door for foreign text: bodies, attributes, names and error texts become harmless, visible characters here.

Nothing returned from here holds a character that a terminal obeys or that hides or reorders its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.content import Content
from textual.filter import LineFilter

from sqs_core.plain_text import ELLIPSIS, LINE_LIMIT, is_obeyed, many_lines, one_line

if TYPE_CHECKING:
    from textual.color import Color

__all__ = ["ELLIPSIS", "LINE_LIMIT", "DropObeyed", "content", "many_lines", "one_line"]


class _Dropped(dict[int, int | None]):
    """Code point → itself, or None for a character that must not reach the terminal."""

    def __missing__(self, code_point: int) -> int | None:
        kept = None if is_obeyed(code_point) else code_point
        self[code_point] = kept
        return kept


_DROPPED = _Dropped()


def content(text: str, limit: int = LINE_LIMIT, style: str = "") -> Content:
    """One line as `Content`, which no widget parses as markup."""
    return Content.styled(one_line(text, limit), style) if style else Content(one_line(text, limit))


class DropObeyed(LineFilter):
    """The backstop behind the door: drops obeyed characters from everything drawn that is not the terminal's own control."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """The same segments; those with such characters are replaced by clean ones."""
        if all(segment.control or segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment if segment.control or segment.text.isprintable() else Segment(segment.text.translate(_DROPPED), segment.style)
            for segment in segments
        ]
