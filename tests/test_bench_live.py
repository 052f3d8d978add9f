"""The workbench over a real engine and a real server, by its keys: what they do to messages, and what they never do."""

from __future__ import annotations

import asyncio
import json
import random
import stat
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from consuming import bodies_in, depth, fill, receive_counts
from identity_servers import Denying, serve
from sqs_core.action_log import log_path
from sqs_core.bench import JobState, LookState
from sqs_core.engine import Engine
from sqs_core.handlers import make_handler
from sqs_core.settings import ConsumerSettings, make_connection_settings
from sqs_tui.commands import COMMANDS
from sqs_tui.dashboard import DashboardApp
from sqs_tui.departure import Departure
from sqs_tui.options import DashboardOptions
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient
    from textual.pilot import Pilot

    from servers import QueueFactory, TestQueue
    from sqs_core.bench import BenchView
    from sqs_core.message import Message
    from sqs_core.settings import ConnectionSettings

SLOWEST_SECONDS = 20.0
WRITES = {
    "ReceiveMessage", "SendMessage", "SendMessageBatch", "DeleteMessage", "DeleteMessageBatch", "PurgeQueue",
    "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteQueue", "CreateQueue", "SetQueueAttributes", "TagQueue",
    "StartMessageMoveTask",
}  # fmt: skip


class Bench:
    """A dashboard with an engine, on the bench of a queue."""

    def __init__(self, app: DashboardApp, pilot: Pilot[int], engine: Engine) -> None:
        self.app, self.pilot, self.engine = app, pilot, engine

    @property
    def view(self) -> BenchView:
        return self.engine.workbench().view()

    @property
    def on(self) -> str:
        return type(self.app.screen).__name__

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, true: Callable[[], bool], what: str) -> None:
        give_up = time.monotonic() + SLOWEST_SECONDS
        while not true():
            assert time.monotonic() < give_up, f"{what}: {self.view.state} {self.view.text} {self.view.job}"
            self.app.refresh_frame()
            await asyncio.sleep(0.02)
        self.app.refresh_frame()
        await self.pilot.pause()

    async def seen(self) -> None:
        await self.until(lambda: self.view.state is LookState.SHOWN, "the look")

    async def job(self, state: JobState) -> None:
        await self.until(lambda: self.view.job is not None and self.view.job.state is state, f"work {state}")

    def text(self) -> str:
        screen = self.app.screen
        lines = screen._compositor.render_strips(screen.size)
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines)


@asynccontextmanager
async def dashboard(
    connection: ConnectionSettings, queue: str, handler: Callable[[Message], None] | None = None
) -> AsyncIterator[Bench]:
    """With a handler its consumer runs; without one the queues are only listed."""
    consumers = [(queue, make_handler(handler))] if handler else []
    engine = Engine(connection, ConsumerSettings(wait_seconds=1, drain_timeout_seconds=5), consumers)
    app = DashboardApp(engine, DashboardOptions(fps=0.001), Departure(engine, lambda _code: None))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        bench = Bench(app, pilot, engine)
        if handler is None:
            table = app.screen.query_one("#browser", LiveTable)
            await bench.until(lambda: queue in {row.key for row in table.rows}, "the queue")
            table.move_to(queue)
        else:
            await bench.until(lambda: queue in app._main.frame.queues, "the queue")
        await pilot.pause()
        try:
            yield bench
        finally:
            engine.stop_now()
            engine.close()


def dead_letters(sqs: SQSClient, factory: QueueFactory, count: int) -> tuple[TestQueue, TestQueue]:
    queue = factory(max_receive_count=3)
    fill(sqs, queue.dead_letters, [json.dumps({"n": number, "type": "refund"}) for number in range(count)])
    return queue, queue.dead_letters


def numbers(sqs: SQSClient, url: str) -> list[int]:
    return sorted(json.loads(body)["n"] for body in bodies_in(sqs, url))


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
        await bench.until(lambda: len(bench.view.rows) == 4, "the look after it")
    assert set(numbers(ministack_sqs, queue.url)) == marked
    assert set(numbers(ministack_sqs, dead.url)) == set(range(6)) - marked


