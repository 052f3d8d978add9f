"""What the commands of a recording do: move the moment that is shown, and what was learned from the moments before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_tui.play_commands import LEAP_SECONDS, SKIP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.playback import Playback
    from sqs_tui.viewer import Viewer

_REMEMBERED_SECONDS = 30.0
"""Enough for rates and the newest part of the curves; more would make going back slow."""


def run_play_command(playback: Playback, viewer: Viewer, name: str) -> None:
    """Run one. Rates and curves are then those of the moment that is shown."""
    moves: dict[str, Callable[[], None]] = {
        "toggle": playback.toggle,
        "back": lambda: playback.skip(-SKIP_SECONDS),
        "on": lambda: playback.skip(SKIP_SECONDS),
        "far_back": lambda: playback.skip(-LEAP_SECONDS),
        "far_on": lambda: playback.skip(LEAP_SECONDS),
        "before": lambda: playback.step(-1),
        "after": lambda: playback.step(1),
        "slower": lambda: playback.faster(-1),
        "faster": lambda: playback.faster(1),
        "restart": playback.restart,
    }
    before = playback.position().seconds
    moves[name]()
    if playback.position().seconds < before:
        viewer.rewind(playback.past(_REMEMBERED_SECONDS))
    else:
        viewer.catch_up(playback.past(playback.position().seconds - before))
