"""Leases on a real server while extensions fail and clocks jump: nothing comes again while we are alive, and a loss is told."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from consuming import Handled, depth, fill, held_up, wait_for_depth
from fakes import assert_balance
from sqs_core.clock import SYSTEM_CLOCK, Clock
from sqs_core.demo.chaos import ChaosProxy, Fault, Rule
from sqs_core.engine import Engine
from sqs_core.handlers import Handler
from sqs_core.model import ConsumerSnapshot, Outcome
from sqs_core.settings import ConsumerSettings, make_connection_settings
from torturing import Row
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue
    from sqs_core.message import Message

pytestmark = pytest.mark.sdk
WORKERS = 3
NO_EXTENSION = Rule(Fault.ERROR, "ChangeMessageVisibilityBatch", code="AccessDenied", status=403)
"""The SDK does not repeat this one by itself, so each is a failed extension."""
HOUR_SECONDS = 3600.0


@contextlib.contextmanager
def consuming(url: str, queue: TestQueue, handled: Handled, clock: Clock = SYSTEM_CLOCK) -> Iterator[Engine]:
    """An engine, and the promise that its numbers add up at the end."""
    settings = ConsumerSettings(workers=WORKERS, wait_seconds=1, drain_timeout_seconds=2)
    engine = Engine(make_connection_settings(endpoint_url=url), settings, [(queue.name, Handler("test", handled))], clock=clock)
    engine.start()
    try:
        yield engine
    finally:
        engine.drain()
        wait_until(engine.ended, 10)
        engine.close()
        assert_balance(only(engine).totals, only(engine).held)


def only(engine: Engine) -> ConsumerSnapshot:
    """The snapshot of its only consumer."""
    (snapshot,) = engine.snapshot().consumers
    return snapshot


def events(engine: Engine) -> dict[str, int]:
    """How often each code was told."""
    counts: dict[str, int] = {}
    for event in engine.snapshot().events:
        counts[event.code] = counts.get(event.code, 0) + event.count
    return counts


def _outlast(visibility_seconds: int, times: float, url: str, sqs: SQSClient, queue: TestQueue) -> list[str]:
    """Handlers that take `times` the visibility timeout, one message waiting behind them, each third extension refused."""
    end = threading.Event()
    handled = held_up(end, visibility_seconds * times)
    with ChaosProxy(url, Rule(**{**_fields(NO_EXTENSION), "every": 3})) as proxy, consuming(proxy.url, queue, handled) as engine:
        fill(sqs, queue, [str(number) for number in range(WORKERS + 1)])
        wait_until(lambda: only(engine).totals.handled >= WORKERS, visibility_seconds * times + 30, look_seconds=0.1)
        seen, failed = only(engine), proxy.struck[Fault.ERROR]
        end.set()
    twice = {body: count for body, count in handled.counts().items() if count > 1}
    problems = [f"handled twice: {twice}"] if twice else []
    problems += [f"{seen.totals.redelivered} redelivered"] if seen.totals.redelivered else []
    problems += [f"{seen.totals.leases_lost} lost"] if seen.totals.leases_lost else []
    problems += [] if failed and events(engine).get("lease.error") else ["no extension failed: nothing was tried"]
    return [f"visibility {visibility_seconds} s: {problem}" for problem in problems]


def _fields(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in Rule.__dataclass_fields__}


def test_handlers_outlast_the_visibility_timeout_while_each_third_extension_fails(
    localstack: str,
    sqs: SQSClient,
    queue_factory: QueueFactory,
    scale: Callable[[object, object], Any],
    table: Callable[[Row], None],
) -> None:
    visibilities, times = scale(([2], 3.0), ([1, 2, 5, 10, 30], 10.0))
    queues = [queue_factory(attributes={"VisibilityTimeout": str(seconds)}) for seconds in visibilities]
    with ThreadPoolExecutor(len(visibilities)) as pool:
        found = list(
            pool.map(lambda one: _outlast(one[0], times, localstack, sqs, one[1]), zip(visibilities, queues, strict=True))
        )
    problems = [problem for each in found for problem in each]
    tried = len(visibilities) * (WORKERS + 1)
    table(Row(f"handlers {times:g} × visibility {visibilities} s, 1 extension in 3 refused", tried, tried - len(problems), 0, 0))
    assert problems == []


def held_up_once(end: threading.Event) -> Handled:
    """A handler that waits at a message's first receive and not at its second."""

    def wait(message: Message) -> None:
        if message.receive_count == 1:
            end.wait(DEADLINE_SECONDS)

    return Handled(wait)


