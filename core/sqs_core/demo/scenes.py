"""What the demo can show: each scene's queues, load and handler."""

from __future__ import annotations

from dataclasses import dataclass

from sqs_core.settings import ConsumerSettings

DRAIN_SECONDS = 4.5


@dataclass(frozen=True, slots=True)
class SceneQueue:
    """A queue with a dead-letter queue of its own; a name that ends in `.fifo` makes it one. `settings` are its consumer's."""

    name: str
    settings: ConsumerSettings
    visibility_seconds: int = 10
    maximum_receives: int = 3


@dataclass(frozen=True, slots=True)
class Scene:
    """What a demo shows. Times are divided and rates multiplied by `--speed`.

    With `copied` every order goes to every queue; without, FIFO queues get a quarter of them.
    """

    name: str
    summary: str
    queues: tuple[SceneQueue, ...]
    rate_per_second: float = 12.0
    handler_seconds: float = 0.35
    failure_share: float = 0.08
    unknown_share: float = 0.02
    copied: bool = False


_USUAL = ConsumerSettings(drain_timeout_seconds=DRAIN_SECONDS)
_PATIENT = ConsumerSettings(workers=2, pollers=1, wait_seconds=20, drain_timeout_seconds=DRAIN_SECONDS)
_HASTY = ConsumerSettings(
    workers=2,
    pollers=1,
    wait_seconds=20,
    read_timeout_seconds=0.5,
    drain_timeout_seconds=DRAIN_SECONDS,
    allow_short_read_timeout=True,
)
_ALL = (
    Scene(
        "steady",
        "all well: a steady producer, slow handlers, now and then a failure",
        (SceneQueue("orders", _USUAL), SceneQueue("payments.fifo", _USUAL)),
    ),
    Scene(
        "timeout-vs-long-poll",
        "a client that hangs up before SQS answers loses messages; beside it the same load with a timeout that fits",
        (SceneQueue("orders-hasty", _HASTY, 2, 2), SceneQueue("orders", _PATIENT, 2, 2)),
        rate_per_second=1.0,
        handler_seconds=0.05,
        failure_share=0.0,
        unknown_share=0.0,
        copied=True,
    ),
)
SCENES = {scene.name: scene for scene in _ALL}
