"""What monitoring reads of a consumer agrees with what the consumer says of itself."""

from __future__ import annotations

import dataclasses
import json
import threading
from typing import TYPE_CHECKING

import pytest

from consuming import Process, fill, finished, held_up, look, running
from scraping import scrape, value
from sqs_core.credential_report import CredentialReport
from sqs_core.demo.emulator import free_port
from sqs_core.histogram import BUCKET_BOUNDS_SECONDS
from sqs_core.ledger import LatencyWindow
from sqs_core.metrics import COUNTERS, LATENCIES
from sqs_core.metrics_server import serve_metrics
from sqs_core.model import Totals
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from scraping import Samples
    from servers import QueueFactory
    from sqs_core import Consumer
    from sqs_core.metrics_server import MetricsServer

HANDLERS = """
from sqs_core import Discard, Retry

def mixed(message):
    if message.body.endswith("7"):
        raise Retry(0)
    if message.body.endswith("3"):
        raise Discard
"""


@pytest.fixture
def serving() -> Iterator[list[MetricsServer]]:
    """Servers put in here are closed."""
    servers: list[MetricsServer] = []
    yield servers
    for server in servers:
        server.close()


def _serve(consumer: Consumer, serving: list[MetricsServer]) -> str:
    serving.append(serve_metrics(consumer._engine, "127.0.0.1:0"))
    return serving[0].url


def test_every_column_of_the_report_is_a_metric() -> None:
    assert set(COUNTERS) == {field.name for field in dataclasses.fields(Totals)}


@pytest.mark.parametrize("open_metrics", [False, True])
def test_metrics_agree_with_the_snapshot(
    open_metrics: bool,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    serving: list[MetricsServer],
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    fill(ministack_sqs, queue, [str(number) for number in range(60)])
    with running(ministack, queue, "builtin:noop", workers=4) as consumer:
        url = _serve(consumer, serving)
        wait_until(lambda: finished(consumer) == 60 and look(consumer).held == 0)
        wait_until(lambda: look(consumer).depth is not None)
        consumer.pause()
        wait_until(lambda: look(consumer).state == "paused")
        samples, seen = scrape(url, open_metrics=open_metrics), look(consumer)
    name = queue.name
    for column, (metric, _) in COUNTERS.items():
        assert value(samples, f"sqs_tui_{metric}_total", queue=name) == getattr(seen.totals, column), column
    for operation, count in seen.requests.items():
        if operation != "GetQueueAttributes":  # the figures are read every few seconds
            assert value(samples, "sqs_tui_requests_total", queue=name, operation=operation) == count
    for metric, latency in zip(LATENCIES, ("poll", "queue", "handler", "ack"), strict=True):
        _check_histogram(samples, f"sqs_tui_{metric}", name, getattr(seen.latency_ms, latency).count)
    assert value(samples, "sqs_tui_handler_duration_seconds_count", queue=name) == 60
    assert value(samples, "sqs_tui_workers_live", queue=name) == 4
    assert value(samples, "sqs_tui_in_flight_messages", queue=name) == 0
    assert value(samples, "sqs_tui_consumer_state", queue=name, state="paused") == 1
    assert value(samples, "sqs_tui_consumer_state", queue=name, state="running") == 0
    assert value(samples, "sqs_tui_threads", queue=name, role="poller", state="paused") == 2
    assert any(key[0] == "sqs_tui_queue_visible_messages" for key in samples)
    assert ("provider", "dummy") in next(labels for key, labels in samples if key == "sqs_tui_credentials_info")


def _check_histogram(samples: Samples, metric: str, queue: str, count: int) -> None:
    buckets = [(float(dict(labels)["le"]), number) for (key, labels), number in samples.items() if key == f"{metric}_bucket"]
    assert [bound for bound, _ in buckets] == [*BUCKET_BOUNDS_SECONDS, float("inf")]
    numbers = [number for _, number in buckets]
    assert numbers == sorted(numbers)
    assert numbers[-1] == value(samples, f"{metric}_count", queue=queue) == count > 0


def test_what_is_held_now(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, serving: list[MetricsServer]
) -> None:
    queue, release = ministack_queue_factory(), threading.Event()
    fill(ministack_sqs, queue, [str(number) for number in range(30)])
    with running(ministack, queue, held_up(release), workers=3) as consumer:
        url = _serve(consumer, serving)
        wait_until(lambda: look(consumer).workers.busy == 3 and look(consumer).buffer.size >= 7)
        samples, seen = scrape(url), look(consumer)
        assert value(samples, "sqs_tui_workers_busy", queue=queue.name) == 3
        assert value(samples, "sqs_tui_in_flight_messages", queue=queue.name) == seen.held
        assert value(samples, "sqs_tui_buffer_messages", queue=queue.name) == seen.buffer.size
        release.set()


def test_the_expiry_of_credentials_is_told_where_there_is_one(
    ministack: str, ministack_queue_factory: QueueFactory, serving: list[MetricsServer]
) -> None:
    name = "sqs_tui_credentials_expiry_timestamp_seconds"
    with running(ministack, ministack_queue_factory(), "builtin:noop") as consumer:
        url = _serve(consumer, serving)
        wait_until(lambda: consumer.snapshot().credentials is not None)
        assert (name, ()) not in scrape(url)
        consumer._engine._identity.report = CredentialReport("container-role", "", expires_at=1_800_000_000.0)
        wait_until(lambda: scrape(url).get((name, ())) == 1_800_000_000.0)


def test_samples_fall_into_their_buckets() -> None:
    window = LatencyWindow()
    for seconds in (-1.0, 0.005, 0.0051, 50_000.0):
        window.add(seconds)
    histogram = window.histogram()
    assert (histogram.counts[0], histogram.counts[1], histogram.counts[-1]) == (2, 1, 1)
    assert histogram.count == window.percentiles().count == 4
    assert histogram.sum_seconds == pytest.approx(50_000.0101)


@pytest.mark.sdk
def test_the_last_scrape_of_a_run_agrees_with_its_report(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory, tmp_path: Path
) -> None:
    (tmp_path / "jobs.py").write_text(HANDLERS)
    queue, address = queue_factory(max_receive_count=2), f"127.0.0.1:{free_port()}"
    fill(sqs, queue, [f"order-{number:03}" for number in range(200)])
    arguments = ("--handler", "jobs:mixed", "--wait", "1", "--metrics-address", address)
    with Process(localstack, queue.name, *arguments, directory=tmp_path) as process:
        process.wait_for("consumer.started")

        def done() -> bool:
            found = scrape(f"http://{address}")
            over = (
                value(found, f"sqs_tui_messages_{name}_total", queue=queue.name) for name in ("handled", "discarded", "given_up")
            )
            return sum(over) == 200 and value(found, "sqs_tui_in_flight_messages", queue=queue.name) == 0

        wait_until(done, look_seconds=0.25)
        samples = scrape(f"http://{address}")
        process.signal()
        ended = process.end()
    report = ended.report()
    assert (report["handled"], report["discarded"], report["given_up"]) == (160, 20, 20)
    for column, (metric, _) in COUNTERS.items():
        if column not in ("empty_polls", "redelivered", "received", "released"):  # polls go on until the end
            assert value(samples, f"sqs_tui_{metric}_total", queue=queue.name) == report[column], column
    lines = [json.loads(line) for line in ended.errors.splitlines()]
    assert all({"at", "level", "code", "queue", "text"} <= set(line) for line in lines)
    assert any(line["code"] == "metrics.served" and address in line["text"] for line in lines)
