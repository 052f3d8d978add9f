"""All scenes behind one façade: one of them plays, and another may be chosen while a face looks on."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.demo.actions import BY_ID, SceneAction
from sqs_core.demo.scenes import SCENES, find_scene
from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqs_core.bench import WorkbenchFacade
    from sqs_core.demo.engine import DemoEngine
    from sqs_core.demo.faults import Faults
    from sqs_core.demo.load_desk import LoadDesk
    from sqs_core.demo.scene import Scene
    from sqs_core.demo.telling import Line
    from sqs_core.model import MessageDetail, PoolName, Snapshot
    from sqs_core.queue_listing import QueueDetails, QueueListing

_END_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Caption:
    """What to say of the scene that plays: what to watch, the actions with what they do here, and what just happened."""

    scene: str
    watch: str
    offers: tuple[tuple[SceneAction, str], ...]
    line: Line | None


class Deck:
    """Implements `EngineFacade` by the scene that plays; `make` makes a scene's engine."""

    def __init__(self, make: Callable[[type[Scene]], DemoEngine], scene: type[Scene]) -> None:
        self._make = make
        self._ending: list[threading.Thread] = []
        self.engine = make(scene)

    @property
    def scenes(self) -> tuple[type[Scene], ...]:
        """All there are."""
        return tuple(SCENES.values())

    @property
    def playing(self) -> type[Scene]:
        """Which one plays."""
        return type(self.engine.scene)

    def title(self) -> str:
        """The scene's name and its load, for one line."""
        return f"{self.engine.scene.name}, producing {self.engine.rate_per_second:g}/s"

    def caption(self) -> Caption:
        """See `Caption`. Cheap."""
        scene, line = self.engine.scene, self.engine.stage.teller.current
        offers = tuple((BY_ID[offer.action], offer.words) for offer in scene.actions)
        return Caption(scene.name, scene.watch, offers, line)

    def choose(self, name: str) -> None:
        """Begin a scene, from its beginning, and take the one that plays away. Returns at once."""
        if self.engine.drain_deadline_seconds() is not None:
            raise ConfigurationError("the demo is ending")
        before, self.engine = self.engine, self._make(find_scene(name))
        thread = threading.Thread(target=before.take_away, name="scene end", daemon=True)
        self._ending.append(thread)
        thread.start()
        self.engine.start()

    def act(self, action: str) -> None:
        """Do one of the scene's actions. Returns at once; what came of it is said in the caption."""
        if not self.engine.stage.begun:
            raise ConfigurationError("the scene has not begun yet")
        self.engine.stage.act(action)

    @property
    def faults(self) -> Faults:
        """What is injected into the scene that plays."""
        return self.engine.stage.faults

    @property
    def desk(self) -> LoadDesk:
        """What may be changed of the load of the scene that plays."""
        return self.engine.stage.desk

    def close(self) -> None:
        """End everything, scenes that were left included."""
        self.engine.close()
        end = time.monotonic() + _END_SECONDS
        for thread in self._ending:
            thread.join(max(0.0, end - time.monotonic()))

    def start(self) -> None:
        """See `EngineFacade`, as for all that follows."""
        self.engine.start()

    def snapshot(self) -> Snapshot:
        return self.engine.snapshot()

    def link(self) -> None:
        return None

    def pause(self, queue: str | None = None) -> None:
        self.engine.pause(queue)

    def resume(self, queue: str | None = None) -> None:
        self.engine.resume(queue)

    def resize(self, queue: str, pool: PoolName, target: int) -> None:
        self.engine.resize(queue, pool, target)

    def drain(self) -> None:
        self.engine.drain()

    def drain_deadline_seconds(self) -> float | None:
        return self.engine.drain_deadline_seconds()

    def stop_now(self) -> None:
        self.engine.stop_now()

    def message(self, queue: str, message_id: str) -> MessageDetail | None:
        return self.engine.message(queue, message_id)

    def replay(self, queue: str, message_id: str, body: str | None = None) -> None:
        self.engine.replay(queue, message_id, body)

    def list_queues(self, prefix: str = "", seen: Sequence[str] = ()) -> QueueListing:
        return self.engine.list_queues(prefix, seen)

    def queue_details(self, queue: str) -> QueueDetails:
        return self.engine.queue_details(queue)

    def add_consumer(self, queue: str, handler: str) -> None:
        self.engine.add_consumer(queue, handler)

    def workbench(self) -> WorkbenchFacade:
        return self.engine.workbench()
