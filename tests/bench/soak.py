"""A long run at a high rate with faults on: what grows, if anything does.

`python tests/bench/soak.py --minutes 30 --rate 550` starts the demo's emulator, a proxy before it that lets things go wrong, a
producer past the proxy and a consumer through it, all on this machine's loopback. It prints a line every so often and a table
at the end; exit code 1 if a bound was passed.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from sqs_core.demo.chaos import ChaosProxy, Fault, Rule
from sqs_core.demo.emulator import Emulator
from sqs_core.demo.producer import Producer
from sqs_core.engine import Engine
from sqs_core.events import MAXIMUM_EVENTS
from sqs_core.handlers import Handler
from sqs_core.settings import ConsumerSettings, make_connection_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_core.message import Message

FAULTS = (
    Rule(Fault.RESET, probability=0.002),
    Rule(Fault.LOST, "*Batch", probability=0.002),
    Rule(Fault.ERROR, "ReceiveMessage", probability=0.005, code="RequestThrottled", status=400),
    Rule(Fault.ERROR, probability=0.002, code="ServiceUnavailable", status=503),
    Rule(Fault.HTML, probability=0.001, status=200),
    Rule(Fault.PARTIAL, "*Batch", probability=0.005, code="InternalError"),
    Rule(Fault.SLOW, probability=0.002, seconds=0.5),
    Rule(Fault.TRUNCATED, probability=0.001),
)
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
WARM_UP_SHARE = 0.2
"""Caches, pools and rings fill in the first part of a run; slopes are of the rest."""
MOST_GROWTH_BYTES_A_MINUTE = 1024 * 1024
LONG_ENOUGH_MINUTES = 10.0
"""In a shorter run the allocator's own growth is more than what a leak would add."""
MOST_SNAPSHOT_SECONDS = 0.25
MOST_MORE = 20
"""Descriptors or threads in the last third of a run beyond those in the first: connections come and go."""


@dataclass(frozen=True)
class Sample:
    """The process at one moment."""

    at: float
    memory_bytes: int
    descriptors: int
    threads: int
    snapshot_seconds: float
    events: int
    handled: int
    held: int


def sample(engine: Engine) -> Sample:
    """Measure."""
    gc.collect()
    started = time.perf_counter()
    snapshot = engine.snapshot()
    took = time.perf_counter() - started
    (consumer,) = snapshot.consumers
    memory = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return Sample(
        time.monotonic(), memory, descriptors, threading.active_count(), took, len(snapshot.events),
        consumer.totals.handled, consumer.held,
    )  # fmt: skip


def slope_a_minute(samples: Sequence[Sample], name: str) -> float:
    """Least squares over the samples after the warm-up, in units a minute."""
    kept = samples[int(len(samples) * WARM_UP_SHARE) :]
    times, values = [each.at / 60 for each in kept], [float(getattr(each, name)) for each in kept]
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((time - middle) ** 2 for time in times)
    return sum((time - middle) * (value - mean) for time, value in zip(times, values, strict=True)) / spread if spread else 0.0


