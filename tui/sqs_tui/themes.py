"""Our themes. None carries meaning by colour alone: each state is a word or a glyph as well.

Textual makes the colours of text out of these by tinting white or black with them: what is written comes out paler.
"""

from __future__ import annotations

from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

from sqs_tui.theme_choice import ANSI, COLOUR_BLIND, DARK, HIGH_CONTRAST, LIGHT

_LIGHT = BUILTIN_THEMES["textual-light"]

THEMES = (
    replace(BUILTIN_THEMES["textual-dark"], name=DARK, variables={"foreground-muted": "#A4A4A4"}),
    replace(
        _LIGHT,
        name=LIGHT,
        success="#2E7D32",
        warning="#B06000",
        variables={**_LIGHT.variables, "foreground-muted": "#4A4A4A"},
    ),
    replace(BUILTIN_THEMES["ansi-dark"], name=ANSI),
    Theme(
        name=HIGH_CONTRAST,
        primary="#3FCBFF",
        secondary="#FFFFFF",
        accent="#FFFF00",
        warning="#FFFF00",
        error="#FF6666",
        success="#3CFF3C",
        foreground="#FFFFFF",
        background="#000000",
        surface="#000000",
        panel="#1A1A1A",
        variables={
            "text-muted": "#E0E0E0",
            "foreground-muted": "#D4D4D4",
            "border": "#FFFFFF",
            "block-cursor-background": "#FFFFFF",
            "block-cursor-foreground": "#000000",
        },
    ),
    # Blue, yellow and vermilion stay apart for every kind of colour blindness, in hue or in brightness.
    Theme(
        name=COLOUR_BLIND,
        primary="#B7A6F2",
        secondary="#6E5FA8",
        accent="#F0E442",
        warning="#E8D600",
        error="#E83D00",
        success="#008DDD",
        foreground="#E6E6E6",
        background="#121212",
        surface="#1C1C1C",
        panel="#262626",
        variables={"foreground-muted": "#A8A8A8"},
    ),
)
