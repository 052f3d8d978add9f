"""Stops at random moments, also double, with handlers and polls that hang: on time, nothing left in flight, the right code."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from consuming import depth, fill
from sqs_core.demo.chaos import ChaosProxy, Fault, Rule
from sqs_core.engine import Engine
from sqs_core.handlers import Handler
from sqs_core.runner import RunResult, Stops, run_engine
from sqs_core.settings import ConsumerSettings, make_connection_settings
from torturing import Row
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue
    from sqs_core.message import Message

pytestmark = pytest.mark.sdk
DRAIN_SECONDS = 3.0
MACHINE_SECONDS = 4.0
"""What a busy machine may add to any deadline; the table has what it was."""
SEED, AT_ONCE, SWITCHING_AT_ONCE = 379, 8, 1
VISIBILITY_SECONDS = 60
"""So long that a message that was not given back would be seen in flight."""


@dataclass(frozen=True)
class Plan:
    """One stop. `handler` is quick, slow, hung (past its timeout) or stuck (without one); `poll` well, hung or endless (its read
    timeout is past the deadline)."""

    number: int
    messages: int
    handler: str
    poll: str
    moment_seconds: float
    second_seconds: float | None
    late: int
    """Messages that are sent just after the stop: a poll that is out may still bring them."""

    @property
    def overdue(self) -> bool:
        """Whether the deadline may have to cut it short."""
        return self.handler == "stuck" or self.poll == "endless"


def plans(count: int) -> list[Plan]:
    """So many, always the same."""
    dice = random.Random(SEED)
    return [
        Plan(
            number,
            dice.choice([0, 5, 30, 60]),
            dice.choices(["quick", "slow", "hung", "stuck"], [4, 4, 3, 1])[0],
            dice.choices(["well", "hung", "endless"], [6, 3, 1])[0],
            dice.uniform(0, 1.5),
            dice.uniform(0, 0.6) if dice.random() < 0.25 else None,
            dice.choice([0, 3]),
        )
        for number in range(count)
    ]


class Try:
    """A run that is stopped as planned."""

    def __init__(self, plan: Plan, localstack: str, sqs: SQSClient, queue: TestQueue) -> None:
        self.plan, self.sqs, self.queue = plan, sqs, queue
        self.proxy = ChaosProxy(localstack)
        self.let_go = threading.Event()
        self.stops = Stops()
        self.seconds = 0.0
        self.second_stop_was_late = False

    def _handle(self, message: Message) -> None:
        dice = random.Random(f"{self.plan.number}{message.body}")
        if self.plan.handler in ("hung", "stuck") and dice.random() < 0.2:
            self.let_go.wait(30)
        elif self.plan.handler != "quick":
            time.sleep(dice.uniform(0.05, 0.5))

    def run(self) -> RunResult:
        """Start, stop, and see the result."""
        plan = self.plan
        settings = ConsumerSettings(
            workers=4,
            wait_seconds=1,
            read_timeout_seconds=60 if plan.poll == "endless" else 2,
            drain_timeout_seconds=DRAIN_SECONDS,
            handler_timeout_seconds=1.0 if plan.handler == "hung" else None,
        )
        fill(self.sqs, self.queue, [str(number) for number in range(plan.messages)])
        if plan.poll != "well":
            self.proxy.add(Rule(Fault.HUNG, "ReceiveMessage", skip=plan.number % 4))
        with self.proxy:
            connection = make_connection_settings(endpoint_url=self.proxy.url)
            engine = Engine(connection, settings, [(self.queue.name, Handler("test", self._handle))])
            with ThreadPoolExecutor(1) as pool:
                running = pool.submit(run_engine, engine, self.stops)
                wait_until(lambda: engine.reached.is_set() or plan.moment_seconds < 0.2)
                threading.Event().wait(plan.moment_seconds)  # the moment is what is tried
                self._stop(lambda: running.done())
                try:
                    result = running.result(DRAIN_SECONDS + 20)
                finally:
                    self.seconds = time.monotonic() - self.stopped_at
                    self.let_go.set()
        return result

    def _stop(self, done: Callable[[], bool]) -> None:
        self.stopped_at = time.monotonic()
        self.stops.request()
        fill(self.sqs, self.queue, [f"late {number}" for number in range(self.plan.late)])
        if self.plan.second_seconds is not None:
            threading.Event().wait(self.plan.second_seconds)
            self.second_stop_was_late = done()
            self.stopped_at = time.monotonic()
            self.stops.request()

    def overrun(self) -> float:
        """Seconds past the latest that it may end."""
        allowed = 1.0 if self.plan.second_seconds is not None else DRAIN_SECONDS + 1.0
        return self.seconds - allowed

    def _hidden_by_late_answers(self, poll_errors: int) -> int:
        """What polls may have brought that a busy server answered after their read timeout, though no fault was meant."""
        return 10 * max(0, poll_errors - self.proxy.struck[Fault.HUNG])

    def problems(self, result: RunResult) -> list[str]:
        """What was not as promised."""
        found = [f"{self.overrun():.1f} s late"] if self.overrun() > MACHINE_SECONDS else []
        code, report = result.exit_code, result.report
        if self.plan.second_seconds is not None:
            wanted = {0, 1} if self.second_stop_was_late else {1}
        else:
            wanted = {0, 1} if self.plan.overdue else {0}
        if code not in wanted:
            found.append(f"exit code {code}, not {wanted}: {result.reason}")
        if code == 0 and report["in_flight_at_exit"]:
            found.append(f"exit 0 with {report['in_flight_at_exit']} in flight")
        left, in_flight = depth(self.sqs, self.queue.url)
        if code == 0 and in_flight > self._hidden_by_late_answers(report["poll_errors"]):
            found.append(f"the server has {in_flight} in flight after exit 0")
        sent = self.plan.messages + self.plan.late
        if left + in_flight + report["deleted"] != sent:
            found.append(f"{left} + {in_flight} left and {report['deleted']} deleted of {sent}")
        if code == 1 and self.plan.second_seconds is None and in_flight:
            found.append(f"{in_flight} not given back at the deadline")
        return found


def test_stops_at_random_moments(
    localstack: str,
    sqs: SQSClient,
    queue_factory: QueueFactory,
    scale: Callable[[int, int], int],
    unless_switching: Callable[[int, int], int],
    table: Callable[[Row], None],
) -> None:
    chosen = plans(scale(12, 200))
    queues = [queue_factory(attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}) for _ in chosen]
    tries = [Try(plan, localstack, sqs, queue) for plan, queue in zip(chosen, queues, strict=True)]

    def one(each: Try) -> tuple[int, list[str]]:
        result = each.run()
        return result.exit_code, each.problems(result)

    with ThreadPoolExecutor(unless_switching(AT_ONCE, SWITCHING_AT_ONCE)) as pool:
        results = list(pool.map(one, tries))
    failures = [f"{each.plan}: {problems}" for each, (_, problems) in zip(tries, results, strict=True) if problems]
    worst, codes = max(each.overrun() for each in tries), Counter(code for code, _ in results)
    note = f"exit codes {dict(sorted(codes.items()))}, double {sum(plan.second_seconds is not None for plan in chosen)}, "
    note += f"latest {worst:+.1f} s from the bound"
    table(Row("stops at random moments", len(tries), len(tries) - len(failures), 0, None, note))
    assert failures == []
