"""A fleet of simulated pods with real consumers: a stand-in `kubectl` runs the real bridge, on a real server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from cluster import Cluster, cluster
from consuming import PROGRAM, fill, wait_for_depth
from fleet_screen import FleetScreenDriver, fleet_screen
from sqs_core.remote.fleet import Fleet
from sqs_core.remote.resolving import candidates, sources
from sqs_core.words import LinkPhase
from tui_harness import plain_environment  # noqa: F401 - a fixture
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue

TARGET = "k8s:staging/app=orders"
SETTLE_SECONDS = 60.0
MESSAGES = 30
LOOPING = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}


@pytest.fixture
def queue(ministack_queue_factory: QueueFactory) -> TestQueue:
    return ministack_queue_factory()


@pytest.fixture
def six(clean_environment: Path, monkeypatch: pytest.MonkeyPatch, ministack: str, queue: TestQueue) -> Iterator[Cluster]:
    """Two pods that one consumer stands for, a slow one, one that only lets itself be watched, one without sqs-tui, one that
    crash-loops."""
    with cluster(clean_environment) as made:
        made.install(monkeypatch)
        made.start("quick", ministack, queue.name, "--handler", "builtin:noop")
        made.start("slow", ministack, queue.name, "--handler", "builtin:sleep?seconds=0.3", "--workers", "2", "--batch", "2")
        made.start("watched", ministack, queue.name, "--handler", "builtin:noop", control=False)
        for name, consumer in (("orders-1", "quick"), ("orders-2", "quick"), ("orders-3", "slow"), ("orders-4", "watched")):
            made.set(name, consumer=consumer)
        made.set("orders-5", trouble="no tool")
        made.set("orders-6", state=LOOPING, restarts=7)
        yield made


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(PROGRAM), *arguments], capture_output=True, text=True, timeout=120, env=os.environ.copy())


def handled_by_consumer() -> dict[str, int]:
    """What each pod's consumer has handled, asked past the fleet."""
    members = json.loads(run("snapshot", TARGET).stdout)["members"]
    return {
        each["pod"]["name"]: sum(one["totals"]["handled"] for one in each["snapshot"]["consumers"])
        for each in members
        if each["snapshot"]
    }


def test_snapshot_and_control_tell_of_each_member(six: Cluster) -> None:
    done = run("snapshot", TARGET)
    assert done.returncode == 1, "two members failed"
    told = json.loads(done.stdout)
    assert (told["schema"], list(told)) == (1, ["schema", "at", "members"])
    errors = {each["target"]: each["error"] for each in told["members"]}
    assert [name for name, error in errors.items() if error is None] == [f"pod/orders-{number}" for number in range(1, 5)]
    assert "make pyz" in errors["pod/orders-5"]
    assert errors["pod/orders-6"] == "CrashLoopBackOff: back-off 5m0s"
    assert told["members"][5]["pod"]["restarts"] == 7
    done = run("control", "deploy/orders", "pause", "--json")
    assert done.returncode == 1
    results = {line["target"]: line["ok"] for line in map(json.loads, done.stdout.splitlines())}
    assert [name for name, ok in results.items() if ok] == ["pod/orders-1", "pod/orders-2", "pod/orders-3"]
    done = run("control", "pod/orders-4", "pause")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sqs-tui: pod/orders-4: pause is refused: this consumer is view only;")


def test_a_member_that_is_stuck_holds_nobody_up(six: Cluster) -> None:
    found = sources([TARGET])
    fleet = Fleet(found)
    fleet.start(candidates(found))
    try:
        wait_until(lambda: fleet.view().totals.answering == 4, SETTLE_SECONDS)
        six.signal("slow", signal.SIGSTOP)
        wait_until(lambda: fleet.view().members[2].phase is LinkPhase.STALLED, SETTLE_SECONDS)
        errand = fleet.command("pause", [member.key for member in fleet.view().members])
        wait_until(lambda: [each.ok for each in errand.results().values()].count(None) == 1)
        assert errand.summary() == "pause: 2 done, 3 failed, 1 to answer"
        wait_until(lambda: errand.results()["staging/orders-3"].ok is False)
        assert errand.results()["staging/orders-3"].text == "no answer in time; it may have been done all the same"
        six.signal("slow", signal.SIGCONT)
        wait_until(lambda: fleet.view().totals.answering == 4, SETTLE_SECONDS)
    finally:
        fleet.close()


