"""Viewers come and go, stand still and talk nonsense while a consumer works: nothing is lost, and nothing of theirs stays."""

from __future__ import annotations

import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from attaching import Raw
from consuming import Process, depth, fill
from sqs_core.remote.sockets import living_sockets
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

MESSAGES = 600
WARM_UP = 100
VISITS = 100
AT_ONCE = 3


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads and descriptors are counted in /proc")
def test_viewers_that_come_and_go_leave_nothing_behind(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue = queue_factory()
    with Process(localstack, queue.name, "--handler", "builtin:sleep?seconds=0.02", "--wait", "1") as process:
        process.wait_for("consumer.started")
        (path,) = living_sockets()
        with Raw(path) as first:  # what the first viewer makes the process load and open stays
            first.line()
            first.ask("frames", per_second=10)
        fill(sqs, queue, [f"warm {number}" for number in range(WARM_UP)])
        wait_until(lambda: depth(sqs, queue.url) == (0, 0))
        before = _threads(process.pid), _descriptors(process.pid)
        with Raw(path) as stuck, ThreadPoolExecutor(AT_ONCE + 1) as others:
            stuck.send(b'{"type": "frames", "id": 1, "per_second": 10}\n')
            over = threading.Event()
            nonsense = others.submit(_talk_nonsense, path, over)
            fill(sqs, queue, [f"body {number}" for number in range(MESSAGES)])
            visits = [others.submit(_visit, path) for _ in range(VISITS)]
            assert all(visit.result(DEADLINE_SECONDS) for visit in visits)
            over.set()
            assert nonsense.result(DEADLINE_SECONDS) > 0
        wait_until(lambda: depth(sqs, queue.url) == (0, 0))
        wait_until(lambda: _threads(process.pid) <= before[0] and _descriptors(process.pid) <= before[1])
        process.signal()
        report = process.end().report()
    sent = WARM_UP + MESSAGES
    assert (report["handled"], report["deleted"], report["redelivered"], report["leases_lost"]) == (sent, sent, 0, 0)


def _visit(path: Path) -> bool:
    with Raw(path) as viewer:
        hello = viewer.line()
        viewer.ask("frames", per_second=10)
        frame = viewer.line()
        return (hello or {}).get("type") == "hello" and (frame or {}).get("base", 0) is None


def _talk_nonsense(path: Path, over: threading.Event) -> int:
    spoken = 0
    while not over.wait(0.02):
        with contextlib.suppress(OSError), Raw(path) as viewer:
            viewer.send(os.urandom(500) + b"\n")
            viewer.line()
            spoken += 1
    return spoken


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
