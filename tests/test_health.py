"""When a consumer is to be restarted, and when it only waits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NoReturn

import pytest

from consuming import fill, held_up, look, running
from sqs_core import Consumer, health
from sqs_core.clock_watch import ClockWatch
from sqs_core.demo.emulator import free_port
from sqs_core.health import description, hindrances, troubles
from sqs_core.model import Role, RunState, ThreadState
from sqs_core.replacing import ThreadWatch
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue
    from sqs_core.consumer import QueueConsumer


@pytest.fixture
def queue(ministack_queue_factory: QueueFactory) -> TestQueue:
    """A queue on the emulator."""
    return ministack_queue_factory()


def _engine_part(consumer: Consumer) -> QueueConsumer:
    return consumer._engine.consumers[0]


def _running(consumer: Consumer) -> None:
    wait_until(lambda: look(consumer).state is RunState.RUNNING and len(look(consumer).threads) >= 4)


def _poller_is(consumer: Consumer, state: ThreadState) -> Callable[[], bool]:
    return lambda: any(thread.role is Role.POLLER and thread.state is state for thread in look(consumer).threads)


def _assert_well(consumer: Consumer) -> None:
    assert troubles(consumer._engine) == []
    assert hindrances(consumer._engine) == []


def test_running_and_paused_are_well(ministack: str, queue: TestQueue) -> None:
    with running(ministack, queue, "builtin:noop") as consumer:
        _running(consumer)
        _assert_well(consumer)
        consumer.pause()
        wait_until(lambda: look(consumer).state is RunState.PAUSED)
        _assert_well(consumer)
        wait_until(lambda: "poller paused 2" in description(consumer._engine)[0])


def test_what_is_paused_while_it_starts_receives_nothing(ministack: str, ministack_sqs: SQSClient, queue: TestQueue) -> None:
    fill(ministack_sqs, queue, ["a"])
    consumer = Consumer(queue.name, handler="builtin:noop", endpoint_url=ministack, wait_seconds=1)
    consumer.pause()
    consumer.resume()
    consumer.pause()
    consumer.start()
    try:
        wait_until(lambda: look(consumer).state is RunState.PAUSED)
        wait_until(lambda: "poller paused 2" in description(consumer._engine)[0])
        assert "ReceiveMessage" not in look(consumer).requests
        _assert_well(consumer)
        consumer.resume()
        wait_until(lambda: look(consumer).totals.handled == 1)
    finally:
        consumer.stop()


def test_full_is_well(ministack: str, ministack_sqs: SQSClient, queue: TestQueue) -> None:
    release = threading.Event()
    fill(ministack_sqs, queue, [str(number) for number in range(30)])
    with running(ministack, queue, held_up(release), workers=1) as consumer:
        _running(consumer)
        wait_until(_poller_is(consumer, ThreadState.BLOCKED))
        _assert_well(consumer)
        release.set()


def test_backing_off_is_well(ministack: str, ministack_sqs: SQSClient, queue: TestQueue) -> None:
    with running(ministack, queue, "builtin:noop") as consumer:
        _running(consumer)
        ministack_sqs.delete_queue(QueueUrl=queue.url)
        wait_until(_poller_is(consumer, ThreadState.BACKING_OFF))
        _assert_well(consumer)


def test_a_hung_handler_is_not_until_it_comes_back(ministack: str, ministack_sqs: SQSClient, queue: TestQueue) -> None:
    release = threading.Event()
    fill(ministack_sqs, queue, ["one"])
    with running(ministack, queue, held_up(release), workers=2, handler_timeout_seconds=0.2) as consumer:
        wait_until(lambda: troubles(consumer._engine))
        assert "hangs in its handler with message" in troubles(consumer._engine)[0]
        wait_until(lambda: look(consumer).workers.live == 2)  # it was replaced
        assert troubles(consumer._engine), "its thread still is not well"
        release.set()
        wait_until(lambda: not troubles(consumer._engine))


def test_a_thread_that_cannot_be_replaced(ministack: str, queue: TestQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    with running(ministack, queue, "builtin:noop", workers=1) as consumer:
        _running(consumer)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            consumer.resize("workers", 2)
            assert "worker-2 is dead and not replaced" in troubles(consumer._engine)[0]
        wait_until(lambda: not troubles(consumer._engine))


def test_a_lost_poller_that_was_replaced_is_history(ministack: str, queue: TestQueue) -> None:
    with running(ministack, queue, "builtin:noop", pollers=1) as consumer:
        _running(consumer)
        part = _engine_part(consumer)
        part.ledger.thread("poller-9", Role.POLLER, ThreadState.HUNG, error="no answer for 60 s")
        assert troubles(consumer._engine) == []
        part.ledger.thread_gone("poller-1")
        part.gate.set_open(False)  # so that the real one writes nothing down meanwhile
        assert "poller-9 is hung and not replaced: no answer" in troubles(consumer._engine)[0]
        part.gate.set_open(True)


def test_a_poll_without_an_answer_that_nobody_replaced(ministack: str, queue: TestQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ThreadWatch, "_replace_stalled", lambda *_: None)
    with running(ministack, queue, "builtin:noop") as consumer:
        _running(consumer)
        gate = _engine_part(consumer).gate
        timeout_seconds = _engine_part(consumer).settings.poll_read_timeout_seconds
        gate._out["poller-9"] = consumer._engine.clock.lease() - timeout_seconds - 10
        assert troubles(consumer._engine) == []
        gate._out["poller-9"] -= 30
        assert "poller-9 has no answer" in troubles(consumer._engine)[0]
        gate.forget("poller-9")


def test_a_supervisor_that_is_stuck(ministack: str, queue: TestQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    with running(ministack, queue, "builtin:noop") as consumer:
        _running(consumer)
        assert troubles(consumer._engine) == []
        monkeypatch.setattr(health, "SUPERVISOR_SECONDS", 0.5)
        monkeypatch.setattr(ClockWatch, "step", lambda _: release.wait(DEADLINE_SECONDS) and None)
        wait_until(lambda: troubles(consumer._engine))
        assert "the supervisor has not gone round" in troubles(consumer._engine)[0]
        release.set()
        wait_until(lambda: not troubles(consumer._engine))


def test_an_acker_that_is_stuck(
    ministack: str, ministack_sqs: SQSClient, queue: TestQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    with running(ministack, queue, "builtin:noop", workers=1) as consumer:
        _running(consumer)
        monkeypatch.setattr(health, "REQUESTS_SECONDS", 2.5)  # an idle one looks up every second
        delete = _engine_part(consumer).queue.delete_batch  # type: ignore[union-attr]
        monkeypatch.setattr(
            _engine_part(consumer).queue, "delete_batch", lambda batch: (release.wait(DEADLINE_SECONDS), delete(batch))[1]
        )
        fill(ministack_sqs, queue, ["one"])
        wait_until(lambda: troubles(consumer._engine))
        assert "acker-1 has not moved for" in troubles(consumer._engine)[0]
        release.set()
        wait_until(lambda: not troubles(consumer._engine))


def test_a_consumer_that_was_refused(ministack: str, queue: TestQueue, ministack_sqs: SQSClient) -> None:
    ministack_sqs.delete_queue(QueueUrl=queue.url)
    with running(ministack, queue, "builtin:noop") as consumer:
        wait_until(lambda: troubles(consumer._engine))
        assert "failed:" in troubles(consumer._engine)[0]
        assert hindrances(consumer._engine)


def test_starting_is_alive_and_not_ready(queue: TestQueue) -> None:
    with running(f"http://127.0.0.1:{free_port()}", queue, "builtin:noop") as consumer:
        assert troubles(consumer._engine) == []
        assert "not reached" in hindrances(consumer._engine)[0]
        assert "starting" in hindrances(consumer._engine)[1]


def test_draining_is_alive_and_not_ready(ministack: str, ministack_sqs: SQSClient, queue: TestQueue) -> None:
    release = threading.Event()
    fill(ministack_sqs, queue, ["one"])
    with running(ministack, queue, held_up(release), drain_timeout_seconds=DEADLINE_SECONDS) as consumer:
        wait_until(lambda: look(consumer).workers.busy == 1)
        consumer._engine.drain()
        assert troubles(consumer._engine) == []
        assert hindrances(consumer._engine) == [f"{queue.name}: draining"]
        release.set()
        wait_until(lambda: look(consumer).state is RunState.STOPPED)
        assert troubles(consumer._engine) == []
        assert hindrances(consumer._engine) == [f"{queue.name}: stopped"]
