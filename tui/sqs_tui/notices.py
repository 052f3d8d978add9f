"""What stands out: a drain, trouble, a screen that is too small. Each says what to press."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from sqs_core.words import RunState
from sqs_tui import format as shown
from sqs_tui.commands import BY_ID
from sqs_tui.rows import Tone
from sqs_tui.summary import styled

if TYPE_CHECKING:
    from sqs_tui.viewer import Frame

LEAST_WIDTH, LEAST_HEIGHT = 60, 15


def drain_notice(frame: Frame, width: int, *, playing: bool = False) -> Content:
    """What remains, a bar, the deadline, and how to leave now; what is `playing` is a recording."""
    drain = frame.drain
    if drain is None:
        return Content("")
    cut = drain.cut_short_in_seconds
    at = "" if drain.cut_short_at is None else f" at {shown.clock_time(drain.cut_short_at)}"
    deadline = "" if cut is None else f"  cut short{at}, in {max(0, int(cut))} s"
    percent = f" {drain.fraction * 100:>3.0f} %"
    track = shown.bar(drain.fraction, max(0, width - len(percent) - len(deadline))).replace(" ", "░")
    if playing:
        advice = Content("")
    elif frame.link is None:
        advice = Content.assemble("; press ", (_key("quit"), "bold"), " again to leave now")
    else:
        advice = Content.assemble("; ", (_key("quit"), "bold"), " leaves, and it goes on draining")
    what = styled(f"{drain.queues}: ", Tone.ACCENT) if drain.queues else Content("")
    words = Content.assemble(what, styled(drain.remains, Tone.STRONG), advice).wrap(max(10, width))
    return Content("\n").join([*words, Content.assemble(styled(track, Tone.ACCENT), percent, styled(deadline, Tone.MUTED))])


def trouble_notice(frame: Frame, width: int, *, playing: bool = False, brief: bool = False) -> Content:
    """The newest error in up to three lines, and what can be done; `brief`, the error alone in one. `playing` is a recording."""
    trouble = frame.trouble
    if trouble is None:
        return Content("")
    if brief:
        return styled(f"✗ {trouble}", Tone.BAD).truncate(max(10, width), ellipsis=True)
    keys = Content.assemble(
        "" if playing else _prospect(frame), (_key("quit"), "bold"), " quit   ", (_key("help"), "bold"), " help"
    )
    lines = styled(f"✗ {trouble}", Tone.BAD).wrap(max(10, width))[:3]
    return Content("\n").join([*lines, keys])


def _prospect(frame: Frame) -> str:
    if frame.snapshot is not None and frame.snapshot.engine.state is RunState.FAILED:
        return "The engine has stopped.  "
    return "It is not tried again; other queues go on.  " if frame.refused else "It keeps trying by itself.  "


def _key(command_id: str) -> str:
    return BY_ID[command_id].key


def is_too_small(width: int, height: int) -> bool:
    """Whether a screen would be unreadable in a terminal of this size."""
    return width < LEAST_WIDTH or height < LEAST_HEIGHT


def too_small(width: int, height: int, *, quits: bool) -> Content:
    """For such a terminal; `quits` where the key of quitting would end the dashboard."""
    return Content(
        f"too small: {width}x{height}\nneeds {LEAST_WIDTH}x{LEAST_HEIGHT}" + (f"\n{_key('quit')} quits" if quits else "")
    )
