"""The one door between faces and an engine, near or far.

Every command returns at once; what came of it is in the next snapshots (`state`, `target`/`live`, `events`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_core.bench import WorkbenchFacade
    from sqs_core.model import MessageDetail, PoolName, Snapshot
    from sqs_core.queue_listing import QueueDetails, QueueListing
    from sqs_core.words import LinkPhase


@dataclass(frozen=True, slots=True)
class Link:
    """How it stands with an engine of another process. `age_seconds` since it was heard of, `dropped` frames it left out.

    `control` says that it takes commands; `problem` is why it is not connected, or empty.
    """

    target: str
    phase: LinkPhase
    age_seconds: float | None
    problem: str
    control: bool
    dropped: int


class EngineFacade(Protocol):
    """What a face may ask of an engine. `queue=None` means all of them."""

    def start(self) -> None:
        """Begin in the background: connect, resolve the queues, start consuming. Never waits for the network."""

    def snapshot(self) -> Snapshot:
        """The engine at this moment. Cheap (under a millisecond) and safe from any thread."""

    def link(self) -> Link | None:
        """How it stands with an engine of another process; None for one of this."""

    def pause(self, queue: str | None = None) -> None:
        """Stop receiving and work off what is held."""

    def resume(self, queue: str | None = None) -> None:
        """Receive again."""

    def resize(self, queue: str, pool: PoolName, target: int) -> None:
        """Set a pool's size: grows at once, shrinks after the current messages. Raises `ConfigurationError` when not legal."""

    def drain(self) -> None:
        """Begin the orderly stop; `state` becomes draining, then stopped."""

    def drain_deadline_seconds(self) -> float | None:
        """Seconds until a drain that has begun is cut short, or None when none has."""

    def stop_now(self) -> None:
        """Release what can be released within half a second and stop. A drain that has begun is cut short."""

    def message(self, queue: str, message_id: str) -> MessageDetail | None:
        """A message that is held or in the history ring, whole; None when it has been forgotten."""

    def replay(self, queue: str, message_id: str, body: str | None = None) -> None:
        """Send a finished message again as a new one, with another body if one is given.

        The result comes as an event `replay.sent` or `replay.failed`. Raises `ConfigurationError` at once when it cannot be
        tried (unknown, still held, writes locked).
        """

    def list_queues(self, prefix: str = "", seen: Sequence[str] = ()) -> QueueListing:
        """The newest listing of the endpoint's queues; asking keeps it refreshed every 5 s, for 15 s.

        `prefix` is the start of the names to ask the server for; until it has answered, the listing is of another prefix.
        `seen` names are on somebody's screen: their figures are read first.
        """

    def queue_details(self, queue: str) -> QueueDetails:
        """The newest details of a queue, consumed or not; asking keeps them refreshed. Unread ones until they have come."""

    def add_consumer(self, queue: str, handler: str) -> None:
        """Start consuming a queue with a handler. Raises `ConfigurationError` while writes are locked, and for a handler that
        cannot be loaded.
        """

    def workbench(self) -> WorkbenchFacade:
        """Looking into queues, and putting messages back."""