@pytest.mark.parametrize("no", ["n", "escape"])
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
    assert depth(ministack_sqs, dead.url) == (14, 0)


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


async def test_an_edited_body_goes_back_and_a_failed_edit_changes_nothing(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 1)
    editor = tmp_path / "editor"
    monkeypatch.setenv("EDITOR", str(editor))
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        monkeypatch.setattr(type(bench.app), "suspend", lambda _self: _Nothing())
        await bench.press("x")
        await bench.seen()
        for script in ("exit 3", "true"):
            editor.write_text(f"#!/bin/sh\n{script}\n")
            editor.chmod(stat.S_IRWXU)
            await bench.press("E")
            await bench.job(JobState.ENDED)
            assert depth(ministack_sqs, dead.url) == (1, 0)
        editor.write_text('#!/bin/sh\nsed -i s/refund/sale/ "$1"; stat -c %a "$1" > ' + str(tmp_path / "mode") + "\n")
        await bench.press("E")
        await bench.job(JobState.ASKING)
        await bench.press("y")
        await bench.job(JobState.ENDED)
    assert bodies_in(ministack_sqs, queue.url) == [json.dumps({"n": 0, "type": "sale"})]
    assert depth(ministack_sqs, dead.url) == (0, 0)
    assert (tmp_path / "mode").read_text().strip() == "600"


class _Nothing:
    """Nothing is suspended in a test: there is no terminal."""

    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


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
        bench.app.screen.query_one("#bench-filter").value = "= json.n >"  # type: ignore[attr-defined]
        await bench.press("slash")
        assert "is no JMESPath" in bench.text()
        await bench.press("escape", "o")
        assert "type: refund" in bench.text()
        await bench.press("enter")
        assert "6 of 9 match" in bench.text()
        await bench.press("asterisk")
        assert "6 marked" in bench.text()
        await bench.press("escape", "escape", "escape", "escape")
        assert bench.on != "BenchScreen"


def _deployed(env: str, url: str, monkeypatch: pytest.MonkeyPatch) -> ConnectionSettings:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPLANTED")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")
    return make_connection_settings(env=env, endpoint_url=url, region="us-east-1", allow_endpoints=("127.0.0.1",))


async def test_writes_are_locked_where_deployed_until_a_reason_is_typed(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 2)
    async with dashboard(_deployed("staging", ministack, monkeypatch), queue.name) as bench:
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


async def test_random_keys_in_a_locked_production_write_nothing(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 5)
    denying = Denying(ministack)
    dice = random.Random(5)
    keys = sorted({key for command in COMMANDS for key in command.keys} - {"q", "ctrl+c", "ctrl+q", "s"})
    keys += ["enter", "tab", "y", "c", "n", "escape", "ctrl+p", "a", "0", "backspace", "shift+tab"]
    with serve(denying.answer) as server:
        async with dashboard(_deployed("production", server.url, monkeypatch), queue.name) as bench:
            for _ in range(60):
                await bench.press(*dice.choices(keys, k=10))
                bench.app.refresh_frame()
    assert WRITES.isdisjoint(denying.asked)
    assert "GetQueueAttributes" in denying.asked, "it did look"
    assert receive_counts(ministack_sqs, dead) == [1] * 5


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


async def test_writes_that_were_locked_while_the_plan_asked_are_not_done(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 2)
    async with dashboard(_deployed("staging", ministack, monkeypatch), queue.name) as bench:
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


async def test_an_editor_that_cannot_even_be_given_the_body_holds_nothing(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 1)

    def broken(_body: str) -> str:
        raise OSError("no room")

    monkeypatch.setattr("sqs_tui.screens.bench_work.edit", broken)
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        monkeypatch.setattr(type(bench.app), "suspend", lambda _self: _Nothing())
        await bench.press("x")
        await bench.seen()
        await bench.press("E")
        await bench.job(JobState.ENDED)
        assert "no room" in bench.text()
    assert depth(ministack_sqs, dead.url) == (1, 0)
