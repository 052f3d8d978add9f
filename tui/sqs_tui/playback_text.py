"""What says where a recording is: playing or not, position, length, speed, and what its clock showed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from sqs_tui import format as shown
from sqs_tui.rows import Tone
from sqs_tui.summary import spread, styled

if TYPE_CHECKING:
    from sqs_core.playback import Position

_LONGEST_BAR = 40


def playback_lines(position: Position, wall: float, width: int) -> Content:
    """One line, with a bar in what room is left; over it what was said of the moment."""
    if position.at_end:
        state = styled("■ ended", Tone.WARNING)
    elif position.standing:
        state = styled("‖ paused", Tone.WARNING)
    else:
        state = styled("▶ playing", Tone.GOOD)
    where = f"{_time(position.seconds)} / {_time(position.length_seconds)}"
    parts = [state, styled(where, Tone.STRONG), styled(f"speed {position.speed:g}×", Tone.PLAIN)]
    right = [styled(shown.stamp(wall), Tone.MUTED)]
    if position.warning:
        right.insert(0, styled("▲ cut off", Tone.WARNING))
    left, ending = Content("  ").join(parts), Content("  ").join(right)
    room = min(_LONGEST_BAR, width - left.cell_length - ending.cell_length - 4)
    if room > 0:
        done = position.seconds / position.length_seconds if position.length_seconds else 1.0
        track = shown.bar(done, room).replace(" ", "░")
        left = Content.assemble(left, "  ", styled(track, Tone.ACCENT))
    line = spread(left, ending, width)
    return (
        line if not position.told else Content("\n").join([spread(styled(position.told, Tone.ACCENT), Content(""), width), line])
    )


def _time(seconds: float) -> str:
    """`0:07.2`, `1:02:07.2`."""
    tenths = int(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{clock}:{rest // 10:02}.{rest % 10}"
