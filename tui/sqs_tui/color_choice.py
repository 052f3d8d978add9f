"""How many colours Textual draws with, where the user says so."""

from __future__ import annotations

import os

_COLOR_SYSTEMS = {"16": "standard", "256": "256", "truecolor": "truecolor"}


def use_colors(color: str | None) -> None:
    """16, 256 or truecolor; None leaves it to the terminal. Textual reads it when it is imported, so that comes after this."""
    if color is not None:
        os.environ["TEXTUAL_COLOR_SYSTEM"] = _COLOR_SYSTEMS[color]
