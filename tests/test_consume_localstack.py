"""The engine against a real server: leases, hung handlers, pause and resize, redelivery, replay, a queue that goes away."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from consuming import Handled, bodies_in, codes, depth, fill, finished, held_up, look, running, wait_for_depth, wait_for_state
from servers import QueueFactory
from sqs_core import Consumer, Discard, Retry, runner
from sqs_core.demo.emulator import free_port
from sqs_core.engine import Engine
from sqs_core.handlers import Handler
from sqs_core.message import AttributeValue
from sqs_core.model import Outcome, PoolName, RunState, ThreadState
from sqs_core.outgoing import REPLAYED_FROM
from sqs_core.settings import ConsumerSettings, make_connection_settings
from waiting import DEADLINE_SECONDS, Sampler, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_sqs import SQSClient

    from sqs_core import Message

pytestmark = pytest.mark.sdk
both_transports = pytest.mark.parametrize("transport", ["boto3", "lean"])
LONG_SECONDS, SHORT_VISIBILITY_SECONDS = 50.0, 5


class _LongRun:
    """A handler ten times longer than the visibility timeout, beside the other tests of this module."""

    def __init__(self, consumer: Consumer, handled: Handled, url: str) -> None:
        self.consumer, self.handled, self.url = consumer, handled, url


@pytest.fixture(scope="module", autouse=True)
def long_run(localstack: str, sqs: SQSClient) -> Iterator[_LongRun]:
    factory, end = QueueFactory(sqs), threading.Event()
    queue = factory(attributes={"VisibilityTimeout": str(SHORT_VISIBILITY_SECONDS)})
    fill(sqs, queue, ["long", "long too", "waits in the buffer"])
    handled = held_up(end, LONG_SECONDS)
    with running(localstack, queue, handled, workers=2, drain_timeout_seconds=1) as consumer:
        yield _LongRun(consumer, handled, queue.url)
        end.set()
    factory.delete_all()


def test_a_hung_handler_is_replaced_and_the_engine_goes_on(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue = queue_factory(attributes={"VisibilityTimeout": "2"})
    fill(sqs, queue, ["hangs", *(str(number) for number in range(30))])
    let_go = threading.Event()

    def hang_once(message: Message) -> None:
        if message.body == "hangs" and message.receive_count == 1:
            let_go.wait(DEADLINE_SECONDS)

    handled = Handled(hang_once)
    with running(localstack, queue, handled, workers=1, handler_timeout_seconds=0.5) as consumer:
        wait_until(lambda: any(thread.state is ThreadState.HUNG for thread in look(consumer).threads))
        wait_until(lambda: look(consumer).totals.handled == 31)
        snapshot = look(consumer)
        (hung,) = [thread for thread in snapshot.threads if thread.state is ThreadState.HUNG]
        assert hung.message_id
        assert time.time() - hung.since > 0.5
        assert (snapshot.workers.live, snapshot.workers.target, snapshot.totals.leases_lost) == (1, 1, 1)
        assert "handler.hung" in codes(consumer.snapshot())
        assert handled.counts()["hangs"] == 2
        assert consumer.stop() is True, "nobody waits for what hangs"
        let_go.set()
    assert depth(sqs, queue.url) == (0, 0)


@both_transports
def test_pause_resume_and_resize_under_load(localstack: str, sqs: SQSClient, queue_factory: QueueFactory, transport: str) -> None:
    queue, bodies = queue_factory(), [str(number) for number in range(600)]
    fill(sqs, queue, bodies)
    handled = Handled(lambda _message: time.sleep(0.01))
    with (
        running(localstack, queue, handled, transport=transport, workers=2) as consumer,
        Sampler(lambda: _consistent(consumer)) as sampler,
    ):
        wait_until(lambda: finished(consumer) > 20)
        consumer.resize(PoolName.WORKERS, 16)
        consumer.resize(PoolName.POLLERS, 4)
        wait_until(lambda: look(consumer).workers.live == 16)
        wait_until(lambda: finished(consumer) > 100)
        consumer.pause()
        assert look(consumer).state in (RunState.PAUSING, RunState.PAUSED)
        wait_for_state(consumer, RunState.PAUSED)
        before = look(consumer)
        assert before.held == 0
        assert threading.Event().wait(0.5) is False
        assert look(consumer).requests["ReceiveMessage"] == before.requests["ReceiveMessage"]
        consumer.resize(PoolName.WORKERS, 1)
        consumer.resume()
        wait_until(lambda: look(consumer).workers.live == 1)
        wait_until(lambda: finished(consumer) > 200)
        consumer.resize(PoolName.WORKERS, 16)
        wait_until(lambda: finished(consumer) == len(bodies))
    assert sampler.errors == []
    assert sampler.samples > 100
    assert handled.counts() == dict.fromkeys(bodies, 1)
    assert depth(sqs, queue.url) == (0, 0)


def _consistent(consumer: Consumer) -> None:
    snapshot = look(consumer)
    assert snapshot.buffer.size <= 16
    assert snapshot.workers.live <= 17, "16, and one whose last message is not over"
    assert len({thread.name for thread in snapshot.threads}) == len(snapshot.threads)


@both_transports
def test_retry_delay_redelivery_and_discard(localstack: str, sqs: SQSClient, queue_factory: QueueFactory, transport: str) -> None:
    queue = queue_factory()
    fill(sqs, queue, ["later", "now", "never"])
    times: dict[str, list[float]] = {"later": [], "now": [], "never": []}

    def decide(message: Message) -> None:
        times[message.body].append(time.monotonic())
        if message.body == "never":
            raise Discard("too old")
        if message.receive_count == 1:
            raise Retry(2 if message.body == "later" else 0)

    handled = Handled(decide)
    with running(localstack, queue, handled, transport=transport) as consumer:
        wait_until(lambda: finished(consumer) == 3)
        snapshot = look(consumer)
    totals = snapshot.totals
    assert (totals.handled, totals.discarded, totals.retried, totals.redelivered, totals.deleted) == (2, 1, 2, 2, 3)
    assert 1.9 <= times["later"][1] - times["later"][0] < 6
    assert times["now"][1] - times["now"][0] < 1.9
    assert len(times["never"]) == 1
    (discarded,) = [entry for entry in snapshot.history if entry.outcome is Outcome.DISCARDED]
    assert discarded.error == "too old"
    assert depth(sqs, queue.url) == (0, 0)


def test_a_finished_message_can_be_sent_again_as_it_was(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue, handled = queue_factory(), Handled()
    settings = ConsumerSettings(wait_seconds=1, drain_timeout_seconds=5)
    engine = Engine(make_connection_settings(endpoint_url=localstack), settings, [(queue.name, Handler("test", handled))])
    sqs.send_message(
        QueueUrl=queue.url,
        MessageBody="ä [red]\U0001f600",
        MessageAttributes={
            "bytes": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"},
            "number": {"DataType": "Number", "StringValue": "1.50"},
            "text": {"DataType": "String", "StringValue": "ü"},
        },
    )
    engine.start()
    wait_until(lambda: engine.finished_messages() == 1)
    engine.replay(queue.name, handled.messages[0].message_id)
    wait_until(lambda: engine.finished_messages() == 2)
    engine.drain()
    wait_until(engine.ended)
    engine.close()
    first, second = handled.messages
    assert first.message_id != second.message_id
    assert first.body == second.body
    came_from = {REPLAYED_FROM: AttributeValue("String", first.message_id)}
    assert {**first.typed_attributes, **came_from} == second.typed_attributes
    assert second.typed_attributes["bytes"] == AttributeValue("Binary.png", b"\x00\xff")
    (sent,) = [event.text for event in engine.snapshot().events if event.code == "replay.sent"]
    assert first.message_id in sent
    assert second.message_id in sent


@both_transports
def test_a_queue_that_is_deleted_is_not_polled_in_a_hot_loop(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory, transport: str
) -> None:
    queue, release = queue_factory(attributes={"VisibilityTimeout": "2"}), threading.Event()
    fill(sqs, queue, [str(number) for number in range(12)])
    held = held_up(release)
    with running(localstack, queue, held, transport=transport, workers=2, drain_timeout_seconds=0.5) as consumer:
        wait_until(lambda: look(consumer).workers.busy == 2)
        sqs.delete_queue(QueueUrl=queue.url)
        release.set()
        wait_until(lambda: look(consumer).totals.poll_errors)
        before = sum(look(consumer).requests.values())
        assert threading.Event().wait(2) is False
        assert sum(look(consumer).requests.values()) - before < 60
        wait_until(lambda: look(consumer).held == 0)
        (event,) = [event for event in consumer.snapshot().events if event.code == "poll.error"]
        assert event.count == look(consumer).totals.poll_errors


@both_transports
def test_a_queue_that_is_purged_loses_what_was_held_and_goes_on(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory, transport: str
) -> None:
    queue, release = queue_factory(attributes={"VisibilityTimeout": "4"}), threading.Event()
    fill(sqs, queue, [str(number) for number in range(5)])
    held = held_up(release)
    with running(localstack, queue, held, transport=transport, workers=5) as consumer:
        wait_until(lambda: look(consumer).workers.busy == 5)
        sqs.purge_queue(QueueUrl=queue.url)
        before = sum(look(consumer).requests.values())
        assert threading.Event().wait(2.5) is False
        assert sum(look(consumer).requests.values()) - before < 30
        release.set()
        wait_until(lambda: look(consumer).held == 0)
        fill(sqs, queue, ["after"])
        wait_until(lambda: held.counts()["after"] == 1)


def test_an_endpoint_that_cannot_be_reached_ends_a_run_after_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "START_SECONDS", 0.5)
    address = f"http://127.0.0.1:{free_port()}"
    result = Consumer("orders", handler=Handled(), endpoint_url=address).run()
    assert (result.exit_code, result.report["received"]) == (1, 0)
    assert result.reason is not None
    assert address in result.reason
    assert 0.5 <= result.report["duration_seconds"] < 5


def test_an_unknown_queue_is_refused_with_its_name(localstack: str) -> None:
    result = Consumer("no-such-queue", handler=Handled(), endpoint_url=localstack).run()
    assert result.exit_code == 2
    assert result.reason is not None
    assert "'no-such-queue'" in result.reason
    assert "\n" not in result.reason


def test_a_queue_is_found_by_its_url_and_by_its_arn(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue = queue_factory()
    arn = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for name in (queue.url, arn):
        fill(sqs, queue, ["one"])
        consumer = Consumer(name, handler=Handled(), endpoint_url=localstack, wait_seconds=1)
        assert consumer.run(max_messages=1).report["handled"] == 1


def test_a_handler_ten_times_longer_than_the_visibility_timeout_handles_once(sqs: SQSClient, long_run: _LongRun) -> None:
    wait_until(lambda: finished(long_run.consumer) >= 2, LONG_SECONDS + 10)
    snapshot = look(long_run.consumer)
    assert (snapshot.totals.redelivered, snapshot.totals.leases_lost) == (0, 0)
    assert set(long_run.handled.counts().values()) == {1}
    third = next(entry for entry in snapshot.in_flight if entry.preview == "waits in the buffer")
    assert third.extensions >= 8, "the buffer is extended too"
    assert bodies_in(sqs, long_run.url) == []
    wait_for_depth(sqs, long_run.url, (0, 1))
