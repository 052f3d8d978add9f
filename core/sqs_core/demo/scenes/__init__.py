"""The scenes, each in a file of its own: what `sqs-tui demo --list` lists, in that order."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from sqs_core.demo.scenes.backpressure import Backpressure
from sqs_core.demo.scenes.batch_barrier import BatchBarrier
from sqs_core.demo.scenes.drain import Drain
from sqs_core.demo.scenes.fifo_blocked import FifoBlocked
from sqs_core.demo.scenes.hot_loop import HotLoop
from sqs_core.demo.scenes.idle_cost import IdleCost
from sqs_core.demo.scenes.kill_9 import Kill9
from sqs_core.demo.scenes.outage import Outage
from sqs_core.demo.scenes.peek_kills import PeekKills
from sqs_core.demo.scenes.poison import Poison
from sqs_core.demo.scenes.slow_handler import SlowHandler
from sqs_core.demo.scenes.steady import Steady
from sqs_core.demo.scenes.throttled import Throttled
from sqs_core.demo.scenes.timeout_vs_long_poll import TimeoutVersusLongPoll
from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from sqs_core.demo.scene import Scene

_ALL: tuple[type[Scene], ...] = (
    Steady,
    BatchBarrier,
    TimeoutVersusLongPoll,
    HotLoop,
    SlowHandler,
    Poison,
    PeekKills,
    FifoBlocked,
    Throttled,
    Outage,
    Backpressure,
    Drain,
    Kill9,
    IdleCost,
)
SCENES = {scene.name: scene for scene in _ALL}


def find_scene(name: str) -> type[Scene]:
    """The scene of this name. Raises `ConfigurationError` with names near it."""
    if name in SCENES:
        return SCENES[name]
    near = get_close_matches(name, SCENES, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "sqs-tui demo --list names them all"
    raise ConfigurationError(f"--scene {name!r} is no scene: {hint}")
