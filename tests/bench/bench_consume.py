"""What a message costs on a stub server: CPU time and requests of this engine on both transports, of a plain boto3 loop, and of
fanferro (a library with a core in Rust) where it is installed.

`python bench_consume.py [--messages N] [--rounds N]`. Each contender runs in a process of its own, on a core of its
own where there are two; the rounds take turns, so that a busy machine hurts both alike. CPU time is
`time.process_time` of the contender, from making the client to the last delete, after a small run that pays for the
imports.
"""

from __future__ import annotations

import argparse
import http.client
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
GOAL_REQUESTS_PER_MESSAGE = 0.21
GOAL_CPU_TO_BOTO3_LOOP, GOAL_CPU_TO_FANFERRO = 0.25, 0.9
FANFERRO_CONCURRENCY = 20
WARM_UP_MESSAGES = 200
TIMEOUT_SECONDS = 120
# The engine's last poll is out when the queue runs dry; nothing is measured while it is held.
HOLD_SECONDS = 0.2


def boto3_loop(endpoint_url: str, messages: int) -> None:
    """Receive 10, delete 10, in one thread."""
    import boto3

    session = boto3.Session("test", "test", region_name="us-east-1")
    client = session.client("sqs", endpoint_url=endpoint_url)
    url = client.get_queue_url(QueueName="bench")["QueueUrl"]
    done = 0
    while done < messages:
        batch = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)["Messages"]
        entries: Any = [{"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(batch)]
        done += len(client.delete_message_batch(QueueUrl=url, Entries=entries)["Successful"])


def lean_engine(endpoint_url: str, messages: int) -> None:
    """This engine with a handler that does nothing."""
    _run_engine(endpoint_url, messages, "lean")


def boto3_engine(endpoint_url: str, messages: int) -> None:
    """The same over the SDK's clients."""
    _run_engine(endpoint_url, messages, "boto3")


def _run_engine(endpoint_url: str, messages: int, transport: str) -> None:
    from sqs_core import Consumer

    consumer = Consumer("bench", handler="builtin:noop", workers=8, pollers=2, endpoint_url=endpoint_url, transport=transport)
    consumer.run(max_messages=messages)


def fanferro_consumer(endpoint_url: str, messages: int) -> None:
    """As its documentation has it, with a handler that does nothing."""
    import asyncio

    fanferro: Any = importlib.import_module("fanferro")

    async def consume() -> None:
        client = fanferro.Client(
            region="us-east-1", endpoint_url=endpoint_url, credentials=fanferro.Credentials("test", "test"), auto_provision=False
        )
        async with client:
            done = 0
            consumer = client.consumer(client.queue("bench"), concurrency=FANFERRO_CONCURRENCY)

            async def handle(_message: Any) -> None:
                nonlocal done
                done += 1
                if done == messages:
                    consumer.request_stop()

            consumer.default(handle)
            await consumer.run()

    asyncio.run(consume())


CONTENDERS: dict[str, Callable[[str, int], None]] = {
    "boto3 loop": boto3_loop,
    "fanferro": fanferro_consumer,
    "engine, boto3": boto3_engine,
    "engine, lean": lean_engine,
}


def installed() -> list[str]:
    """The contenders that can run here."""
    missing = [] if importlib.util.find_spec("fanferro") else ["fanferro"]
    return [name for name in CONTENDERS if name not in missing]


def contend(name: str, endpoint_url: str, messages: int) -> None:
    """In the contender's process: run, and print the CPU seconds it took."""
    run = CONTENDERS[name]
    control(endpoint_url, f"/reset?messages={WARM_UP_MESSAGES}")
    run(endpoint_url, WARM_UP_MESSAGES)
    control(endpoint_url, f"/reset?messages={messages}")
    began = time.process_time()
    run(endpoint_url, messages)
    print(json.dumps(time.process_time() - began))


def control(endpoint_url: str, path: str) -> dict[str, Any]:
    """Ask the stub server something that is not SQS's."""
    connection = http.client.HTTPConnection(urlsplit(endpoint_url).netloc, timeout=10)
    try:
        connection.request("GET", path)
        answer: dict[str, Any] = json.load(connection.getresponse())
    finally:
        connection.close()
    return answer


@contextmanager
def stub_server() -> Iterator[str]:
    """The stub server on the last core; yields its endpoint URL."""
    command = [sys.executable, str(HERE / "stub_server.py"), str(HOLD_SECONDS)]
    with subprocess.Popen(_pinned(command, -1), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


def _pinned(command: list[str], at: int) -> list[str]:
    """The command on one core, where cores can be chosen and there are at least two."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return command
    core = sorted(os.sched_getaffinity(0))[at]
    pin = f"import os, sys; os.sched_setaffinity(0, [{core}]); os.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-c", pin, *command]


def measure(name: str, endpoint_url: str, messages: int) -> dict[str, float]:
    """One run of one contender, in the table's units."""
    command = [
        sys.executable,
        __file__,
        "--contender",
        name,
        "--endpoint-url",
        endpoint_url,
        "--messages",
        str(messages),
    ]
    child = subprocess.run(
        _pinned(command, 0), stdout=subprocess.PIPE, env=_environment(), timeout=TIMEOUT_SECONDS, check=True, text=True
    )
    counters = control(endpoint_url, "/counters")
    if counters["deleted"] != messages:
        raise SystemExit(f"{name} deleted {counters['deleted']} of {messages} messages: nothing to compare")
    return {
        "cpu": json.loads(child.stdout.splitlines()[-1]) * 1e6 / messages,
        "requests": sum(counters["requests"].values()) / messages,
        "rate": messages / counters["busy_seconds"],
    }


def _environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "APP_ENV"}
    return clean | {"AWS_EC2_METADATA_DISABLED": "true"}


def report(results: dict[str, list[dict[str, float]]]) -> str:
    """The table: medians, with the least and the most of the rounds."""
    lines = [f"{'':14}  {'CPU µs/message':>24}  {'requests/message':>16}  {'messages/s':>10}"]
    medians = {}
    for name, rounds in results.items():
        costs = [one["cpu"] for one in rounds]
        medians[name] = statistics.median(costs)
        requests = statistics.median(one["requests"] for one in rounds)
        rate = statistics.median(one["rate"] for one in rounds)
        cost = f"{medians[name]:.1f} ({min(costs):.1f}..{max(costs):.1f})"
        lines.append(f"{name:14}  {cost:>24}  {requests:>16.3f}  {rate:>10,.0f}")
    ours = "engine, lean"
    for peer, goal in (("boto3 loop", GOAL_CPU_TO_BOTO3_LOOP), ("fanferro", GOAL_CPU_TO_FANFERRO)):
        if peer in results:
            ratios = [mine["cpu"] / theirs["cpu"] for mine, theirs in zip(results[ours], results[peer], strict=True)]
            lines.append(_verdict(f"CPU, {ours} to {peer}, median of the rounds' ratios", statistics.median(ratios), goal))
        else:
            lines.append(f"{peer} is not installed here: skipped")
    requests = statistics.median(one["requests"] for one in results[ours])
    lines.append(_verdict(f"requests per message, {ours}", requests, GOAL_REQUESTS_PER_MESSAGE))
    return "\n".join(lines)


def _verdict(what: str, value: float, goal: float) -> str:
    return f"{what}: {value:.3f} <= {goal}: {'met' if value <= goal else 'MISSED'}"


def main() -> None:
    """Run the rounds and print the table, or be one contender."""
    parser = argparse.ArgumentParser(description="CPU and requests per message")
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, help="these contenders alone")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--endpoint-url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        contend(options.contender, options.endpoint_url, options.messages)
        return
    results: dict[str, list[dict[str, float]]] = {name: [] for name in options.only or installed()}
    with stub_server() as endpoint_url:
        for _ in range(options.rounds):
            for name, rounds in results.items():
                rounds.append(measure(name, endpoint_url, options.messages))
    print(f"{options.messages:,} messages of 256 B, median (least..most) of {options.rounds} rounds")
    print(report(results))


if __name__ == "__main__":
    main()
