"""Looking into a queue without harm: the ladder of ways, what the way costs, and when it is refused.

First the emulator's own page, which costs nothing. Else by receiving, which costs each message one receive: only where the
record of our looks leaves every message at least one receive after ours, and handed back at the end.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqs_core.action_log import Action
from sqs_core.back_door import behind
from sqs_core.capabilities import require_write
from sqs_core.client import LOOK, ClientProfile
from sqs_core.errors import ConfigurationError, RequestError
from sqs_core.look_record import open_record
from sqs_core.queue import SqsQueue
from sqs_core.queue_facts import fetch_attributes, looking_client, read_facts, resolve_queue, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient

    from sqs_core.client import AwsSession
    from sqs_core.look_record import LookRecord
    from sqs_core.message import Message
    from sqs_core.settings import QueueReference

HELD_SECONDS = 30
"""How long a look keeps messages from others at most: so long that one look brings none twice."""
LONGEST_RETENTION_SECONDS = 14 * 86_400
_WAIT_SECONDS = 1
_BATCH = 10
_EMPTY_ANSWERS = 2
_RECEIVE = ClientProfile("peek", _WAIT_SECONDS + 10.0, 1, frozenset({"ReceiveMessage"}))
_HAND_BACK = ClientProfile("peek", 5.0, 3, frozenset({"ChangeMessageVisibilityBatch"}))


class Rung(StrEnum):
    """By which way a message is seen."""

    BACK_DOOR = "back-door"
    OWN = "own"
    """What our own workers hold or have handled."""
    RECEIVE = "receive"

    @property
    def free(self) -> bool:
        """Whether a look by it costs nothing."""
        return self is not Rung.RECEIVE


@dataclass(frozen=True, slots=True)
class Peeked:
    """A message as a look saw it. `receives_left` before the dead-letter queue; None where there is none or it is not known."""

    message: Message
    rung: Rung
    visible: bool
    receives_left: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """A queue that may be looked into."""

    name: str
    url: str
    fifo: bool
    maximum_receives: int | None
    redrive_readable: bool
    retention_seconds: int
    waiting: int | None
    dead_letter_name: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. `not_handed_back` messages stay hidden for at most 30 s, and `why` says what kept them.

    `total` is how many there are, where the way tells.
    """

    rung: Rung
    messages: tuple[Peeked, ...]
    not_handed_back: int = 0
    why: str = ""
    total: int | None = None


def find_place(session: AwsSession, reference: QueueReference) -> Place:
    """The queue and what a look needs to know of it. Raises `ConfigurationError`, `RequestError` and `UnreachableError`."""
    with looking_client(session) as client:
        url = resolve_queue(reference, client, session.connection.region)
        attributes = _readable_attributes(client, url)
    facts = read_facts(attributes, 0.0)
    known = bool(attributes) and (facts.maximum_receives is not None or not attributes.get("RedrivePolicy"))
    retention = whole(attributes.get("MessageRetentionPeriod")) or LONGEST_RETENTION_SECONDS
    waiting = facts.depth.visible if facts.depth else None
    fifo = reference.fifo
    return Place(reference.name, url, fifo, facts.maximum_receives, known, retention, waiting, facts.dead_letter_name)


def _readable_attributes(client: SQSClient, url: str) -> Mapping[str, str]:
    try:
        return fetch_attributes(client, url)
    except RequestError:
        return {}


def peek_behind(session: AwsSession, place: Place, maximum: int) -> Look | None:
    """The first rung; None where the endpoint has none."""
    found = behind(session.connection, session.service_url(), place.name, place.url)
    if found is None:
        return None
    rows = [Peeked(message, Rung.BACK_DOOR, visible, _left(place, message)) for message, visible in found[:maximum]]
    return Look(Rung.BACK_DOOR, tuple(rows), total=len(found))


def cost(place: Place, hidden: str = f"for up to {HELD_SECONDS} s") -> str:
    """What a look by receiving costs, in words, before it is taken; `hidden` says for how long."""
    said = [f"each message seen is received once more, and hidden from others {hidden}"]
    if place.fifo:
        said.append("its group is blocked meanwhile")
    if place.maximum_receives is not None:
        said.append(f"after {place.maximum_receives} receives a message goes to the dead-letter queue")
        said.append("what others have used up is not known before")
    return "; ".join(said)


