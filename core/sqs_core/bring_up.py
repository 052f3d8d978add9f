"""Bringing a consumer up: until it is connected, is refused for good, or the engine ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError, RequestError
from sqs_core.events import Code
from sqs_core.model import Level, RunState
from sqs_core.policy import Backoff
from sqs_core.queue import EXPIRED_CODES

if TYPE_CHECKING:
    from sqs_core.consumer import QueueConsumer
    from sqs_core.engine import Engine


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
