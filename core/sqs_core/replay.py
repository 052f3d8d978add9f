"""Sending a message again: proved, or said to be uncertain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.errors import RequestError
from sqs_core.events import Code
from sqs_core.model import Level

if TYPE_CHECKING:
    from sqs_core.consumer import QueueConsumer
    from sqs_core.message import Message


def send_copy(consumer: QueueConsumer, message: Message) -> None:
    """Send a copy to the consumer's queue; the result is an event."""
    if consumer.queue is None:
        return
    try:
        new = consumer.queue.send_copy(message)
    except RequestError as error:
        text = f"{message.message_id} was not proved sent and is uncertain if the answer was lost: {error}"
        consumer.events.record(Level.ERROR, Code.REPLAY_FAILED, consumer.name, text)
    else:
        text = f"{message.message_id} sent again as {new}, proved by MessageId and MD5"
        consumer.events.record(Level.INFO, Code.REPLAY_SENT, consumer.name, text)