class Watching(FleetScreenDriver):
    """The screen over a real fleet."""

    fleet: Fleet

    async def until(self, condition: Callable[[], Any]) -> None:
        """Draw until it is so."""
        end = time.monotonic() + SETTLE_SECONDS
        while not condition():
            assert time.monotonic() < end, self.text()
            await asyncio.sleep(0.05)
            await self.draw()

    async def shows(self, *texts: str) -> None:
        await self.until(lambda: all(text in self.text() for text in texts))


async def test_one_screen_of_six_pods(six: Cluster, ministack: str, ministack_sqs: SQSClient, queue: TestQueue) -> None:
    found = sources([TARGET])
    fleet = Fleet(found)
    try:
        async with fleet_screen(fleet, candidates(found)) as driver:
            screen = Watching(driver.app, driver.pilot)
            screen.fleet = fleet
            await screen.shows("4 of 6 answer", "no sqs-tui", "CrashLoopBackO", "1 no sqs-tui, 1 CrashLoopBackOff")
            await has_the_right_totals(screen, ministack_sqs, queue)
            await tells_what_came_of_a_command(screen)
            await follows_who_comes_and_goes(screen, six, ministack, queue)
            await opens_a_member_and_comes_back(screen)
            await screen.press("q")
        assert driver.app.return_value == 0
    finally:
        fleet.close()
    assert set(handled_by_consumer()) >= {"orders-1", "orders-3", "orders-4"}, "the consumers go on"


async def has_the_right_totals(screen: Watching, sqs: SQSClient, queue: TestQueue) -> None:
    await asyncio.to_thread(fill, sqs, queue, map(str, range(MESSAGES)))
    await asyncio.to_thread(wait_for_depth, sqs, queue.url, (0, 0), SETTLE_SECONDS)
    truth = await asyncio.to_thread(handled_by_consumer)
    assert truth["orders-1"] == truth["orders-2"], "one consumer stands for both"
    assert truth["orders-1"] + truth["orders-3"] + truth["orders-4"] == MESSAGES
    await screen.shows(f"handled {sum(truth.values())}", "workers 0/26", "held 0")


async def tells_what_came_of_a_command(screen: Watching) -> None:
    await screen.press("asterisk", "p")
    await screen.shows("pause: 3 done, 3 failed", "✓ all queues: pausing", "✗ view only", "✗ not connected", "○ paused")
    await screen.press("r")
    await screen.shows("✗ pod/orders-4", "it takes commands when it is started with --control", "✓ pod/orders-3")
    await screen.press("escape", "p")
    await screen.shows("resume: 3 done, 3 failed", "● running")
    await screen.until(lambda: "paused" not in screen.text())


async def follows_who_comes_and_goes(screen: Watching, six: Cluster, ministack: str, queue: TestQueue) -> None:
    six.kill("quick")
    await screen.shows("2 of 6 answer")
    six.remove("orders-6")
    six.set("orders-7", consumer="slow")
    await asyncio.to_thread(screen.fleet.look)
    await screen.shows("3 of 6 answer", "pod/orders-6 left", "pod/orders-7 came")
    await asyncio.to_thread(six.start, "quick", ministack, queue.name, "--handler", "builtin:noop")
    await screen.shows("5 of 6 answer")
    six.trouble = "forbidden"
    six.write()
    await asyncio.to_thread(screen.fleet.look)
    await screen.shows("who is there is not known now", "5 of 6 answer")
    six.trouble = ""
    six.write()


async def opens_a_member_and_comes_back(screen: Watching) -> None:
    await screen.press("escape", "escape", "home", "enter")
    await screen.shows("attached to pod/orders-1", "worker-1")
    await screen.press("escape")
    await screen.shows("5 of 6 answer")
    wait_until(lambda: screen.fleet.view().totals.answering == 5)
