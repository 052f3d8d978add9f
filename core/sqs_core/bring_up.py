"""Bringing a consumer up: until it is connected, is refused for good, or the engine ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError, RequestError, Trouble
from sqs_core.events import Code
from sqs_core.model import Level, RunState
from sqs_core.policy import Backoff
from sqs_core.queue import EXPIRED_CODES
from sqs_core.queue_facts import QueueFacts, fetch_facts

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from sqs_core.consumer import QueueConsumer
    from sqs_core.engine import Engine


UNKNOWN_VISIBILITY_SECONDS = 30


def bring_up(engine: Engine, consumer: QueueConsumer) -> None:
    """Connect a consumer, trying until it works, is refused for good, or we stop."""
    backoff, failures = Backoff(base_seconds=1.0, cap_seconds=5.0), 0
    while consumer.state is RunState.STARTING:
        try:
            consumer.connect(engine.session())
        except ConfigurationError as error:
            consumer.refuse(str(error))
            return
        except Exception as error:  # noqa: BLE001 - the SDK raises what it likes; all of it is told and tried again
            failures += 1
            if isinstance(error, RequestError) and error.code in EXPIRED_CODES:
                engine.forget_session()  # the next try finds new credentials
            engine.say_unreachable(error)
            engine.stopping().wait(backoff.delay_seconds(failures))
        else:
            engine.reached.set()
            if failures:
                engine.events.close(Code.ENDPOINT_UNREACHABLE, None, "")
                text = f"{engine.endpoint} answers after {failures} tries"
                engine.events.record(Level.INFO, Code.ENDPOINT_REACHED, None, text)
            consumer.start()


def first_facts(consumer: QueueConsumer, look: SQSClient, url: str) -> QueueFacts:
    """The queue's attributes; a queue that lets nobody read them is consumed all the same.

    Raises `ConfigurationError` for good, `RequestError` for now.
    """
    try:
        return fetch_facts(look, url, consumer.clock.wall())
    except RequestError as error:
        if error.trouble is Trouble.CONFIG:
            raise ConfigurationError(f"queue {consumer.reference.given!r} cannot be read: {error}") from error
        if error.trouble is not Trouble.AUTH:
            raise
        text = f"{error}; without attributes nothing is given up, and leases are {UNKNOWN_VISIBILITY_SECONDS} s"
        consumer.events.record(Level.WARNING, Code.ATTRIBUTES_UNREADABLE, consumer.name, text, collapse="")
        return QueueFacts()
