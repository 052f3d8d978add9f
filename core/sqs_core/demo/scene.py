"""What a scene is: a class in a file of its own, and an instance for each run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sqs_core.demo.kinds import MortalConsumer
from sqs_core.errors import ConfigurationError
from sqs_core.settings import ConnectionSettings, ConsumerSettings

if TYPE_CHECKING:
    from sqs_core.consumer import QueueConsumer
    from sqs_core.demo.stage import Stage
    from sqs_core.model import Message

DRAIN_SECONDS = 4.5
USUAL = ConsumerSettings(drain_timeout_seconds=DRAIN_SECONDS)
_SOON_SECONDS = 2.0

Pause = float | Callable[[], bool]
"""What a story waits for: so many seconds (divided by `--speed`), or until something is true."""


@dataclass(frozen=True, slots=True)
class SceneQueue:
    """A queue with a dead-letter queue of its own; a name that ends in `.fifo` makes it one.

    `settings` are its consumer's and `kind` is what consumes it; with `consumed` false nothing does. The visibility timeout is
    divided by `--speed`, and stays at least a second.
    """

    name: str
    settings: ConsumerSettings = USUAL
    visibility_seconds: int = 10
    maximum_receives: int = 3
    kind: type[QueueConsumer] = MortalConsumer
    consumed: bool = True


@dataclass(frozen=True, slots=True)
class Load:
    """Made-up orders. Handlers take `handler_seconds` on average; `failure_share` of them fail once, `unknown_share` always.

    Rates are multiplied and times divided by `--speed`. With `copied` every order goes to every queue; without, the FIFO queue
    gets a quarter of them. `groups` is how many customers there are, and each is a message group.
    """

    rate_per_second: float = 12.0
    handler_seconds: float = 0.35
    failure_share: float = 0.08
    unknown_share: float = 0.02
    copied: bool = False
    groups: int = 24


@dataclass(frozen=True, slots=True)
class Offer:
    """What the audience may do: the id of one of `actions.ACTIONS`, and what that does here, in a few words."""

    action: str
    words: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a scene must show: whether it did, and the figure that says so."""

    name: str
    true: bool
    figure: str


class Scene:
    """Subclass it: what it shows is in the class variables, and what happens in it is in the methods.

    `watch` says what to look at. For each of `actions` there is a method `do_ACTION` that does it, and says what it did.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    teaches: ClassVar[str]
    watch: ClassVar[str]
    queues: ClassVar[tuple[SceneQueue, ...]]
    load: ClassVar[Load] = Load()
    actions: ClassVar[tuple[Offer, ...]] = ()

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def connection(self) -> ConnectionSettings:
        """How the engine connects; the endpoint is filled in when there is one."""
        return ConnectionSettings()

    def settings(self, queue: SceneQueue) -> ConsumerSettings:
        """What a queue's consumer is told; override it for what is to go with `--speed`."""
        return queue.settings

    def set_up(self) -> None:
        """Once the queues are there and before anything is sent or consumed. May wait for servers."""

    def handle(self, message: Message) -> None:
        """The handler of every queue here."""
        self.stage.handle_order(message)

    def story(self) -> Iterator[Pause]:
        """What happens by itself; yields what to wait for. When it ends, `observed` can be judged."""
        yield 5.0

    def act(self, action: str) -> str:
        """Do one of `actions`, on a thread of its own, by the method `do_ACTION`; that says in words what was done."""
        if action not in {offer.action for offer in self.actions}:
            raise ConfigurationError(f"scene {self.name} has no action {action!r}")
        words: str = getattr(self, f"do_{action}")()
        return words

    def observed(self) -> list[Finding]:
        """What must be seen when the story is over. The server still answers."""
        return []

    def invite(self, action: str, soon_seconds: float = _SOON_SECONDS) -> Iterator[Pause]:
        """`yield from` it: wait until somebody did that; where nobody watches, do it after a while."""
        before = self.stage.acted[action]
        if self.stage.unattended:
            yield soon_seconds
            self.stage.act(action)
        yield lambda: self.stage.acted[action] > before
