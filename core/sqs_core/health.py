"""Whether a process that consumes is alive and ready, each with reasons.

Alive: every thread gets on, or waits for a reason that has a name (paused, blocked, backing off, an empty queue). A handler
can be told to hang only where there is a handler timeout.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqs_core.errors import LONGEST_TEXT
from sqs_core.masking import mask_secrets
from sqs_core.model import Role, RunState, ThreadState
from sqs_core.plain_text import one_line
from sqs_core.replacing import STALL_MARGIN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.consumer import QueueConsumer
    from sqs_core.engine import Engine
    from sqs_core.model import ThreadInfo

SUPERVISOR_SECONDS = 15.0
"""The supervisor goes round many times a second; one that has not for so long is stuck or dead."""
REQUESTS_SECONDS = 120.0
"""A request of an acker or the lease keeper ends well within this, with retries, connecting and refreshing credentials."""
_REPLACING_SECONDS = 5.0
_WORKING = (RunState.RUNNING, RunState.PAUSING, RunState.PAUSED, RunState.DRAINING)
_READY = (RunState.RUNNING, RunState.PAUSING, RunState.PAUSED)


def troubles(engine: Engine) -> list[str]:
    """Why this process does not do its work and will not by itself, a line each; empty while it is alive."""
    found = list(_supervisor(engine))
    for consumer in engine.consumers:
        found += [f"{consumer.name}: {text}" for text in _consumer(consumer)]
    return [_line(text) for text in found]


def hindrances(engine: Engine) -> list[str]:
    """Why this process does not consume now, a line each; empty while it does, or was paused."""
    found = [] if engine.reached.is_set() else ["the endpoint was not reached yet"]
    found += [f"{consumer.name}: {consumer.state}" for consumer in engine.consumers if consumer.state not in _READY]
    return [_line(text) for text in found]


def description(engine: Engine) -> list[str]:
    """What the consumers do now, a line each, such as `orders: running; poller waiting 1, worker idle 8`."""
    return [_line(_described(consumer)) for consumer in engine.consumers]


def _described(consumer: QueueConsumer) -> str:
    counts = Counter(f"{thread.role} {thread.state}" for thread in _threads(consumer))
    doing = ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))
    return f"{consumer.name}: {consumer.state}" + (f"; {doing}" if doing else "")


def _line(text: str) -> str:
    return one_line(mask_secrets(text), LONGEST_TEXT)


def _threads(consumer: QueueConsumer) -> tuple[ThreadInfo, ...]:
    with consumer.ledger.lock:
        return consumer.ledger.threads_locked()


def _supervisor(engine: Engine) -> Iterator[str]:
    since = engine.supervised_at
    if since is not None and not engine.ended():
        seconds = engine.clock.monotonic() - since
        if seconds > SUPERVISOR_SECONDS:
            yield f"the supervisor has not gone round for {seconds:.0f} s: what hangs is not replaced"


def _consumer(consumer: QueueConsumer) -> Iterator[str]:
    if consumer.state is RunState.FAILED:
        yield f"failed: {consumer.refused}"
    if consumer.state in _WORKING:
        yield from _hung(_threads(consumer))
        yield from _missing(consumer)
        yield from _stalled(consumer)
        yield from _motionless(consumer)


def _hung(threads: tuple[ThreadInfo, ...]) -> Iterator[str]:
    for thread in threads:
        if thread.role is Role.WORKER and thread.state is ThreadState.HUNG:
            yield f"{thread.name} hangs in its handler with message {thread.message_id}"


def _missing(consumer: QueueConsumer) -> Iterator[str]:
    """Threads that are lost and whose place nobody took; where somebody did, the loss is history."""
    threads = _threads(consumer)
    for role, pool in consumer.pools().items():
        lost = [thread for thread in threads if thread.role is role and thread.state in (ThreadState.DEAD, ThreadState.HUNG)]
        moving = sum(thread.role is role for thread in threads) - len(lost)
        if moving < pool.target:
            for thread in lost:
                if role is not Role.WORKER or thread.state is ThreadState.DEAD:
                    yield f"{thread.name} is {thread.state} and not replaced: {thread.error}"


def _stalled(consumer: QueueConsumer) -> Iterator[str]:
    """Polls that the supervisor should have taken for stalled, and has not."""
    timeout_seconds = consumer.settings.poll_read_timeout_seconds
    for name, seconds in consumer.gate.stalled(timeout_seconds + STALL_MARGIN_SECONDS + _REPLACING_SECONDS).items():
        yield f"{name} has no answer for {seconds:.0f} s, past its read timeout of {timeout_seconds:g} s, and was not replaced"


def _motionless(consumer: QueueConsumer) -> Iterator[str]:
    for role, pool in consumer.pools().items():
        if role in (Role.ACKER, Role.LEASE):
            for name, seconds in pool.motionless(REQUESTS_SECONDS).items():
                yield f"{name} has not moved for {seconds:.0f} s"
