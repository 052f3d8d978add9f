"""What this engine did with one message before it came to lie where it is seen now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqs_core.model import Finished, Snapshot


def endings(snapshot: Snapshot, message_id: str) -> tuple[tuple[float, str], ...]:
    """Each time the message ended in a consumer of this engine, as far back as its history goes, oldest first.

    The time is that of the end, in seconds since the epoch. The text may repeat foreign text: show it through the one door.
    """
    found = [
        (finished.finished_at, _text(consumer.queue, finished))
        for consumer in snapshot.consumers
        for finished in consumer.history
        if finished.message_id == message_id
    ]
    return tuple(sorted(found))


def _text(queue: str, finished: Finished) -> str:
    receive = f", receive {finished.receive_count}" if finished.receive_count else ""
    place = f", at {finished.place}" if finished.place else ""
    return f"{finished.outcome} in {queue}{receive}{': ' + finished.error if finished.error else ''}{place}"
