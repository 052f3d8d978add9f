"""Kills at random moments lose nothing, and what comes twice is explained by a kill; a broken design is caught."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import servers
from consuming import PROGRAM, depth
from sqs_core.demo.chaos import ChaosProxy, Fault, Rule
from torturing import Row
from total_queue import HANDLERS, Killer, judge, produce
from waiting import wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue

pytestmark = pytest.mark.sdk
VISIBILITY_SECONDS = 5
WORKERS = 16
SEED = 5000


class Room:
    """A directory with handlers and logs, and a queue."""

    def __init__(self, directory: Path, queue: TestQueue, sqs: SQSClient) -> None:
        self.directory, self.queue, self.sqs = directory, queue, sqs
        self.sent, self.finished = directory / "sent", directory / "finished"
        (directory / "jobs.py").write_text(HANDLERS)

    def killer(self, command: list[str], seed: int) -> Killer:
        keys = {"AWS_ACCESS_KEY_ID": servers.DUMMY_KEY, "AWS_SECRET_ACCESS_KEY": servers.DUMMY_KEY}
        environment = {**os.environ, **keys, "FINISHED_LOG": str(self.finished)}
        return Killer(command, self.finished, seed, env=environment, cwd=self.directory)

    def drained(self) -> bool:
        return depth(self.sqs, self.queue.url) == (0, 0)


@pytest.fixture
def room(tmp_path: Path, sqs: SQSClient, queue_factory: QueueFactory) -> Room:
    return Room(tmp_path, queue_factory(attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}), sqs)


def consume(room: Room, endpoint_url: str, *more: str) -> list[str]:
    """The command of a consumer."""
    queue, workers = room.queue.name, str(WORKERS)
    options = ["--handler", "jobs:handle", "--workers", workers, "--pollers", "4", "--wait", "1", "--headless", *more]
    return [str(PROGRAM), "--endpoint-url", endpoint_url, "consume", queue, *options]


def test_kills_at_random_moments_lose_nothing(
    room: Room,
    localstack: str,
    make_client: Callable[[str], SQSClient],
    scale: Callable[[int, int], int],
    table: Callable[[Row], None],
) -> None:
    messages, kills = scale(360, 5000), scale(2, 50)
    ids = [f"order-{number:05}" for number in range(messages)]
    lost_answers = Rule(Fault.LOST, "SendMessageBatch", probability=0.05)
    with ChaosProxy(localstack, lost_answers, seed=SEED) as proxy:
        produce(make_client(proxy.url), room.queue.url, ids, room.sent)
    with room.killer(consume(room, localstack), SEED) as killer:
        for _ in range(kills):
            killer.kill_after_a_while(1.2)
        process = killer.start_and_wait()
        wait_until(room.drained, 120, look_seconds=0.2)
        process.terminate()
        out, _ = process.communicate(timeout=40)
    report: dict[str, Any] = json.loads(out)
    verdict = judge(room.sent, room.finished, killer.kills)
    note = (
        f"{kills} SIGKILLs, {dict(killer.by_phase)}; recovered {len(verdict.recovered)}, unexplained {len(verdict.unexplained)}"
    )
    table(
        Row(f"{messages} messages, {WORKERS} workers, killed", messages, len(verdict.ok), len(verdict.lost), verdict.times, note)
    )
    assert (verdict.lost, verdict.unexpected, verdict.unexplained) == (set(), set(), set())
    assert verdict.ok | verdict.recovered == set(ids)
    assert (process.returncode, report["in_flight_at_exit"]) == (0, 0)


def test_a_consumer_that_deletes_before_it_handles_is_caught(
    room: Room, localstack: str, scale: Callable[[int, int], int], table: Callable[[Row], None]
) -> None:
    messages, kills = scale(150, 600), scale(2, 10)
    produce(room.sqs, room.queue.url, [f"order-{number:05}" for number in range(messages)], room.sent)
    broken = [sys.executable, str(Path(__file__).with_name("early_deleter.py")), localstack, room.queue.url]
    with room.killer(broken, SEED) as killer:
        for _ in range(kills):
            killer.kill_after_a_while(0.3)
            if room.drained():
                break
        process = killer.start()
        wait_until(room.drained, 60, look_seconds=0.2)
        process.terminate()
        process.communicate(timeout=20)
    verdict = judge(room.sent, room.finished, killer.kills)
    table(
        Row("control: deletes before handling, killed", messages, len(verdict.ok), len(verdict.lost), verdict.times, "must lose")
    )
    assert verdict.lost, "the control loses nothing, so the check would see nothing either"


def test_a_test_that_fails_leaves_no_consumer_behind(tmp_path: Path) -> None:
    def fail() -> None:
        with Killer(["sleep", "600"], tmp_path / "finished", SEED) as killer:
            started.append(killer.start())
            raise RuntimeError

    started: list[subprocess.Popen[bytes]] = []
    with pytest.raises(RuntimeError):
        fail()
    assert started[0].returncode is not None


def _write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_verdict(tmp_path: Path) -> None:
    sent = [
        {"id": name, "proved": proved} for name, proved in [("a", False), ("a", True), ("b", True), ("c", False), ("d", False)]
    ]
    sent += [{"id": name, "proved": True} for name in ("e", "f")]
    finished = [
        {"id": name, "pid": pid, "at": at, "receives": 1}
        for name, pid, at in [
            ("a", 1, 1.0),
            ("c", 1, 2.0),
            ("x", 1, 2.0),
            ("e", 1, 3.0),
            ("e", 2, 9.0),
            ("f", 2, 4.0),
            ("f", 2, 5.0),
        ]
    ]
    path = _write(tmp_path / "finished", finished)
    with path.open("a") as log:
        log.write('{"id": "b", "pid": 1')
    verdict = judge(_write(tmp_path / "sent", sent), path, {1: 3.5})
    assert verdict.ok == {"a", "c", "e", "f"}
    assert (verdict.lost, verdict.unexpected, verdict.recovered) == ({"b"}, {"x"}, {"c"})
    assert (verdict.duplicated, verdict.unexplained, verdict.times) == ({"e", "f"}, {"f"}, 2)
