"""Themes: which one a terminal gets, that each can be read, and that states stay apart for those who see fewer colours."""

from __future__ import annotations

from itertools import combinations

import pytest
from textual.color import Color

from sqs_core.model import RunState, ThreadState
from sqs_tui.summary import _STATES as STATES
from sqs_tui.theme_choice import THEME_NAMES, suitable_theme
from sqs_tui.themes import THEMES
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

READABLE, HIGH = 4.5, 7.0
"""WCAG's ratios of contrast for text, AA and AAA."""
APART = 20.0
COLOURED = [theme for theme in THEMES if not theme.ansi]
STATE_TEXTS = ("text-success", "text-warning", "text-error")
TEXTS = (*STATE_TEXTS, "text-primary", "foreground", "foreground-muted")

Rgb = tuple[float, float, float]
# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
BLINDNESSES = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
GREY = ((0.2126, 0.7152, 0.0722),) * 3


def colour(name: str, theme_name: str) -> Color:
    theme = next(theme for theme in THEMES if theme.name == theme_name)
    variables = theme.to_color_system().generate()
    found = Color.parse(variables[name])
    return Color.parse(variables["background"]).blend(found, found.a, 1.0) if found.a < 1 else found


def linear(colour: Color) -> Rgb:
    red, green, blue = ((c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in colour.normalized)
    return red, green, blue


def contrast(one: Color, other: Color) -> float:
    darker, lighter = sorted(sum(w * c for w, c in zip(GREY[0], linear(each), strict=True)) for each in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def seen(colour: Color, matrix: tuple[Rgb, ...]) -> Rgb:
    """As it is seen, in CIE Lab."""
    rgb = [min(1.0, max(0.0, sum(w * c for w, c in zip(row, linear(colour), strict=True)))) for row in matrix]
    xyz = (
        (0.4124 * rgb[0] + 0.3576 * rgb[1] + 0.1805 * rgb[2]) / 0.9505,
        0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2],
        (0.0193 * rgb[0] + 0.1192 * rgb[1] + 0.9505 * rgb[2]) / 1.089,
    )
    x, y, z = (c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize(
    ("environ", "color_system", "theme"),
    [
        ({}, "truecolor", "dark"),
        ({}, "256", "dark"),
        ({}, "standard", "ansi"),
        ({}, None, "dark"),
        ({"COLORFGBG": "0;15"}, "truecolor", "light"),
        ({"COLORFGBG": "0;default;15"}, "256", "light"),
        ({"COLORFGBG": "15;0"}, "truecolor", "dark"),
        ({"COLORFGBG": "15;8"}, "truecolor", "dark"),
        ({"COLORFGBG": "nonsense"}, "truecolor", "dark"),
        ({"COLORFGBG": "0;15"}, "standard", "ansi-light"),
        ({"NO_COLOR": "1"}, "truecolor", "high-contrast"),
        ({"NO_COLOR": "", "COLORFGBG": "0;15"}, "standard", "high-contrast"),
    ],
)
def test_a_terminal_gets_what_suits_it(environ: dict[str, str], color_system: str | None, theme: str) -> None:
    assert suitable_theme(environ, color_system) == theme


@pytest.mark.parametrize("theme", [theme.name for theme in COLOURED])
def test_text_can_be_read_on_every_background(theme: str) -> None:
    least = HIGH if theme == "high-contrast" else READABLE
    for background in ("background", "surface", "panel"):
        for text in TEXTS:
            assert contrast(colour(text, theme), colour(background, theme)) >= least, (text, background)


@pytest.mark.parametrize("blindness", BLINDNESSES)
def test_states_stay_apart_for_the_colour_blind(blindness: str) -> None:
    for one, other in combinations(STATE_TEXTS, 2):
        first, second = (seen(colour(each, "colour-blind"), BLINDNESSES[blindness]) for each in (one, other))
        assert sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5 >= APART, (one, other)


def test_no_two_states_have_the_same_mark_and_word() -> None:
    assert set(STATES) == set(RunState)
    assert len({(glyph, str(state)) for state, (glyph, _) in STATES.items()}) == len(STATES)
    assert len(set(map(str, ThreadState))) == len(ThreadState)


async def test_each_theme_is_there_by_its_name_and_draws() -> None:
    async with dashboard(theme=THEME_NAMES[-1], size=(80, 24)) as running:
        assert running.app.theme == THEME_NAMES[-1]
        for theme in THEME_NAMES:
            running.app.theme = theme
            await running.frame()
            assert "● running" in running.text()
        assert not list(running.app._notifications)


async def test_a_theme_is_chosen_in_the_palette() -> None:
    async with dashboard(size=(80, 24)) as running:
        titles = {command.title: command for command in running.app.get_system_commands(running.app.screen)}
        titles["Theme"].callback()
        await running.pilot.pause()
        await running.press(*"blin", "enter")
        await running.pilot.pause()
        assert running.app.theme == "colour-blind"


async def test_without_colours_it_is_what_differs_in_brightness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with dashboard(theme=None) as running:
        assert running.app.theme == "high-contrast"
