"""Which of our themes suits a terminal, where nobody has chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DARK, LIGHT, ANSI, HIGH_CONTRAST, COLOUR_BLIND = THEME_NAMES = ("dark", "light", "ansi", "high-contrast", "colour-blind")
ANSI_ON_LIGHT = "ansi-light"
_LIGHT_BACKGROUNDS = frozenset({"7", "9", "10", "11", "12", "13", "14", "15"})


def suitable_theme(environ: Mapping[str, str], color_system: str | None) -> str:
    """The name of a theme; `color_system` is what Rich makes of TERM and COLORTERM.

    Without colours it is what differs most in brightness. With 16 colours it is the terminal's own, for what is nearest to
    others may be grey on grey. COLORFGBG, where a terminal sets it, says whether its background is light.
    """
    light = environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT_BACKGROUNDS
    if "NO_COLOR" in environ:
        return HIGH_CONTRAST
    if color_system == "standard":
        return ANSI_ON_LIGHT if light else ANSI
    return LIGHT if light else DARK
