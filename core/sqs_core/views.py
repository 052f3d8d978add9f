"""What faces see of a consumer: frozen, whole, and read under one lock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.model import BufferSize, ConsumerSnapshot, EngineInfo, MessageDetail, PoolSize, Role, Snapshot
from sqs_core.spending import dollars_per_day
from sqs_core.version import __version__

if TYPE_CHECKING:
    from sqs_core.consumer import QueueConsumer
    from sqs_core.holding import Holding
    from sqs_core.ledger import Ledger
    from sqs_core.words import RunState


def consumer_snapshot(consumer: QueueConsumer) -> ConsumerSnapshot:
    """A consumer at one moment; its numbers add up."""
    ledger, holding, scaler = consumer.ledger, consumer.holding, consumer.autoscaler
    with ledger.lock:
        pollers, workers = pool_sizes(consumer)
        return ConsumerSnapshot(
            queue=consumer.name,
            url=consumer.queue.url if consumer.queue else consumer.reference.url or "",
            fifo=holding.fifo,
            state=consumer.state,
            handler=consumer.handler.name,
            pollers=pollers,
            workers=replace(workers, busy=min(holding.busy_locked(), workers.live)),
            buffer=BufferSize(holding.buffer.size, consumer.gate.limit),
            depth=consumer.facts.depth,
            dlq=consumer.dlq,
            totals=ledger.totals_locked(),
            requests=ledger.requests_locked(),
            latency_ms=ledger.latencies_locked(),
            threads=ledger.threads_locked(),
            in_flight=holding.in_flight_locked(),
            history=ledger.history.snapshot(),
            wait_seconds=consumer.settings.wait_seconds,
            read_timeout_seconds=consumer.settings.poll_read_timeout_seconds,
            visibility_seconds=consumer.settings.visibility_seconds or consumer.facts.visibility_seconds,
            failures=ledger.failures.snapshot(),
            transport=consumer.transport.value if consumer.transport else None,
            requests_per_message=ledger.requests_per_message_locked(),
            dollars_per_day=dollars_per_day(ledger.requests_per_day_locked(), fifo=holding.fifo),
            autoscale=scaler.view() if scaler else None,
        )


def pool_sizes(consumer: QueueConsumer) -> tuple[PoolSize, PoolSize]:
    """Pollers and workers, `busy` left out; before the start as many as there are to be."""
    pools, wanted = consumer.pools(), {Role.POLLER: consumer.settings.pollers, Role.WORKER: consumer.settings.workers}
    known = [(pools.get(role), target) for role, target in wanted.items()]
    pollers, workers = (PoolSize(pool.target, pool.live) if pool else PoolSize(target, 0) for pool, target in known)
    return pollers, workers


def message_detail(ledger: Ledger, holding: Holding, message_id: str) -> MessageDetail | None:
    """A message that is held or in the history ring, whole; None when it has been forgotten."""
    with ledger.lock:
        held = holding.find_locked(message_id)
        if held is not None:
            return MessageDetail(held.message, tuple(held.timeline), None, replayable=False)
        found = ledger.history.find(message_id)
    if found is None:
        return None
    finished, message, timeline = found
    return MessageDetail(message, timeline, finished.outcome, True, finished.error, finished.place)


def bare_snapshot(state: RunState, at: float) -> Snapshot:
    """What stands for an engine where there is none in this process: a state, and nothing consumed."""
    info = EngineInfo(0, "", at, state, "", read_only=True, endpoint="", region="", version=__version__)
    return Snapshot(at, info, None, (), ())
