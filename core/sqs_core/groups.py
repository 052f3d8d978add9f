"""Message groups as a consumer sees them: who works on each, what stands behind, how its messages ended.

SQS tells nobody how many messages of a group wait in a queue. What is known is what was received here: the messages held now, and
the newest that finished.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqs_core.failures import FAILED
from sqs_core.words import Outcome, ThreadState

if TYPE_CHECKING:
    from sqs_core.model import ConsumerSnapshot, Finished, InFlight, ThreadInfo

_DONE = frozenset({Outcome.HANDLED, Outcome.DISCARDED})
_AT_WORK = frozenset({ThreadState.HANDLING, ThreadState.HUNG})


class GroupState(StrEnum):
    """What a group's head is doing.

    `settling` waits for SQS's word on how it ended. `to-retry` has failed and is hidden until it comes again: of a FIFO group
    SQS gives out nothing before it. `buffered` has no worker yet. `idle`: nothing of the group is held here.
    """

    HANDLING = "handling"
    HUNG = "hung"
    SETTLING = "settling"
    BUFFERED = "buffered"
    TO_RETRY = "to-retry"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class MessageGroup:
    """One group. `seen` counts different messages, `done` and `failed` how receives of them ended.

    The head is the message that is worked on, or the one held longest; the newest finished one where none is held. `since` is
    when it came into its state (a settling or buffered one: when it was received), `worker` who holds it.
    """

    group_id: str
    state: GroupState
    since: float
    message_id: str
    worker: str | None
    receive_count: int | None
    seen: int
    held: int
    done: int
    failed: int
    last_outcome: Outcome | None
    last_at: float | None
    last_error: str | None


def message_groups(consumer: ConsumerSnapshot) -> tuple[MessageGroup, ...]:
    """The groups of which anything is known: first those with a message held, then those to be retried, the longest first.

    The others are in the order of their ids, which does not change as their messages come and go.
    """
    held: dict[str, list[InFlight]] = {}
    for message in consumer.in_flight:
        if message.group_id is not None:
            held.setdefault(message.group_id, []).append(message)
    ended: dict[str, list[Finished]] = {}
    for finished in consumer.history:
        if finished.group_id is not None:
            ended.setdefault(finished.group_id, []).append(finished)
    at_work = {thread.name: thread for thread in consumer.threads if thread.state in _AT_WORK}
    names = held.keys() | ended.keys()
    groups = (_group(name, held.get(name, []), ended.get(name, []), at_work, consumer.fifo) for name in names)
    return tuple(sorted(groups, key=_order))


def _order(group: MessageGroup) -> tuple[int, float, str]:
    if group.state is GroupState.IDLE:
        return 2, 0.0, group.group_id
    return int(not group.held), group.since, group.group_id


def _group(name: str, held: list[InFlight], ended: list[Finished], at_work: dict[str, ThreadInfo], fifo: bool) -> MessageGroup:
    last = max(ended, key=lambda finished: finished.finished_at, default=None)
    state, since, message_id, worker, receives = _head(held, last, at_work, fifo)
    return MessageGroup(
        name,
        state,
        since,
        message_id,
        worker,
        receives,
        seen=len({message.message_id for message in held} | {finished.message_id for finished in ended}),
        held=len(held),
        done=sum(finished.outcome in _DONE for finished in ended),
        failed=sum(finished.outcome in FAILED for finished in ended),
        last_outcome=last.outcome if last else None,
        last_at=last.finished_at if last else None,
        last_error=last.error if last else None,
    )


def _head(
    held: list[InFlight], last: Finished | None, at_work: dict[str, ThreadInfo], fifo: bool
) -> tuple[GroupState, float, str, str | None, int | None]:
    for message in held:
        thread = at_work.get(message.worker or "")
        if thread is not None and thread.message_id == message.message_id:
            state = GroupState.HUNG if thread.state is ThreadState.HUNG else GroupState.HANDLING
            return state, thread.since, message.message_id, message.worker, message.receive_count
    if held:
        head = min(held, key=lambda message: (message.worker is None, message.received_at))
        state = GroupState.SETTLING if head.worker else GroupState.BUFFERED
        return state, head.received_at, head.message_id, head.worker, head.receive_count
    assert last is not None
    state = GroupState.TO_RETRY if fifo and last.outcome is Outcome.RETRIED else GroupState.IDLE
    return state, last.finished_at, last.message_id, None, last.receive_count
