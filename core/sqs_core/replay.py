"""Sending a message again: proved, or said to be uncertain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError
from sqs_core.events import Code
from sqs_core.model import Level
from sqs_core.sender import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.consumer import QueueConsumer
    from sqs_core.engine import Engine
    from sqs_core.message import Message


def replay_finished(engine: Engine, queue: str, message_id: str, body: str | None, *, allowed: bool) -> Callable[[], None]:
    """The work of sending a finished message again, with another body if one is given. Raises `ConfigurationError`.

    `allowed` says that leave to write was given otherwise than by unlocking.
    """
    if not allowed:
        engine.workbench().require_write("a replay")
    detail = engine.message(queue, message_id)
    if detail is None:
        raise ConfigurationError(f"message {message_id} is no longer remembered here")
    if not detail.replayable:
        raise ConfigurationError(f"message {message_id} is still held: it can be replayed once it has ended")
    message = detail.message if body is None else replace(detail.message, body=body)
    consumer = next(each for each in engine.consumers if each.name == queue)
    return lambda: send_copy(consumer, message)


def send_copy(consumer: QueueConsumer, message: Message) -> None:
    """Send a copy to the consumer's queue; the result is an event."""
    if consumer.queue is None:
        return
    result = consumer.queue.send_copy(message)
    if result.verdict is Verdict.SENT:
        text = f"{message.message_id} sent again as {result.message_id}, proved by MessageId and MD5"
        consumer.events.record(Level.INFO, Code.REPLAY_SENT, consumer.name, text)
        return
    said = "was not sent" if result.verdict is Verdict.REFUSED else "is uncertain, it may or may not be sent"
    consumer.events.record(Level.ERROR, Code.REPLAY_FAILED, consumer.name, f"{message.message_id} {said}: {result.why}")
