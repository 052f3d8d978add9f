"""Threads that do not come back: a handler that hangs, a poll that is never answered, a thread that is gone.

Each is shown and replaced; those that still exist are left to themselves, for a thread cannot be ended from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.events import Code
from sqs_core.model import Level, Role, ThreadState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqs_core.consumer import QueueConsumer
    from sqs_core.pool import Pool

STALL_MARGIN_SECONDS = 20.0
"""Beyond its read timeout a poll may also resolve a name, connect, and refresh credentials before anything is called stalled."""
_CHECK_SECONDS = 1.0


class ThreadWatch:
    """Looks after one consumer's threads."""

    def __init__(self, consumer: QueueConsumer) -> None:
        self._consumer = consumer
        self._check_at = 0.0

    def step(self, pools: Mapping[Role, Pool]) -> None:
        """Replace what hangs, stalls or is gone."""
        timeout_seconds = self._consumer.settings.handler_timeout_seconds
        if timeout_seconds is not None:
            self._replace_hung(pools[Role.WORKER], timeout_seconds)
        self._replace_stalled(pools[Role.POLLER])
        now = self._consumer.clock.monotonic()
        if now >= self._check_at:
            self._check_at = now + _CHECK_SECONDS
            for pool in pools.values():
                pool.check()

    def _replace_hung(self, workers: Pool, timeout_seconds: float) -> None:
        consumer = self._consumer
        for name in consumer.holding.mark_hung(timeout_seconds):
            what_now = _abandon(workers, name)
            text = f"{name} has been handling for over {timeout_seconds:g} s: {what_now}, its lease is no longer extended"
            consumer.events.record(Level.ERROR, Code.HANDLER_HUNG, consumer.name, text, collapse="")

    def _replace_stalled(self, pollers: Pool) -> None:
        """What such a poll still brings is taken in when it comes.

        The read timeout bounds each read of a socket, not the whole answer: one that drips in does not end by itself.
        """
        consumer = self._consumer
        read_timeout_seconds = consumer.settings.poll_read_timeout_seconds
        for name, seconds in consumer.gate.stalled(read_timeout_seconds + STALL_MARGIN_SECONDS).items():
            consumer.gate.forget(name)
            what_now, error = _abandon(pollers, name), f"no answer for {seconds:.0f} s"
            consumer.ledger.count("poll_errors")
            consumer.ledger.thread(name, Role.POLLER, ThreadState.HUNG, error=error)
            text = f"{name} has {error}, past its read timeout of {read_timeout_seconds:g} s: {what_now}"
            consumer.events.record(Level.ERROR, Code.POLL_STALLED, consumer.name, text, collapse="")


def _abandon(pool: Pool, name: str) -> str:
    return "replaced" if pool.abandon(name) else "not replaced, as too many hang already"
