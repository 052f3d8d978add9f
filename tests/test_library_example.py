"""The example that documents the library runs as it stands; and a consumer inside another program behaves."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import pytest

from consuming import Handled, bodies_in, depth, fill, look, running, wait_for_state
from sqs_core import ConfigurationError, Consumer
from sqs_core.model import RunState
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core import RunResult

pytestmark = pytest.mark.sdk


def _example() -> str:
    documentation = inspect.getdoc(Consumer) or ""
    indented = [line for line in documentation.splitlines() if line.startswith("    ") or not line]
    return "from sqs_core import Consumer\n" + textwrap.dedent("\n".join(indented))


def test_the_example_consumes_and_drains(localstack: str, sqs: SQSClient, tmp_path: Path) -> None:
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    environment = {**os.environ, "LOCALSTACK_HOST": localstack.removeprefix("http://")}
    sent: list[str] = []

    def send() -> str:
        sent.append(json.dumps({"number": len(sent)}))
        return sqs.send_message(QueueUrl=url, MessageBody=sent[-1])["MessageId"]

    try:
        send()
        output = tmp_path / "output"
        with output.open("w") as out:
            process = subprocess.Popen([sys.executable, "-u", "-c", _example()], env=environment, stdout=out)
        try:
            wait_until(lambda: output.read_text().endswith(" {'number': 0}\n"))
            process.terminate()
            # The poll that is out ends with a message, and so the drain need not wait for it.
            wait_until(lambda: send() and process.poll() is not None, look_seconds=0.3)
        finally:
            process.kill()
            process.wait(DEADLINE_SECONDS)
        printed = output.read_text().splitlines()
        assert process.returncode == 0
        assert depth(sqs, url)[1] == 0, "nothing is hidden"
        assert len(printed) + len(bodies_in(sqs, url)) == len(sent)
    finally:
        with contextlib.suppress(sqs.exceptions.QueueDoesNotExist):
            sqs.delete_queue(QueueUrl=url)


def test_a_run_off_the_main_thread_leaves_signals_alone_and_can_be_stopped(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory
) -> None:
    queue, handled = queue_factory(), Handled()
    fill(sqs, queue, ["one"])
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    consumer = Consumer(queue.name, handler=handled, endpoint_url=localstack, wait_seconds=1)
    results: list[RunResult] = []
    thread = threading.Thread(target=lambda: results.append(consumer.run()))
    thread.start()
    wait_until(lambda: handled.messages)
    wait_until(lambda: look(consumer).totals.handled == 1)
    assert type(look(consumer).history) is tuple, "what a program keeps must not keep bodies"
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    assert consumer.stop() is True
    thread.join(10)
    assert (results[0].exit_code, results[0].report["handled"]) == (0, 1)


def test_a_run_on_the_main_thread_gives_the_signals_back(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue, during = queue_factory(), []
    fill(sqs, queue, ["one"])
    before = signal.getsignal(signal.SIGTERM)
    handler = Handled(lambda _message: during.append(signal.getsignal(signal.SIGTERM)))
    Consumer(queue.name, handler=handler, endpoint_url=localstack, wait_seconds=1).run(max_messages=1)
    assert signal.getsignal(signal.SIGTERM) == before
    assert during != [before]


def test_a_consumer_that_was_never_started_stops_at_once() -> None:
    assert Consumer("orders", handler=Handled()).stop() is True


def test_a_pool_is_named_by_its_word(localstack: str, queue_factory: QueueFactory) -> None:
    with running(localstack, queue_factory(), Handled()) as consumer:
        wait_for_state(consumer, RunState.RUNNING)
        consumer.resize("workers", 3)
        wait_until(lambda: look(consumer).workers.live == 3)
        with pytest.raises(ConfigurationError, match="--workers 0"):
            consumer.resize("workers", 0)


def test_a_consumer_that_stopped_leaves_no_thread(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue, handled = queue_factory(), Handled()
    fill(sqs, queue, ["one"])
    before = set(threading.enumerate())
    with running(localstack, queue, handled):
        wait_until(lambda: handled.messages)
        assert set(threading.enumerate()) - before
    wait_until(lambda: not set(threading.enumerate()) - before)
