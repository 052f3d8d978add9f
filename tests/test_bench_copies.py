"""What the bench sends a second time and what it deletes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benching import dashboard, dead_letters, numbers
from consuming import depth, fill, receive_counts
from sqs_core.action_log import log_path
from sqs_core.bench import JobState
from sqs_core.settings import make_connection_settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


async def test_copies_go_elsewhere_and_the_originals_stay(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    localstack: str,
    sqs: SQSClient,
    queue_factory: QueueFactory,
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 3)
    other = queue_factory()
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        await bench.press("x")
        await bench.seen()
        await bench.press("asterisk", "C")
        bench.app.screen.query_one("#typed").value = f"{localstack}/000000000000/{other.name}"  # type: ignore[attr-defined]
        await bench.press("enter")
        await bench.job(JobState.ASKING)
        await bench.press("y")
        await bench.job(JobState.ENDED)
        assert "3 sent, 0 skipped" in bench.text()
    assert numbers(sqs, other.url) == [0, 1, 2]
    assert receive_counts(ministack_sqs, dead) == [1, 1, 1], "not received by copying"


async def test_what_was_handled_here_is_sent_again_from_the_bench(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, [json.dumps({"n": number}) for number in range(4)])
    seen: list[int] = []
    async with dashboard(
        make_connection_settings(endpoint_url=ministack), queue.name, lambda message: seen.append(message.json()["n"])
    ) as bench:
        await bench.until(lambda: len(seen) == 4, "all handled")
        await bench.until(lambda: len(bench.engine.snapshot().consumers[0].history) == 4, "all ended")
        await bench.press("b")
        await bench.seen()
        assert "that our workers hold or have handled, at no cost" in bench.text()
        again = [json.loads(row.message.body)["n"] for row in bench.view.rows[:2]]
        await bench.press("space", "space", "R")
        await bench.job(JobState.ASKING)
        assert "the originals stay" in bench.text()
        await bench.press("y")
        await bench.job(JobState.ENDED)
        assert "2 sent, 0 skipped" in bench.text()
        await bench.until(lambda: len(seen) == 6, "handled again")
    assert sorted(seen[4:]) == sorted(again)


async def test_a_delete_asks_for_the_name_and_writes_a_backup(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 3)
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        await bench.press("x")
        await bench.seen()
        await bench.press("space", "ctrl+d", *"yes", "enter")
        assert "type the queue's name" in bench.text()
        assert depth(ministack_sqs, dead.url) == (3, 0)
        bench.app.screen.query_one("#typed").value = dead.name  # type: ignore[attr-defined]
        await bench.press("enter")
        await bench.job(JobState.ASKING)
        await bench.press("y")
        await bench.job(JobState.ENDED)
        assert "1 deleted" in bench.text()
    assert depth(ministack_sqs, dead.url) == (2, 0)
    results = [json.loads(line)["result"] for line in log_path().read_text().splitlines()]
    assert results == ["begun", "deleted"]
    (backup,) = (log_path().parent / "backups").glob("*.jsonl")
    assert len(backup.read_text().splitlines()) == 1


async def test_a_purge_asks_for_the_name_and_then_says_how_many(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, ["a", "b", "c"])
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        for answer, left in (("enter", 3), ("y", 0)):
            bench.app.screen.action_command("purge")  # type: ignore[attr-defined]
            await bench.press(*"all", "enter")
            assert "type the queue's name" in bench.text()
            bench.app.screen.query_one("#typed").value = queue.name  # type: ignore[attr-defined]
            await bench.press("enter")
            await bench.job(JobState.ASKING)
            assert "about 3 visible messages" in bench.text()
            assert ministack in bench.text()
            await bench.press(answer)
            await bench.job(JobState.ENDED)
            await bench.press("escape")
            assert depth(ministack_sqs, queue.url) == (left, 0)
    results = [(line["operation"], line["result"]) for line in map(json.loads, log_path().read_text().splitlines())]
    assert results == [("purge", "begun"), ("purge", "purged")]
