"""`sqs-tui play`: the dashboard over a recording, or a picture of one moment."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError
from sqs_core.plain_text import one_line
from sqs_core.playback import Playback
from sqs_core.recording import Recording

if TYPE_CHECKING:
    from sqs_tui.options import DashboardOptions

_SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")
_LEAST, _MOST, _USUAL = (60, 15), (500, 200), "120x40"


def run_play(file: str, flags: dict[str, Any]) -> int:
    """Show a recording until it is left. Returns the exit code; refusals raise `ConfigurationError`."""
    size, picture = _size(flags), flags["screenshot"]
    recording = Recording(Path(file))
    try:
        at_seconds = flags["at"] or 0.0
        if at_seconds > recording.length_seconds:
            raise ConfigurationError(
                f"--at {at_seconds:g} is beyond the end of {file!r}: it has {recording.length_seconds:.1f} s"
            )
        if picture is None:
            from sqs_tui.run import require_terminal

            require_terminal("`--screenshot OUT.svg` makes a picture without one")
        if recording.warning:
            sys.stderr.write(f"sqs-tui: warning: {one_line(file)}: {recording.warning}\n")
        playback = Playback(recording, speed=flags["speed"], at_seconds=at_seconds, standing=picture is not None)
        return _show(playback, flags) if picture is None else _draw(playback, flags, Path(picture), size)
    finally:
        recording.close()


def _size(flags: dict[str, Any]) -> tuple[int, int]:
    if flags["size"] is not None and flags["screenshot"] is None:
        raise ConfigurationError(f"--size {flags['size']} goes with --screenshot: a terminal has its own")
    text = flags["size"] or _USUAL
    match = _SIZE.fullmatch(text)
    columns, rows = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (_LEAST[0] <= columns <= _MOST[0] and _LEAST[1] <= rows <= _MOST[1]):
        raise ConfigurationError(f"--size {text} is not COLUMNSxLINES between 60x15 and 500x200, as 120x40")
    return columns, rows


def _show(playback: Playback, flags: dict[str, Any]) -> int:
    from sqs_tui.app import run_dashboard
    from sqs_tui.flags import dashboard_options

    user = dashboard_options(flags)
    options = replace(_options(playback, flags), fps=user.fps, theme=user.theme, warnings=user.warnings)
    return run_dashboard(playback, options)


def _options(playback: Playback, flags: dict[str, Any]) -> DashboardOptions:
    from sqs_tui.flags import watch_limits
    from sqs_tui.options import DashboardOptions
    from sqs_tui.trends import SERIES_SECONDS

    return DashboardOptions(
        fps=flags["fps"] or 4,
        theme=flags["theme"],
        color=flags["color"],
        view_only=True,
        attached=True,
        playback=playback,
        past=playback.past(SERIES_SECONDS),
        watch=watch_limits(flags),
        clock=playback.wall,
    )


def _draw(playback: Playback, flags: dict[str, Any], path: Path, size: tuple[int, int]) -> int:
    from sqs_tui.new_file import write_only_new
    from sqs_tui.picture import draw_picture

    refusal = f"--screenshot {str(path)!r} exists: choose another name"
    if path.exists():
        raise ConfigurationError(refusal)
    svg = asyncio.run(draw_picture(playback, _options(playback, flags), size))
    try:
        write_only_new(path, svg)
    except FileExistsError:
        raise ConfigurationError(refusal) from None
    except OSError as error:
        raise ConfigurationError(f"--screenshot {str(path)!r} cannot be written: {error.strerror}") from error
    return 0