def peek_by_receiving(session: AwsSession, place: Place, maximum: int) -> Look:
    """The last rung. Raises `ConfigurationError` where a message might be harmed, and `RequestError`."""
    require_write(session.connection, f"a look at {place.name}, which receives,")
    receiving, handing_back, looking = (session.client(profile) for profile in (_RECEIVE, _HAND_BACK, LOOK))
    queue = SqsQueue(place.name, place.url, receiving, handing_back, looking, receiving)
    now = time.time()
    try:
        with open_record(session.service_url(), place.url, now) as record:
            refuse_harm(place, record)
            until = now + place.retention_seconds
            action = Action(session, place, "peek")
            record.begin(until)
            waiting = visible_now(queue)  # while we waited for the record, another look may have handed back
            enough = maximum if waiting is None else min(maximum, max(waiting, 1))
            seen, trouble = _receive(queue, record, enough, until)
            if not trouble:  # else it stays open: what an answer that was lost has cost is not known
                record.end(until)
        back, why = _hand_back(queue, seen)
        action.end(trouble or f"{back} handed back", [message.message_id for message in seen])
    finally:
        for client in (receiving, handing_back, looking):
            client.close()
    rows = [Peeked(message, Rung.RECEIVE, visible=True, receives_left=_left(place, message)) for message in seen]
    return Look(Rung.RECEIVE, tuple(rows), len(seen) - back, why or trouble)


def refuse_harm(place: Place, record: LookRecord) -> None:
    """Raise `ConfigurationError` where another look might leave a message without a receive for those who handle it."""
    if not place.redrive_readable:
        raise ConfigurationError(
            f"how many receives messages of {place.name} have left cannot be read: allow sqs:GetQueueAttributes, or do not look"
        )
    maximum = place.maximum_receives
    if maximum is None:
        return
    if maximum == 1:
        raise ConfigurationError(
            f"{place.name} sends messages to its dead-letter queue after 1 receive: a look would use it up; "
            "raise maxReceiveCount to 3 or more"
        )
    if record.worst + 1 >= maximum:
        raise ConfigurationError(
            f"by the record of looks a message of {place.name} may have been received {record.worst} of {maximum} times: another "
            "look would leave none to whoever handles it; consume it, or raise maxReceiveCount"
        )


def _receive(queue: SqsQueue, record: LookRecord, maximum: int, until: float) -> tuple[list[Message], str]:
    """Until enough or nothing more comes. What was received before an error is kept, for it must be handed back."""
    seen: dict[str, Message] = {}
    empty = 0
    while len(seen) < maximum and empty < _EMPTY_ANSWERS:
        try:
            answer = queue.receive(min(_BATCH, maximum - len(seen)), _WAIT_SECONDS, HELD_SECONDS, None)
        except RequestError as error:
            if not seen:
                raise
            return list(seen.values()), str(error)
        record.saw(answer.messages, until)
        if answer.damaged:
            return list(seen.values()), f"{len(answer.damaged)} messages came damaged; they are hidden for {HELD_SECONDS} s"
        new = {message.message_id: message for message in answer.messages if message.message_id not in seen}
        seen.update(new)
        empty = 0 if new else empty + 1
    return list(seen.values()), ""


def visible_now(queue: SqsQueue) -> int | None:
    """How many are visible, as SQS says now; None where it does not say."""
    try:
        depth = queue.facts(0.0).depth
    except RequestError:
        return None
    return depth.visible if depth else None


def _hand_back(queue: SqsQueue, messages: list[Message]) -> tuple[int, str]:
    """How many were made visible again, and why the others were not."""
    back, why = 0, ""
    for start in range(0, len(messages), _BATCH):
        batch = messages[start : start + _BATCH]
        try:
            refused = queue.change_visibility_batch([(message.receipt_handle, 0) for message in batch])
        except RequestError as error:
            why = str(error)
            continue
        back += len(batch) - len(refused)
        if refused:
            why = next(iter(refused.values())).code
    return back, why


def _left(place: Place, message: Message) -> int | None:
    if place.maximum_receives is None:
        return None
    return max(0, place.maximum_receives - message.receive_count)