class Soak:
    """The run. `handle` ends at once, so that the rate is the engine's and the server's."""

    def __init__(self, rate: int, minutes: float, every_seconds: float) -> None:
        self._rate, self._seconds, self._every_seconds = rate, minutes * 60, every_seconds
        self.samples: list[Sample] = []
        self.problems: list[str] = []

    def run(self) -> None:
        """Run, and print the table."""
        with Emulator() as emulator, ChaosProxy(emulator.endpoint_url, *FAULTS, seed=1) as proxy:
            session = boto3.Session("test", "test", region_name="us-east-1")
            past: Any = session.client("sqs", endpoint_url=emulator.endpoint_url)
            url = past.create_queue(QueueName="soak", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
            settings = ConsumerSettings(workers=16, pollers=6, wait_seconds=2, drain_timeout_seconds=10)
            engine = Engine(make_connection_settings(endpoint_url=proxy.url), settings, [("soak", Handler("soak", _handle))])
            producer = Producer(past, url, None, rate_per_second=self._rate)
            engine.start()
            producer.start()
            try:
                self._watch(engine)
            finally:
                producer.stop()
                self._end(engine)
            self._table(engine, proxy)

    def _watch(self, engine: Engine) -> None:
        end, pause = time.monotonic() + self._seconds, threading.Event()
        while time.monotonic() < end:
            pause.wait(self._every_seconds)
            self.samples.append(sample(engine))
            now, first = self.samples[-1], self.samples[0]
            rate = (now.handled - first.handled) / max(now.at - first.at, 0.001)
            print(
                f"{now.memory_bytes / 2**20:.1f} MiB, {now.descriptors} descriptors, {now.threads} threads, "
                f"{now.handled} handled ({rate:.0f}/s), {now.held} held, snapshot {now.snapshot_seconds * 1000:.1f} ms",
                flush=True,
            )

    def _end(self, engine: Engine) -> None:
        engine.drain()
        pause, end = threading.Event(), time.monotonic() + 15
        while not engine.ended() and time.monotonic() < end:
            pause.wait(0.05)
        engine.close()
        if not engine.clean():
            self.problems.append("the stop was not clean")

    def _table(self, engine: Engine, proxy: ChaosProxy) -> None:
        first, last = self.samples[0], self.samples[-1]
        (consumer,) = engine.snapshot().consumers
        rate = (last.handled - first.handled) / max(last.at - first.at, 0.001)
        warm = self.samples[int(len(self.samples) * WARM_UP_SHARE) :]
        growth = slope_a_minute(self.samples, "memory_bytes")
        self._check(growth, warm)
        print("\n| what | from | to | a minute |\n|---|---:|---:|---:|")
        print(f"| memory, MiB | {warm[0].memory_bytes / 2**20:.1f} | {last.memory_bytes / 2**20:.1f} | {growth / 2**20:+.3f} |")
        for name in ("descriptors", "threads", "events"):
            print(f"| {name} | {getattr(warm[0], name)} | {getattr(last, name)} | {slope_a_minute(self.samples, name):+.2f} |")
        slope = slope_a_minute(self.samples, "snapshot_seconds") * 1000
        print(f"| snapshot, ms | {warm[0].snapshot_seconds * 1000:.2f} | {last.snapshot_seconds * 1000:.2f} | {slope:+.3f} |")
        requests, struck = sum(proxy.asked.values()), sum(proxy.struck.values())
        print(f"\nMiniStack, {self._rate} messages/s sent, {rate:.0f}/s handled; {requests} requests, {struck} faults")
        print(f"{consumer.totals}")
        for problem in self.problems:
            print(f"PROBLEM: {problem}")

    def _check(self, growth: float, warm: Sequence[Sample]) -> None:
        minutes = (warm[-1].at - warm[0].at) / 60
        if growth > MOST_GROWTH_BYTES_A_MINUTE and minutes >= LONG_ENOUGH_MINUTES:
            self.problems.append(f"memory grows by {growth / 2**20:.2f} MiB a minute")
        for name in ("descriptors", "threads"):
            values = [getattr(each, name) for each in warm]
            third = max(1, len(values) // 3)
            if max(values[-third:]) > max(values[:third]) + MOST_MORE:
                self.problems.append(f"{name} grew: {max(values[:third])} → {max(values[-third:])}")
        if max(each.events for each in warm) > MAXIMUM_EVENTS:
            self.problems.append("the event log is not bounded")
        if sorted(each.snapshot_seconds for each in warm)[len(warm) // 2] > MOST_SNAPSHOT_SECONDS:
            self.problems.append("a snapshot takes too long")


def _handle(message: Message) -> None:
    """Nothing but looking at it."""
    message.json()


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=int, default=550, help="messages a second")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between samples")
    arguments = parser.parse_args()
    soak = Soak(arguments.rate, arguments.minutes, arguments.every)
    soak.run()
    return int(bool(soak.problems))


if __name__ == "__main__":
    sys.exit(main())
