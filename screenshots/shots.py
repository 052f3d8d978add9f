"""Which moment of which scene is drawn: what `record.py` records, and what `scene_pictures.py` draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError
from sqs_core.model import ThreadState

if TYPE_CHECKING:
    from sqs_core.model import ConsumerSnapshot
    from sqs_core.recording import Recording

RECORDINGS = Path(__file__).resolve().parent / "recordings"
_LONGEST_LOOK_SECONDS = 20.0
_SHOWN_ON_80X24 = 6

Fits = Callable[["ConsumerSnapshot"], bool]


@dataclass(frozen=True, slots=True)
class Shot:
    """A moment of a scene: so many seconds after it said this (the first line with this in it).

    From there on the first moment is taken at which what the first queue's consumer shows `fits`. `keys` are pressed before the
    picture, and `producing` says what the producer sends by then where that is not the scene's own rate. It is recorded for
    `run_seconds`, the start of the servers included, at this `speed`: the slower, the smaller the file.
    """

    said: str
    seconds: float
    keys: tuple[str, ...] = ()
    fits: Fits = lambda _: True
    producing: float | None = None
    run_seconds: int = 30
    speed: float = 1.0


def _one_works(consumer: ConsumerSnapshot) -> bool:
    return consumer.workers.busy == 1


def _came_again(consumer: ConsumerSnapshot) -> bool:
    held_longest = sorted(consumer.in_flight, key=lambda held: (held.received_at, held.message_id))[:_SHOWN_ON_80X24]
    return any(held.receive_count > 1 for held in held_longest)


def _prefetches(consumer: ConsumerSnapshot) -> bool:
    return consumer.buffer.size > 4


def _backs_off(consumer: ConsumerSnapshot) -> bool:
    return any(thread.state is ThreadState.BACKING_OFF for thread in consumer.threads)


SHOTS = {
    "steady": Shot("forty orders went through", 12.0, run_seconds=44, speed=0.5),
    "batch-barrier": Shot("handled by ten workers each", 0.5, fits=_one_works),
    "timeout-vs-long-poll": Shot("died unseen", 0.5),
    "hot-loop": Shot("; ours: ", 1.2),
    "slow-handler": Shot("done twice: handled", 0.2, ("m",)),
    "poison": Shot("failed 2 receives of 2", 0.6, ("m",)),
    "peek-kills": Shot("the fourth look killed", 0.4),
    "fifo-blocked": Shot("since, the others", 0.4),
    "throttled": Shot("two pollers asked", 0.5, fits=_backs_off),
    "outage": Shot("cannot be deleted yet", 0.5, ("i",)),
    "backpressure": Shot("s of backlog", 0.5, fits=_prefetches, producing=30.0),
    "drain": Shot("went back at once", 0.8),
    "kill-9": Shot("killed with", 1.0, ("i",), fits=_came_again, run_seconds=45),
    "idle-cost": Shot("a day short", 0.3),
    "wrong-identity": Shot("denied: ", 0.2),
    "token-rotation": Shot("renewals are denied", 0.2, run_seconds=36),
}
"""One for each scene, by its name."""


def moment(recording: Recording, scene: str) -> float:
    """When the picture is taken, in the recording's seconds. Raises `ConfigurationError` where there is no such moment."""
    shot, lines = SHOTS[scene], range(len(recording))
    said = next((place for place in lines if shot.said in recording.note(place)), None)
    if said is None:
        raise ConfigurationError(f"the recording of {scene} never says “{shot.said}”: `make recordings` again")
    begin = recording.seconds(said) + shot.seconds
    for place in range(recording.place(begin), len(recording)):
        seconds = max(begin, recording.seconds(place))
        if seconds > begin + _LONGEST_LOOK_SECONDS:
            break
        if shot.fits(recording.snapshot(place).consumers[0]):
            return seconds
    raise ConfigurationError(f"the recording of {scene} does not show what its picture is of: `make recordings` again")
