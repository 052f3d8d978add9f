"""FIFO order of many groups while handlers fail, deletes fail, pools are resized and the consumer is killed."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import servers
from consuming import depth
from sqs_core.demo.chaos import ChaosProxy, Fault, Rule
from torturing import Row
from total_queue import Killer, judge, produce, read_lines
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

pytestmark = pytest.mark.sdk
VISIBILITY_SECONDS, SEED = 4, 100
ACKS_FAIL = [
    Rule(Fault.ERROR, "DeleteMessageBatch", probability=0.1, code="AccessDenied", status=403),
    Rule(Fault.LOST, "DeleteMessageBatch", probability=0.05),
    Rule(Fault.ERROR, "ChangeMessageVisibilityBatch", probability=0.1, code="AccessDenied", status=403),
]


def violations(finished: Iterable[str]) -> list[str]:
    """Where a group's order was broken; ids are GROUP/NUMBER, in the order they were finished. The one that was finished last
    may be finished again, for its delete may not have been proved."""
    last: dict[str, int] = defaultdict(lambda: -1)
    found = []
    for name in finished:
        group, _, number = name.partition("/")
        if int(number) not in (last[group], last[group] + 1):
            found.append(f"{name} after {last[group]}")
        last[group] = max(last[group], int(number))
    return found


def test_what_a_violation_is() -> None:
    assert violations(["a/0", "b/0", "a/0", "a/1", "b/1", "a/2"]) == []
    assert violations(["a/0", "a/2"]) == ["a/2 after 0"]
    assert violations(["a/0", "a/1", "a/0"]) == ["a/0 after 1"]
    assert violations(["a/1"]) == ["a/1 after -1"]


def test_each_group_keeps_its_order(
    tmp_path: Path,
    localstack: str,
    sqs: SQSClient,
    queue_factory: QueueFactory,
    scale: Callable[[tuple[int, int, int], tuple[int, int, int]], tuple[int, int, int]],
    table: Callable[[Row], None],
) -> None:
    groups, length, kills = scale((20, 15, 2), (100, 20, 20))
    queue = queue_factory(fifo=True, attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)})
    ids = [f"g{group}/{number}" for number in range(length) for group in range(groups)]
    sent, finished = tmp_path / "sent", tmp_path / "finished"
    produce(sqs, queue.url, ids, sent, group=lambda name: name.partition("/")[0])
    with ChaosProxy(localstack, *ACKS_FAIL, seed=SEED) as proxy:
        command = [sys.executable, str(Path(__file__).with_name("fifo_consumer.py")), proxy.url, queue.name, str(SEED)]
        keys = {"AWS_ACCESS_KEY_ID": servers.DUMMY_KEY, "AWS_SECRET_ACCESS_KEY": servers.DUMMY_KEY}
        environment = {**os.environ, **keys, "FINISHED_LOG": str(finished)}
        with Killer(command, finished, SEED, env=environment, cwd=tmp_path) as killer:
            for _ in range(kills):
                killer.kill_after_a_while(0.5)
            process = killer.start()
            wait_until(lambda: depth(sqs, queue.url) == (0, 0), 180, look_seconds=0.2)
            process.terminate()
            process.communicate(timeout=40)
    verdict = judge(sent, finished, killer.kills)
    broken = violations(line["id"] for line in read_lines(finished))
    note = f"{kills} SIGKILLs, resizes, handlers and acks fail; order violations {len(broken)}"
    table(Row(f"FIFO, {groups} groups of {length}", len(ids), len(verdict.ok), len(verdict.lost), verdict.times, note))
    assert broken == []
    assert (verdict.lost, verdict.unexpected) == (set(), set())
