"""The engine while the interpreter switches threads a million times a second: the ledger adds up at every look, nothing hangs."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import servers
from consuming import Handled, depth, fill, finished, look, running
from fakes import FakeClock, FakeQueue
from sqs_core import Retry
from sqs_core import consumer as consumer_module
from sqs_core.clock import SYSTEM_CLOCK
from sqs_core.consumer import QueueConsumer
from sqs_core.events import EventLog
from sqs_core.handlers import Handler
from sqs_core.model import PoolName, RunState
from sqs_core.settings import ConsumerSettings, parse_queue
from stepped import SteppedPool
from torturing import Row
from waiting import Sampler, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core import Consumer, Message

pytestmark = pytest.mark.sdk
SWITCH_SECONDS = 1e-6
FEW_FILES = ["ledger", "gate", "leases"]
MORE_FILES = [
    "consume_localstack", "consume_fifo", "holding", "acker", "poller", "worker", "pool", "events", "fifo_torture", "total_queue",
    "attached_engine", "control_socket", "chaos_matrix", "engine_model",
]  # fmt: skip
LONGEST_SECONDS = 900


@pytest.fixture(autouse=True)
def switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    yield
    sys.setswitchinterval(before)


def test_every_look_adds_up_while_threads_switch_all_the_time(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    scale: Callable[[int, int], int],
) -> None:
    queue, bodies = ministack_queue_factory(), [str(number) for number in range(scale(300, 5000))]
    fill(ministack_sqs, queue, bodies)

    def sometimes(message: Message) -> None:
        if message.receive_count == 1 and message.body.endswith("3"):
            raise Retry(0)

    handled = Handled(sometimes)
    with running(ministack, queue, handled, workers=8, pollers=3) as consumer, Sampler(lambda: _look(consumer)) as sampler:
        wait_until(lambda: look(consumer).state is RunState.RUNNING, look_seconds=0.0)
        for size in (1, 12, 3, 8):
            consumer.resize(PoolName.WORKERS, size)
            assert look(consumer).workers.target == size
            consumer.pause()
            consumer.resume()
            wait_until(lambda: look(consumer).workers.live <= 12)
        wait_until(lambda: finished(consumer) == len(bodies), 120)
    assert sampler.errors == []
    assert sampler.samples > 10
    assert set(handled.counts()) == set(bodies)
    assert depth(ministack_sqs, queue.url) == (0, 0)


def _look(consumer: Consumer) -> None:
    look(consumer)


def test_nobody_can_resize_before_the_pools_have_their_first_size(monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[RunState] = []
    consumer = QueueConsumer(
        parse_queue("orders"), Handler("test", lambda _message: None), ConsumerSettings(), EventLog(), SYSTEM_CLOCK
    )

    class Noting(SteppedPool):
        def resize(self, target: int) -> None:
            states.append(consumer.state)
            super().resize(target)

    monkeypatch.setattr(consumer_module, "Pool", Noting)
    consumer.queue = FakeQueue(FakeClock())
    consumer.start()
    assert states == [RunState.STARTING] * 4
    assert consumer.state is RunState.RUNNING


def test_the_engines_own_tests_while_threads_switch_all_the_time(
    scale: Callable[[list[str], list[str]], list[str]], table: Callable[[Row], None]
) -> None:
    """In a run of their own, which prints every thread's stack and ends where one of them hangs."""
    chosen = [f"tests/test_{name}.py" for name in scale(FEW_FILES, [*FEW_FILES, *MORE_FILES])]
    command = [sys.executable, "-X", "faulthandler", "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]
    done = subprocess.run(
        [*command, "--switch-interval", str(SWITCH_SECONDS), "--override-ini", "faulthandler_timeout=120"],
        cwd=servers.REPOSITORY, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False,
    )  # fmt: skip
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)", done.stdout.splitlines()[-1])}
    tried, passed = sum(counts.values()), counts.get("passed", 0)
    table(Row("the engine's tests at a switch interval of 1 µs, with faulthandler", tried, passed))
    assert (done.returncode, tried) == (0, passed), done.stdout[-3000:]
