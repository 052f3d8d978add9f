"""Which themes there are, and which of ours suits a terminal where nobody has chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError

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


def check_theme(name: str | None) -> None:
    """Raise `ConfigurationError` for a theme that there is not. Imports Textual where it is none of ours."""
    if name is None or name in THEME_NAMES:
        return
    from textual.theme import BUILTIN_THEMES

    if name not in BUILTIN_THEMES:
        raise ConfigurationError(
            f"--theme {name!r} is no theme: there are {', '.join(THEME_NAMES)}, and Textual's {', '.join(BUILTIN_THEMES)}"
        )
