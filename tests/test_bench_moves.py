"""The bench over a real engine and a real server, by its keys: what goes back, and what never moves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benching import dashboard, dead_letters, numbers
from consuming import depth
from sqs_core.bench import JobState
from sqs_core.settings import make_connection_settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core.message import Message


async def test_marked_dead_letters_go_back_and_no_others(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 6)
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        await bench.press("x")
        await bench.seen()
        assert bench.on == "BenchScreen"
        assert "6 of 6 seen on the emulator's own page, at no cost" in bench.text()
        await bench.press("space", "space")
        assert "2 marked" in bench.text()
        marked = {json.loads(row.message.body)["n"] for row in bench.view.rows[:2]}
        await bench.press("R")
        await bench.job(JobState.ASKING)
        assert bench.on == "JobScreen"
        assert f"2 go to {queue.name}" in bench.text()
        assert depth(ministack_sqs, dead.url) == (0, 6), "held while it asks"
        await bench.press("y")
        await bench.job(JobState.ENDED)
        assert "2 moved, 0 skipped, 0 uncertain, 0 failed" in bench.text()
        assert bench.text().count("moved: ") == 2, "a line for each"
        await bench.until(lambda: len(bench.view.rows) == 4, "the look after it")
    assert set(numbers(ministack_sqs, queue.url)) == marked
    assert set(numbers(ministack_sqs, dead.url)) == set(range(6)) - marked


@pytest.mark.parametrize("no", ["n", "escape", "enter"])
async def test_no_moves_nothing(no: str, ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 3)
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        await bench.press("x")
        await bench.seen()
        await bench.press("asterisk", "R")
        await bench.job(JobState.ASKING)
        await bench.press(no)
        await bench.job(JobState.ENDED)
        assert bench.on == "BenchScreen"
    assert depth(ministack_sqs, dead.url) == (3, 0), "handed back at once"
    assert depth(ministack_sqs, queue.url) == (0, 0)


async def test_the_canary_stops_a_move_when_it_fails_again(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 15)

    def fail(message: Message) -> None:
        raise ValueError("still broken")

    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name, fail) as bench:
        await bench.press("x")
        await bench.seen()
        await bench.press("asterisk", "R")
        await bench.job(JobState.ASKING)
        await bench.press("c")
        await bench.job(JobState.ENDED)
        assert "the rest stays" in bench.text()
        assert "1 moved, 0 skipped, 0 uncertain, 0 failed" in bench.text()
    assert depth(ministack_sqs, dead.url)[0] in (14, 15), "the one that was moved may have died again"


async def test_the_canary_lets_all_go_when_it_is_handled(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 15)
    seen: list[int] = []
    async with dashboard(
        make_connection_settings(endpoint_url=ministack), queue.name, lambda message: seen.append(message.json()["n"])
    ) as bench:
        await bench.press("x")
        await bench.seen()
        await bench.press("asterisk", "R")
        await bench.job(JobState.ASKING)
        await bench.press("c")
        await bench.job(JobState.ENDED)
        assert "15 moved" in bench.text()
        await bench.until(lambda: len(seen) == 15, "all handled")
    assert sorted(seen) == list(range(15))
    assert depth(ministack_sqs, dead.url) == (0, 0)


async def test_messages_move_to_a_queue_that_is_named(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    localstack: str,
    sqs: SQSClient,
    queue_factory: QueueFactory,
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 4)
    near, far = ministack_queue_factory(), queue_factory()
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        for to, said in ((near.name, near.name), (f"{localstack}/000000000000/{far.name}", localstack)):
            await bench.press("x")
            await bench.seen()
            await bench.press("space", "M")
            bench.app.screen.query_one("#typed").value = to  # type: ignore[attr-defined]
            await bench.press("enter")
            await bench.job(JobState.ASKING)
            assert said in bench.text()
            await bench.press("y")
            await bench.job(JobState.ENDED)
            assert "1 moved" in bench.text()
            await bench.press("escape", "escape", "escape")
    moved = [*numbers(ministack_sqs, near.url), *numbers(sqs, far.url)]
    assert len(moved) == 2
    assert sorted([*moved, *numbers(ministack_sqs, dead.url)]) == [0, 1, 2, 3]


async def test_a_plan_takes_a_rate_and_can_be_cancelled_on_its_way(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 12)
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        await bench.press("x")
        await bench.seen()
        await bench.press("asterisk", "R")
        await bench.job(JobState.ASKING)
        assert "r sets a rate" in bench.text()
        await bench.press("r", "0", "enter")
        assert "a rate of 0 is not between 0 and 10,000 messages a second" in bench.text()
        await bench.press("backspace", "x", "enter")
        assert "'x' is no number" in bench.text()
        await bench.press("backspace", "2", "enter")
        await bench.until(lambda: "at most 2 messages a second" in bench.text(), "the rate")
        await bench.press("y")
        await bench.until(lambda: bench.view.job is not None and bench.view.job.done >= 2, "the first of them")
        await bench.press("escape")
        await bench.job(JobState.ENDED)
        assert "cut short: cancelled" in bench.text()
    moved = len(numbers(ministack_sqs, queue.url))
    assert 2 <= moved < 12, "twelve at once would have been one step"
    assert len(numbers(ministack_sqs, dead.url)) == 12 - moved, "the rest is there and visible"
