"""How one layer of a body is shown: masked, laid out where it is JSON, its controls visible, and no more than can be drawn."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sqs_tui.json_text import INPUT_LIMIT, drawable, lay_out
from sqs_tui.safe_text import many_lines

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")
QUICK_CHARACTERS = 8 * 1024
"""Up to here a body is read at once; a larger one, which may be made to take long, on a thread while the screen goes on."""


@dataclass(frozen=True, slots=True)
class BodyView:
    """`plain` is the body as it is shown (what a copy holds), `drawn` the clean text of it, `notes` what to say of it."""

    plain: str
    drawn: str
    notes: tuple[str, ...]
    masked: bool


NOTHING_YET = BodyView("", "", ("reading it …",), masked=False)


def view_body(text: str, mask: Callable[[str, int], str], *, raw: bool) -> BodyView:
    """The head of the text as it came (`raw`) or laid out. Takes up to a few tenths of a second for hostile input."""
    masked = mask(text, INPUT_LIMIT)
    laid_out = lay_out(masked, len(text))
    plain = masked if raw else laid_out.text
    drawn = drawable(many_lines(plain))
    notes = ("as it came" if raw else "", laid_out.note, drawn.note)
    return BodyView(plain, drawn.text, notes, masked=masked != text[:INPUT_LIMIT])


def uncollected(work: Callable[..., Result], *arguments: object) -> Result:
    """Do it without the cycle collector, which would look through all that a parser makes and stop every thread meanwhile."""
    gc.disable()
    try:
        return work(*arguments)
    finally:
        gc.enable()