class Jumping:
    """The system's clocks, some of them set while we run."""

    def __init__(self) -> None:
        self.wall_ahead = self.lease_ahead = 0.0

    def clock(self) -> Clock:
        """The engine's view."""
        return Clock(
            SYSTEM_CLOCK.monotonic, lambda: SYSTEM_CLOCK.lease() + self.lease_ahead, lambda: time.time() + self.wall_ahead
        )


def test_a_clock_that_is_set_costs_no_lease(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue, jumping, end = queue_factory(attributes={"VisibilityTimeout": "3"}), Jumping(), threading.Event()
    handled = held_up(end)
    with consuming(localstack, queue, handled, jumping.clock()) as engine:
        fill(sqs, queue, [str(number) for number in range(WORKERS + 1)])
        wait_until(lambda: only(engine).workers.busy == WORKERS)
        for ahead in (HOUR_SECONDS, -HOUR_SECONDS):
            jumping.wall_ahead = ahead
            before = {held.message_id: held.extensions for held in only(engine).in_flight}
            wait_until(lambda before=before: all(held.extensions > before[held.message_id] for held in only(engine).in_flight))  # type: ignore[misc]
        assert events(engine).get("clock.jumped") == 2
        end.set()
        wait_until(lambda: only(engine).totals.handled == WORKERS + 1)
        assert (only(engine).totals.redelivered, only(engine).totals.leases_lost) == (0, 0)
    assert set(handled.counts().values()) == {1}
    assert depth(sqs, queue.url) == (0, 0)


def test_a_machine_that_slept_does_not_believe_its_leases(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue, jumping, end = queue_factory(attributes={"VisibilityTimeout": "4"}), Jumping(), threading.Event()
    handled = held_up_once(end)
    with consuming(localstack, queue, handled, jumping.clock()) as engine:
        fill(sqs, queue, ["one"])
        wait_until(lambda: only(engine).workers.busy == 1)
        jumping.lease_ahead = 600.0
        wait_until(lambda: only(engine).totals.leases_lost == 1)
        end.set()
        wait_until(lambda: only(engine).totals.handled == 1)
        assert only(engine).totals.deleted == 1
        assert {"clock.jumped", "lease.lost"} <= events(engine).keys()
    wait_for_depth(sqs, queue.url, (0, 0))


def test_a_lost_lease_is_told_and_its_late_end_is_no_success(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory
) -> None:
    queue, end = queue_factory(attributes={"VisibilityTimeout": "2"}), threading.Event()
    handled = held_up_once(end)
    with ChaosProxy(localstack, NO_EXTENSION) as proxy, consuming(proxy.url, queue, handled) as engine:
        fill(sqs, queue, ["one"])
        wait_until(lambda: only(engine).totals.handled == 1)
        before = proxy.count("DeleteMessageBatch")
        end.set()  # the first handler ends only now, with a receipt that is dead
        wait_until(lambda: only(engine).workers.busy == 0 and len(only(engine).history) == 2)
        totals, outcomes = only(engine).totals, {entry.outcome for entry in only(engine).history}
        assert (totals.handled, totals.leases_lost, totals.redelivered, totals.deleted) == (1, 1, 1, 1)
        assert outcomes == {Outcome.HANDLED, Outcome.LEASE_LOST}
        assert events(engine)["lease.lost"] == 1
        assert proxy.count("DeleteMessageBatch") == before == 1
    assert depth(sqs, queue.url) == (0, 0)
