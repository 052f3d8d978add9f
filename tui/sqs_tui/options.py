"""What the command line decides for the dashboard."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sqs_core.demo.deck import Deck
    from sqs_core.engine_info import EngineInfo
    from sqs_core.model import Snapshot
    from sqs_core.playback import Playback
    from sqs_tui.terminal_watch import WatchLimits


class Opening(NamedTuple):
    """What the first frame shows where the engine is made after it."""

    engine: EngineInfo
    queues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DashboardOptions:
    """How to draw, and what not to offer.

    `color` is 16, 256 or truecolor (None: what the terminal says); `scene` is the demo's scene, shown in the header,
    and `deck` are all its scenes;
    `leave_when_failed` leaves when everything was refused, so that the reason becomes a line in the shell; `view_only`
    hides every command that changes anything; `attached` looks at an engine of another process, which goes on when it is left;
    `playback` is the recording that is shown, and `past` what was seen before its moment, oldest first;
    `screenshot_dir` None means the current directory; `watch` has the terminal asked whether it is there; `clock` gives epoch
    seconds; `warnings` are told when it begins; `opening` None draws a snapshot of the engine at once; `yields` leaves
    frames out while the process is busy: see `frame_pace`.
    """

    fps: float = 4
    theme: str | None = None
    color: str | None = None
    scene: str | None = None
    deck: Deck | None = None
    leave_when_failed: bool = False
    view_only: bool = False
    attached: bool = False
    playback: Playback | None = None
    past: Iterable[Snapshot] = ()
    screenshot_dir: Path | None = None
    watch: WatchLimits | None = None
    clock: Callable[[], float] = time.time
    warnings: tuple[str, ...] = ()
    opening: Opening | None = None
    yields: bool = False
