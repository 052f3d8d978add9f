"""A recording behind the façade of an engine: the moment that is shown moves on by itself, and where one puts it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from sqs_core.absent_bench import AbsentBench
from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqs_core.model import Snapshot
    from sqs_core.recording import Recording

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_REFUSED = "this is a recording: it shows what was seen, and nothing runs behind it"
_NO_BODY = "this is a recording: it holds the beginning of each message, and no message whole"
_SAMPLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a playback is, in seconds, and how it moves. `told` is what was said of the moment, `warning` of the file."""

    name: str
    seconds: float
    length_seconds: float
    speed: float
    standing: bool
    told: str
    warning: str

    @property
    def at_end(self) -> bool:
        """Nothing comes any more."""
        return self.seconds >= self.length_seconds

    @property
    def moves(self) -> bool:
        """It plays, and there is more to come."""
        return not self.standing and not self.at_end


class Playback:
    """Implements `EngineFacade` by refusing whatever would change anything. For one thread."""

    def __init__(
        self,
        recording: Recording,
        *,
        speed: float = 1.0,
        at_seconds: float = 0.0,
        standing: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recording, self._speed, self._standing, self._clock = recording, speed, standing, clock
        self._from_seconds, self._since = at_seconds, clock()
        self._bench = AbsentBench(_REFUSED)

    def position(self) -> Position:
        """Where it is now."""
        recording, seconds = self._recording, self._seconds
        told = recording.note(recording.place(seconds))
        return Position(
            recording.path.name, seconds, recording.length_seconds, self._speed, self._standing, told, recording.warning
        )

    @property
    def _seconds(self) -> float:
        moved = 0.0 if self._standing else (self._clock() - self._since) * self._speed
        return min(self._from_seconds + moved, self._recording.length_seconds)

    def _go(self, seconds: float) -> None:
        self._from_seconds, self._since = min(max(0.0, seconds), self._recording.length_seconds), self._clock()

    def toggle(self) -> None:
        """Stand still or go on; at the end, begin again."""
        now = self.position()
        self._go(0.0 if now.at_end else now.seconds)
        self._standing = not self._standing and not now.at_end

    def skip(self, seconds: float) -> None:
        """Forward, or back."""
        self._go(self._seconds + seconds)

    def step(self, frames: int) -> None:
        """So many frames forward or back, and stand still there."""
        recording = self._recording
        place = min(max(0, recording.place(self._seconds) + frames), len(recording) - 1)
        while frames < 0 and place and recording.seconds(place) == self._seconds:
            place -= 1  # two frames of one moment are one step
        self._standing = True
        self._go(recording.seconds(place))

    def restart(self) -> None:
        """Go to the beginning."""
        self._go(0.0)

    def faster(self, steps: int) -> None:
        """The next of the speeds, or one before."""
        self._go(self._seconds)
        after = [speed for speed in SPEEDS if speed > self._speed] or [self._speed]
        before = [speed for speed in SPEEDS if speed < self._speed] or [self._speed]
        self._speed = after[0] if steps > 0 else before[-1]

    def past(self, seconds: float) -> Iterator[Snapshot]:
        """What was seen in so many seconds before now, a snapshot a second, oldest first."""
        recording, now = self._recording, self._seconds
        due = now - seconds
        for place in range(recording.place(max(0.0, due)), recording.place(now)):
            if recording.seconds(place) >= due:
                due = recording.seconds(place) + _SAMPLE_SECONDS
                yield recording.snapshot(place)

    def snapshot(self) -> Snapshot:
        """The engine as it was."""
        return self._recording.snapshot(self._recording.place(self._seconds))

    def wall(self) -> float:
        """What the clock showed then, in seconds since the epoch."""
        return self.snapshot().at

    def start(self) -> None:
        """The moment moves from now on."""
        self._since = self._clock()

    def link(self) -> None:
        """None: nobody is at the other end."""

    def drain_deadline_seconds(self) -> None:
        """None: nothing can be drained."""

    def workbench(self) -> AbsentBench:
        """See `EngineFacade`."""
        return self._bench

    def message(self, queue: str, message_id: str) -> NoReturn:  # noqa: ARG002 - the façade's
        """Refused: bodies are not recorded."""
        raise ConfigurationError(_NO_BODY)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise ConfigurationError(_REFUSED)

    pause = resume = resize = drain = stop_now = replay = list_queues = queue_details = add_consumer = _refuse
