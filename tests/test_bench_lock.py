"""Deployed environments are locked: nothing is written until a reason is typed, whatever keys are pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benching import dashboard, dead_letters, deployed
from consuming import depth, fill
from sqs_core.bench import JobState
from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


async def test_writes_are_locked_where_deployed_until_a_reason_is_typed(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 2)
    async with dashboard(deployed("staging", ministack, monkeypatch), queue.name) as bench:
        await bench.press("x")
        await bench.seen()
        await bench.press("R")
        assert bench.view.job is None
        assert "writes are locked in staging: ! unlocks them" in bench.text()
        await bench.press("escape", "exclamation_mark", *"ticket", "enter", "x")
        await bench.seen()
        await bench.press("R")
        await bench.job(JobState.ASKING)
        assert "STAGING" in bench.text()
        await bench.press("y")
        await bench.job(JobState.ENDED)
        await bench.press("escape", "escape", "at")
        assert "for 10 minutes — ticket" in bench.text()
        assert "moved — ticket" in bench.text()
        await bench.press("escape", "exclamation_mark")
        assert bench.engine.workbench().lock().locked
    assert depth(ministack_sqs, dead.url) == (1, 0)


async def test_writes_that_were_locked_while_the_plan_asked_are_not_done(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 2)
    async with dashboard(deployed("staging", ministack, monkeypatch), queue.name) as bench:
        bench.engine.workbench().unlock("ticket")
        await bench.press("x")
        await bench.seen()
        await bench.press("R")
        await bench.job(JobState.ASKING)
        bench.engine.workbench().relock()
        await bench.press("y")
        await bench.job(JobState.ENDED)
        assert "writes are locked in staging" in bench.text()
    assert depth(ministack_sqs, dead.url) == (2, 0)


async def test_nothing_is_consumed_from_the_screen_while_writes_are_locked(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, ["a"])
    async with dashboard(deployed("staging", ministack, monkeypatch), queue.name) as bench:
        await bench.press("c")
        assert bench.on == "BrowserScreen"
        assert "consuming receives" in bench.text()
        with pytest.raises(ConfigurationError, match="counts as writing"):
            bench.engine.add_consumer(queue.name, "builtin:noop")
        assert depth(ministack_sqs, queue.url) == (1, 0)
        await bench.press("exclamation_mark", *"ticket", "enter", "c", *"builtin", "colon", *"noop", "enter")
        await bench.until(lambda: bool(bench.engine.snapshot().consumers), "the consumer")
        await bench.until(lambda: depth(ministack_sqs, queue.url) == (0, 0), "what it handled")
