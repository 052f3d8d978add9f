"""The worker: takes one message, runs the handler, and turns how that ended into a verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sqs_core.errors import Discard, Retry, describe
from sqs_core.events import Code
from sqs_core.held import Verdict
from sqs_core.model import Level, Outcome
from sqs_core.places import cause_of
from sqs_core.policy import RedeliveryDelay
from sqs_core.settings import MAXIMUM_VISIBILITY_SECONDS

if TYPE_CHECKING:
    from sqs_core.handlers import Handler
    from sqs_core.held import Held
    from sqs_core.holding import Holding
    from sqs_core.pool import Slot

_TAKE_WAIT_SECONDS = 1.0
_HANDLED = Verdict(Outcome.HANDLED)


class Worker:
    """One per thread: an async handler gets an event loop of its own here."""

    def __init__(self, holding: Holding, handler: Handler) -> None:
        self._holding = holding
        self._handler = handler
        self._call = handler.bind()
        self._redelivery = RedeliveryDelay()

    def step(self, slot: Slot) -> None:
        """Handle messages for as long as there are any, or wait a while for one."""
        held = self._holding.take(slot.name, slot.stopping, _TAKE_WAIT_SECONDS)
        while held is not None:
            slot.moved()
            held = self._holding.conclude(held, self._handle(held), slot.stopping)

    def close(self, slot: Slot) -> None:
        """The thread ends on purpose."""
        self._call.close()
        self._holding.ledger.thread_gone(slot.name)

    def _handle(self, held: Held) -> Verdict:
        try:
            self._call(held.message)
        except Discard as discard:
            return Verdict(Outcome.DISCARDED, None, str(discard) or None)
        except Retry as retry:
            return self._failed(held, str(retry), retry, retry.delay_seconds)
        except BaseException as error:  # noqa: BLE001 - SystemExit and its like are a handler's failure, not our end
            text = describe(error)
            self._holding.events.record(
                Level.WARNING,
                Code.HANDLER_FAILED,
                self._holding.queue,
                f"handler failed: {text}",
                collapse=type(error).__name__,
            )
            return self._failed(held, text, error, None)
        return _HANDLED

    def _failed(self, held: Held, text: str, error: BaseException, delay_seconds: float | None) -> Verdict:
        message, cause = held.message, cause_of(error, self._call.package)
        if self._holding.on_last_receive(message):
            line = f"message {message.message_id} failed on its last receive; the next receive dead-letters it"
            self._holding.events.record(Level.WARNING, Code.MESSAGE_GIVEN_UP, self._holding.queue, line, collapse="given up")
            return Verdict(Outcome.GIVEN_UP, 0, text, cause)
        return Verdict(Outcome.RETRIED, self._legal_delay(held, delay_seconds), text, cause)

    def _legal_delay(self, held: Held, seconds: float | None) -> int:
        """ChangeMessageVisibility takes whole seconds and refuses more than is left of the 12 hours since the receive."""
        if not isinstance(seconds, int | float):  # none given, or a handler gave what is no number
            return self._redelivery.delay_seconds(held.message.receive_count)
        if math.isnan(seconds) or seconds < 0:
            return 0
        held_seconds = self._holding.ledger.clock.monotonic() - held.received
        return int(max(0.0, min(round(min(seconds, MAXIMUM_VISIBILITY_SECONDS)), MAXIMUM_VISIBILITY_SECONDS - held_seconds - 60)))
