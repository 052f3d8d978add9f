"""What an engine that is being made will say first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.gate import prefetch_limit
from sqs_core.model import BufferSize, ConsumerSnapshot, Latencies, Percentiles, PoolSize, Snapshot, Totals
from sqs_core.words import RunState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqs_core.engine_info import EngineInfo
    from sqs_core.settings import ConsumerSettings, QueueReference


def expected_snapshot(engine: EngineInfo, settings: ConsumerSettings, queues: Iterable[QueueReference], handler: str) -> Snapshot:
    """What an engine with these consumers will say first, but for who it is."""
    consumers = tuple(_expected_consumer(queue, settings, handler) for queue in queues)
    return Snapshot(engine.started_at, engine, None, consumers, ())


def _expected_consumer(queue: QueueReference, settings: ConsumerSettings, handler: str) -> ConsumerSnapshot:
    none = Percentiles()
    return ConsumerSnapshot(
        queue=queue.name,
        url=queue.url or "",
        fifo=queue.fifo,
        state=RunState.STARTING,
        handler=handler,
        pollers=PoolSize(settings.pollers, 0),
        workers=PoolSize(settings.workers, 0),
        buffer=BufferSize(0, prefetch_limit(settings.workers)),
        depth=None,
        dlq=None,
        totals=Totals(),
        requests={},
        latency_ms=Latencies(none, none, none, none),
        threads=(),
        in_flight=(),
        history=(),
        wait_seconds=settings.wait_seconds,
        read_timeout_seconds=settings.poll_read_timeout_seconds,
        visibility_seconds=settings.visibility_seconds,
    )
