"""A curve drawn with block characters, which every theme and colour depth can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEVELS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = 8


def curve(values: Sequence[float], width: int, height: int) -> list[str]:
    """`height` lines of `width` cells, top line first: the newest values, scaled from zero to their peak, newest at the right."""
    newest = list(values[-width:]) if width > 0 else []
    peak = max(newest, default=0.0)
    levels = [_level(value, peak, height) for value in newest]
    padding = " " * (width - len(newest))
    return [
        padding + "".join(_LEVELS[max(0, min(_EIGHTHS, level - line * _EIGHTHS))] for level in levels)
        for line in reversed(range(height))
    ]


def _level(value: float, peak: float, height: int) -> int:
    # At least one eighth, so that a small value still reads as a value.
    return max(1, round(value / peak * height * _EIGHTHS)) if peak > 0 else 1
