"""Lines of a text that fills a screen: headings, names with their values, and text wrapped under itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from sqs_tui.summary import MUTED_STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME_WIDTH = 14


def heading(title: str, width: int) -> list[Content]:
    """An empty line and the title."""
    return [Content(""), *Content.styled(title, "bold $text-primary").wrap(width)]


def pair(name: str, value: Content, width: int, name_width: int = NAME_WIDTH) -> Iterator[Content]:
    """A name of our own and its value, wrapped beside it."""
    yield from hanging(Content.styled(f"{name:<{name_width}}", MUTED_STYLE), value, width)


def hanging(head: str | Content, text: Content, width: int) -> Iterator[Content]:
    """The text after its head, wrapped under itself."""
    head = Content(head) if isinstance(head, str) else head
    under = head.cell_length
    lines = text.wrap(width - under) or [Content("")]
    for number, line in enumerate(lines):
        yield Content.assemble(head if number == 0 else " " * under, line)
