"""Hostile text through every screen on a real terminal: no control sequence of theirs reaches it, and each layer holds alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hostile_screens import CLASSES, MARK, bombs
from hostile_terminals import Driven, leaks
from torturing import Row

if TYPE_CHECKING:
    from collections.abc import Callable

DRIVE = Path(__file__).with_name("hostile_screens.py")
SECONDS = 600.0
MOST_GROWTH_BYTES = 64 * 1024 * 1024
MOST_STALL_SECONDS = 0.1
BUSY_STALL_SECONDS = 1.0
"""Where other tests run at the same time."""


def drive(tmp_path: Path, what: str, count: int, layers: str = "both") -> tuple[bytes, dict[str, Any], int]:
    """All that reached the terminal, what the drive told, and the exit code."""
    result = tmp_path / f"{what}-{layers}"
    with Driven([str(DRIVE), layers, what, str(count), str(result)], 140, 45) as terminal:
        code = terminal.ended(SECONDS)
        seen = terminal.seen
    return seen, json.loads(result.read_text()) if result.exists() else {"problem": seen[-1500:].decode("utf-8", "replace")}, code


def too_long(told: dict[str, Any], scale: Callable[[float, float], float]) -> dict[str, float]:
    """What held the screen up."""
    most = scale(BUSY_STALL_SECONDS, MOST_STALL_SECONDS)
    return {name: seconds for name, seconds in told.get("stalls", {}).items() if seconds >= most}


def figures(told: dict[str, Any]) -> str:
    """The longest stall of the screen for each, the longest first, in ms."""
    stalls: dict[str, float] = told.get("stalls", {})
    return ", ".join(f"{name} {stalls[name] * 1000:.0f} ms" for name in sorted(stalls, key=lambda name: -stalls[name]))


def test_what_a_leak_is() -> None:
    assert leaks("\x1b[2J\x1b[38;2;1;2;3mtext ⟨1B⟩]0;\r\n".encode()) == []
    for payload in ("\x1b]0;x\x07", f"\x1b[{MARK}m", "\x9b1m", "a\u202eb", "a\x00b", "\x1bPx\x1b\\"):
        assert leaks(payload.encode()), payload


def test_every_class_through_every_screen(
    tmp_path: Path, scale: Callable[[float, float], float], table: Callable[[Row], None]
) -> None:
    count = int(scale(1, len(CLASSES)))
    seen, told, code = drive(tmp_path, "payloads", count)
    found = leaks(seen)
    table(
        Row(
            "hostile text, classes × screens on a terminal",
            count,
            count - bool(found),
            note=f"{len(found)} leaks; {figures(told)}",
        )
    )
    assert (told["problem"], code, told["shown"]) == ("", 0, count)
    assert found == []
    assert too_long(told, scale) == {}


def test_made_up_strings(tmp_path: Path, scale: Callable[[int, int], int], table: Callable[[Row], None]) -> None:
    count = scale(400, 10_000)
    seen, told, code = drive(tmp_path, "fuzz", count)
    found = leaks(seen)
    note = f"{len(found)} leaks; longest stall {figures(told)}"
    table(Row("hostile text, made-up strings", count, count - len(found), note=note))
    assert (told["problem"], code) == ("", 0)
    assert found == []
    assert told["grown_bytes"] < MOST_GROWTH_BYTES


@pytest.mark.parametrize(("layers", "leaky"), [("door", False), ("filter", False), ("none", True)])
def test_either_layer_holds_alone_and_without_both_it_shows(tmp_path: Path, layers: str, leaky: bool) -> None:
    seen, told, code = drive(tmp_path, "fuzz", 120, layers)
    assert (told["problem"], code, told["shown"]) == ("", 0, 120)
    assert bool(leaks(seen)) is leaky, leaks(seen)[:10]


def test_bodies_that_swell(tmp_path: Path, scale: Callable[[float, float], float], table: Callable[[Row], None]) -> None:
    count = int(scale(6, len(bombs())))
    seen, told, code = drive(tmp_path, "bombs", count)
    note = f"longest stall {figures(told)}, memory +{told.get('grown_bytes', 0) / 2**20:.0f} MiB"
    table(Row("bodies that are large, deep or swell", count, told.get("shown", 0), note=note))
    assert (told["problem"], code, told["shown"]) == ("", 0, count)
    assert leaks(seen) == []
    assert told["grown_bytes"] < MOST_GROWTH_BYTES
    assert too_long(told, scale) == {}
