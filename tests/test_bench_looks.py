"""Looking on the bench: what a look costs, and choosing by groups and filters."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from benching import dashboard
from consuming import depth, fill
from identity_servers import Denying, serve
from sqs_core.bench import LookState
from sqs_core.saved_filters import load_filters
from sqs_core.settings import make_connection_settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core.message import Message


async def test_without_an_emulators_page_a_look_waits_for_leave_and_is_told(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=2)
    fill(ministack_sqs, queue, ["one"])
    denying = Denying(ministack)

    def no_pages(server: Any, seen: Any) -> Any:
        return (404, "text/plain", "") if seen.path.startswith("/_") else denying.answer(server, seen)

    with serve(no_pages) as server:
        async with dashboard(make_connection_settings(endpoint_url=server.url), queue.name) as bench:
            await bench.press("m")
            await bench.until(lambda: bench.view.state is LookState.ASKING, "the question")
            assert "each message seen is received once more" in bench.text()
            assert "ReceiveMessage" not in denying.asked
            await bench.press("l")
            await bench.seen()
            assert "1 of about 1 seen by receiving, one receive each" in bench.text()
            await bench.press("l")
            await bench.until(lambda: bench.view.state is LookState.FAILED, "the refusal")
            assert "1 of 2 times" in bench.text()
    assert depth(ministack_sqs, queue.url) == (1, 0)


async def test_groups_and_filters_choose(ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    bodies = [json.dumps({"type": "refund" if number % 3 else "sale", "n": number}) for number in range(9)]
    fill(ministack_sqs, queue.dead_letters, bodies)
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        await bench.press("x")
        await bench.seen()
        await bench.press("slash")
        bench.app.screen.query_one("#bench-filter").value = "= json.n > `5`"  # type: ignore[attr-defined]
        await bench.press("enter")
        assert "3 of 9 match" in bench.text()
        assert bench.text().count(" page ") == 3, "each row says where it comes from"
        assert load_filters()[0] == "= json.n > `5`"
        bench.app.screen.query_one("#bench-filter").value = "= json.n >"  # type: ignore[attr-defined]
        await bench.press("slash")
        assert "is no JMESPath" in bench.text()
        await bench.press("escape", "enter")
        assert bench.on == "MessageScreen"
        assert re.search(r"state +visible", bench.text())
        await bench.press("escape", "o")
        assert "type: refund" in bench.text()
        await bench.press("enter")
        assert "6 of 9 match" in bench.text()
        await bench.press("asterisk")
        assert "6 marked" in bench.text()
        await bench.press("escape", "escape", "escape", "escape")
        assert bench.on != "BenchScreen"


async def test_a_list_that_is_longer_than_the_screen_says_which_rows_these_are(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, [str(number) for number in range(50)])
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        await bench.press("m")
        await bench.seen()
        first = re.search(r"1–(\d+) of 50", bench.text().splitlines()[0])
        assert first
        await bench.press("G")
        assert f"{51 - int(first[1])}–50 of 50" in bench.text().splitlines()[0]


async def test_a_dead_letter_says_what_ended_it_here(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=1)
    fill(ministack_sqs, queue, ["one"])

    def fail(message: Message) -> None:
        raise ValueError("[b]no such currency[/b]")

    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name, fail) as bench:
        await bench.until(lambda: depth(ministack_sqs, queue.dead_letters.url) == (1, 0), "the dead letter")
        await bench.press("x")
        await bench.seen()
        await bench.press("enter")
        assert bench.on == "MessageScreen"
        assert f"given-up in {queue.name}, receive 1: ValueError: [b]no such currency[/b]" in bench.text()
        assert "test_bench_looks.py:" in bench.text(), "the place in the handler's own code"
