"""What a demo's scene says of itself, as lines of a strip: what to watch, which keys to try, what just happened."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from textual.content import Content

from sqs_tui.format import clock_time
from sqs_tui.rows import Tone
from sqs_tui.safe_text import one_line
from sqs_tui.summary import styled

if TYPE_CHECKING:
    from sqs_core.demo.deck import Caption

_HEAD = 7
_WATCH_LINES = 2
_NARROW = 110
_BETWEEN = 3


def caption_lines(caption: Caption, width: int, *, folded: bool) -> Content:
    """One line when folded. Else as many lines as the width asks for, always the same number for a scene."""
    if folded:
        return _row("▸", _happened(caption, width, 1)[0], Tone.ACCENT)
    watch = _wrapped(caption.watch, width)[:_WATCH_LINES]
    now = _happened(caption, width, 2 if width < _NARROW else 1)
    keys = Content(" " * _BETWEEN).join(entry for _, entry in key_entries(caption, width))
    rows = [_row("Watch" if not number else "", styled(text, Tone.PLAIN)) for number, text in enumerate(watch)]
    rows.append(Content.assemble(_head("Try"), keys))
    rows.extend(_row("Now" if not number else "", text) for number, text in enumerate(now))
    return Content("\n").join(rows)


def key_entries(caption: Caption, width: int) -> list[tuple[str, Content]]:
    """The keys to try, with their commands: as many as fit, the scene's own first."""
    entries = [(f"scene_{action.id}", _key(action.key, words)) for action, words in caption.offers]
    entries += [("deck", _key("D", "scenes")), ("caption", _key("C", "fold this"))]
    room = width - _HEAD
    while len(entries) > 1 and sum(entry.cell_length + _BETWEEN for _, entry in entries) - _BETWEEN > room:
        entries.pop()
    return entries


def entry_at(caption: Caption, width: int, cell: int) -> str | None:
    """The command whose key is at this cell of the line of keys."""
    end = _HEAD
    for command_id, entry in key_entries(caption, width):
        start, end = end, end + entry.cell_length + _BETWEEN
        if start <= cell < end:
            return command_id
    return None


def keys_line(caption: Caption, width: int) -> int:
    """Which line of the unfolded strip has the keys."""
    return min(_WATCH_LINES, len(_wrapped(caption.watch, width)))


def _happened(caption: Caption, width: int, lines: int) -> list[Content]:
    line = caption.line
    if line is None:
        said = [f"{caption.scene} is about to begin"]
    else:
        said = _wrapped(f"{clock_time(line.at)}  {one_line(line.text)}", width, lines)
    return [styled(text, Tone.STRONG) for text in [*said, *[""] * lines][:lines]]


def _wrapped(text: str, width: int, lines: int | None = None) -> list[str]:
    """Never within a name: `orders-short` is one word."""
    return wrap(text, max(10, width - _HEAD), max_lines=lines, placeholder=" …", break_on_hyphens=False)


def _key(key: str, words: str) -> Content:
    return Content.assemble((key, "bold $text-primary"), " ", styled(words, Tone.PLAIN))


def _row(head: str, text: Content, tone: Tone = Tone.MUTED) -> Content:
    return Content.assemble(_head(head, tone), text)


def _head(head: str, tone: Tone = Tone.MUTED) -> Content:
    return styled(f"{head:<{_HEAD}}", tone)
