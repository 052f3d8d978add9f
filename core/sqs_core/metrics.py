"""What an engine tells a Prometheus server. Everything is read when it is asked for; nothing is kept up to date meanwhile.

Imported late: `prometheus-client` is an extra.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from sqs_core.histogram import BUCKET_BOUNDS_SECONDS
from sqs_core.model import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.core import Metric

    from sqs_core.engine import Engine
    from sqs_core.histogram import Histogram, Histograms
    from sqs_core.model import ConsumerSnapshot, Snapshot

PREFIX = "sqs_tui"
COUNTERS = {
    "received": ("messages_received", "Messages received, each receive of the same message counted"),
    "handled": ("messages_handled", "Messages whose handler returned and whose delete was proven"),
    "discarded": ("messages_discarded", "Messages that the handler discarded"),
    "failed": ("messages_failed", "Messages whose handler failed: retried or given up"),
    "retried": ("messages_retried", "Failed messages that come again"),
    "given_up": ("messages_given_up", "Messages that failed on their last receive before the dead-letter queue"),
    "deleted": ("messages_deleted", "Deletes that the server confirmed"),
    "released": ("messages_released", "Messages given back unhandled"),
    "redelivered": ("messages_redelivered", "Receives of messages that had been received before"),
    "leases_lost": ("leases_lost", "Messages whose visibility timeout ran out while they were held"),
    "empty_polls": ("empty_polls", "Polls that brought nothing"),
    "poll_errors": ("poll_errors", "Polls that failed"),
    "hidden_retries": ("hidden_retries", "Receives that the SDK repeated, which can hide messages"),
}
"""The report's columns and their metrics."""
GAUGES: dict[str, tuple[str, Callable[[ConsumerSnapshot], float | None]]] = {
    "in_flight_messages": ("Messages held: in the buffer, with a worker, or waiting for their delete", lambda one: one.held),
    "buffer_messages": ("Messages that wait for a worker", lambda one: one.buffer.size),
    "buffer_limit_messages": ("The most messages that may wait for a worker", lambda one: one.buffer.limit),
    "workers_target": ("Workers wanted", lambda one: one.workers.target),
    "workers_live": ("Workers there are", lambda one: one.workers.live),
    "workers_busy": ("Workers that have a message", lambda one: one.workers.busy),
    "pollers_target": ("Pollers wanted", lambda one: one.pollers.target),
    "pollers_live": ("Pollers there are", lambda one: one.pollers.live),
    "queue_visible_messages": ("Approximate number of messages to receive", lambda one: one.depth.visible if one.depth else None),
    "queue_in_flight_messages": ("Approximate number received by anyone", lambda one: one.depth.in_flight if one.depth else None),
    "queue_delayed_messages": ("Approximate number not to be received yet", lambda one: one.depth.delayed if one.depth else None),
    "queue_oldest_message_age_seconds": (
        "Age of the oldest message",
        lambda one: one.depth.oldest_age_seconds if one.depth else None,
    ),
    "queue_read_timestamp_seconds": ("When the queue's figures were read", lambda one: one.depth.at if one.depth else None),
    "dead_letter_queue_visible_messages": (
        "Approximate number of dead letters",
        lambda one: one.dlq.visible if one.dlq else None,
    ),
}
LATENCIES: dict[str, tuple[str, Callable[[Histograms], Histogram]]] = {
    "poll_latency_seconds": ("From the later of request and send to the answer", lambda four: four.poll),
    "queue_latency_seconds": ("From send to receive", lambda four: four.queue),
    "handler_duration_seconds": ("How long handlers took", lambda four: four.handler),
    "ack_latency_seconds": ("From a handler's end to the proof of the delete or release", lambda four: four.ack),
}


class EngineCollector(Collector):
    """The engine's figures as metrics; a figure that is not known is left out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering reads no figures."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """One snapshot, and the histograms just after it."""
        snapshot = self._engine.snapshot()
        histograms = {consumer.name: consumer.ledger.histograms() for consumer in self._engine.consumers}
        yield from _about(snapshot)
        yield from _counters(snapshot.consumers)
        yield from _gauges(snapshot.consumers)
        yield from _latencies(histograms)


def _about(snapshot: Snapshot) -> Iterator[Metric]:
    engine, credentials = snapshot.engine, snapshot.credentials
    labels = {"version": engine.version, "environment": engine.environment, "region": engine.region}
    yield InfoMetricFamily(f"{PREFIX}_build", "The program and where it runs", labels)
    if credentials is not None:
        yield InfoMetricFamily(f"{PREFIX}_credentials", "The credential provider in use", {"provider": credentials.provider})
        if credentials.expires_at is not None:
            name = f"{PREFIX}_credentials_expiry_timestamp_seconds"
            yield GaugeMetricFamily(name, "When the credentials in use expire", credentials.expires_at)


def _counters(consumers: Iterable[ConsumerSnapshot]) -> Iterator[Metric]:
    for column, (name, text) in COUNTERS.items():
        counter = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=["queue"])
        for consumer in consumers:
            counter.add_metric([consumer.queue], getattr(consumer.totals, column))
        yield counter
    requests = CounterMetricFamily(f"{PREFIX}_requests", "Requests on the wire", labels=["queue", "operation"])
    for consumer in consumers:
        for operation, count in consumer.requests.items():
            requests.add_metric([consumer.queue, operation], count)
    yield requests


def _gauges(consumers: Iterable[ConsumerSnapshot]) -> Iterator[Metric]:
    for name, (text, read) in GAUGES.items():
        gauge = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=["queue"])
        for consumer in consumers:
            value = read(consumer)
            if value is not None:
                gauge.add_metric([consumer.queue], value)
        yield gauge
    states = GaugeMetricFamily(f"{PREFIX}_consumer_state", "1 for the state that the consumer is in", labels=["queue", "state"])
    threads = GaugeMetricFamily(f"{PREFIX}_threads", "Threads by what they do", labels=["queue", "role", "state"])
    for consumer in consumers:
        for state in RunState:
            states.add_metric([consumer.queue, state], consumer.state is state)
        for (role, doing), count in Counter((thread.role, thread.state) for thread in consumer.threads).items():
            threads.add_metric([consumer.queue, role, doing], count)
    yield states
    yield threads


def _latencies(histograms: dict[str, Histograms]) -> Iterator[Metric]:
    bounds = [*(str(bound) for bound in BUCKET_BOUNDS_SECONDS), "+Inf"]
    for name, (text, read) in LATENCIES.items():
        family = HistogramMetricFamily(f"{PREFIX}_{name}", text, labels=["queue"])
        for queue, four in histograms.items():
            histogram = read(four)
            buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
            family.add_metric([queue], buckets, histogram.sum_seconds)
        yield family


class Exposition:
    """The engine's and the process's figures in the format that a scraper asks for."""

    def __init__(self, engine: Engine) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(EngineCollector(engine))
        ProcessCollector(registry=self._registry)

    def render(self, media_type: str) -> tuple[bytes, str]:
        """The text and its content type, for this media type; an empty one is Prometheus's own format."""
        encode, content_type = choose_encoder(media_type)
        return encode(self._registry), content_type
