"""The dashboard over a real engine and a real server: keys steer, and every snapshot adds up."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from sqs_core.engine import Engine
from sqs_core.handlers import Handler
from sqs_core.model import PoolName, RunState
from sqs_core.settings import ConsumerSettings, make_connection_settings
from sqs_tui.commands import Pane
from sqs_tui.dashboard import DashboardApp
from sqs_tui.departure import Departure
from sqs_tui.options import DashboardOptions
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs import SQSClient
    from textual.pilot import Pilot

    from servers import QueueFactory
    from sqs_core.model import ConsumerSnapshot, Message

pytestmark = pytest.mark.sdk
SLOWEST_SECONDS = 20.0


class Load:
    """A queue with a backlog, an engine that works it off slowly, and a sampler that checks each snapshot."""

    def __init__(self, endpoint_url: str, queue: str) -> None:
        settings = ConsumerSettings(workers=2, wait_seconds=1, drain_timeout_seconds=5)
        connection = make_connection_settings(endpoint_url=endpoint_url)
        self.queue = queue
        self.engine = Engine(connection, settings, [(queue, Handler("test:work", self._work))])
        self.broken: list[str] = []
        self._stop = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def _work(self, message: Message) -> None:
        time.sleep(0.02)
        if message.receive_count == 1 and hash(message.message_id) % 10 == 0:
            raise ValueError("now and then")

    def _sample(self) -> None:
        while not self._stop.wait(0.02):
            self.broken.extend(f"{wrong} in {one}" for one in self.engine.snapshot().consumers for wrong in faults(one))

    def __enter__(self) -> Load:
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._sampler.join(5)
        self.engine.stop_now()
        self.engine.close()

    @property
    def consumer(self) -> ConsumerSnapshot:
        return self.engine.snapshot().consumers[0]


def faults(one: ConsumerSnapshot) -> Iterator[str]:
    """What does not add up in a consumer's snapshot."""
    totals = one.totals
    ended = totals.handled + totals.discarded + totals.failed + totals.released + totals.leases_lost
    if totals.received != ended + one.held:
        yield f"received {totals.received} != {ended} ended + {one.held} held"
    if totals.failed != totals.retried + totals.given_up:
        yield "failed != retried + given up"
    if not 0 <= one.workers.busy <= one.workers.live:
        yield f"busy {one.workers.busy} of {one.workers.live} live"
    if one.buffer.size < 0 or one.buffer.size > max(one.buffer.limit, 16):
        yield f"buffer {one.buffer}"


async def until(pilot: Pilot[int], true: Callable[[], bool], what: str) -> None:
    """Wait, with the screen alive, until something is true."""
    end = time.monotonic() + SLOWEST_SECONDS
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        await pilot.pause()
        await asyncio.sleep(0.02)


def make_app(load: Load) -> DashboardApp:
    """As the command line makes it, but for the last resort, which would end the tests' process."""
    departure = Departure(load.engine, give_up=lambda _code: None)
    departure.start()
    return DashboardApp(load.engine, DashboardOptions(fps=10), departure)


def fill(sqs: SQSClient, url: str, count: int) -> None:
    for start in range(0, count, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f'{{"n": {start + n}}}'} for n in range(10)])


async def test_resize_and_pause_under_load(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue = queue_factory()
    fill(sqs, queue.url, 600)
    with Load(localstack, queue.name) as load:
        app = make_app(load)
        async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
            await until(pilot, lambda: load.consumer.totals.handled > 0, "first message handled")
            for _ in range(14):
                await pilot.press("plus")
            await until(pilot, lambda: load.consumer.workers.live == 16, "16 workers")
            await pilot.press("p")
            await until(pilot, lambda: load.consumer.state is RunState.PAUSED, "paused")
            assert load.consumer.held == 0
            received = load.consumer.totals.received
            fill(sqs, queue.url, 100)
            await asyncio.sleep(0.5)
            assert load.consumer.totals.received == received, "a paused consumer received"
            for _ in range(15):
                await pilot.press("minus")
            await until(pilot, lambda: load.consumer.workers.live == 1, "1 worker")
            await pilot.press("p")
            await until(pilot, lambda: load.consumer.totals.received > received, "receives again")
            await pilot.press("q")
            await until(pilot, load.engine.ended, "stopped")
        assert load.consumer.state is RunState.STOPPED
        assert load.consumer.held == 0
        assert load.broken == []
    # Failed messages stay away for up to a second each; a stranded one would stay for its lease of 30 s.
    end = time.monotonic() + 5
    while not_visible(sqs, queue.url) and time.monotonic() < end:
        await asyncio.sleep(0.1)
    assert not_visible(sqs, queue.url) == 0


def not_visible(sqs: SQSClient, url: str) -> int:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessagesNotVisible"])


async def test_replay_sends_a_new_message(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue = queue_factory()
    attributes = {
        "kind": {"DataType": "String", "StringValue": "refund"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\0\x1b"},
    }
    sqs.send_message(QueueUrl=queue.url, MessageBody="once \u202e and again", MessageAttributes=attributes)  # type: ignore[arg-type]
    seen: list[tuple[str, dict[str, object]]] = []
    with Load(localstack, queue.name) as load:
        load.engine.consumers[0].handler = Handler(
            "test:note", lambda message: seen.append((message.body, dict(message.attributes)))
        )
        app = make_app(load)
        async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
            await until(pilot, lambda: load.consumer.totals.deleted == 1, "handled once")
            await until(pilot, lambda: bool(app.screen.query_one(f"#{Pane.HISTORY}", LiveTable).rows), "shown")
            await pilot.press("m")
            await pilot.press("R")
            await pilot.pause()
            await pilot.press("y")
            await until(pilot, lambda: load.consumer.totals.deleted == 2, "handled again")
    assert seen[1][1].pop("sqs-tui.replayed-from")
    assert seen == [("once \u202e and again", {"kind": "refund", "raw": b"\0\x1b"})] * 2


def test_pools_refuse_what_cannot_be() -> None:
    engine = Engine(make_connection_settings(), ConsumerSettings(), [("orders", Handler("test:none", lambda _: None))])
    with pytest.raises(Exception, match="workers 0 is not between 1 and 512"):
        engine.resize("orders", PoolName.WORKERS, 0)
