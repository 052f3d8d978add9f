"""Bodies edited on the bench: the message is held meanwhile, and a failed edit changes nothing."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from benching import Nothing, dashboard, dead_letters
from consuming import bodies_in, depth, fill
from sqs_core.bench import JobState
from sqs_core.settings import make_connection_settings
from sqs_tui.screens.bench import BenchScreen

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


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
        monkeypatch.setattr(type(bench.app), "suspend", lambda _self: Nothing())
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
        assert f"1 goes to {queue.name}, deleted here" in bench.text()
        await bench.press("y")
        await bench.job(JobState.ENDED)
    assert bodies_in(ministack_sqs, queue.url) == [json.dumps({"n": 0, "type": "sale"})]
    assert depth(ministack_sqs, dead.url) == (0, 0)
    assert (tmp_path / "mode").read_text().strip() == "600"


async def test_the_marked_message_is_edited_and_of_several_none(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 3)
    edited: list[str] = []
    monkeypatch.setattr("sqs_tui.screens.bench_work.edit", edited.append)
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        monkeypatch.setattr(type(bench.app), "suspend", lambda _self: Nothing())
        await bench.press("x")
        await bench.seen()
        screen = bench.app.screen
        assert isinstance(screen, BenchScreen)
        first = screen.current()
        await bench.press("space")
        assert screen.current() != first, "the cursor has gone on"
        await bench.press("E")
        await bench.job(JobState.ENDED)
        assert first is not None
        assert edited == [first.message.body]
        await bench.press("space", "E")
        assert "2 messages are marked" in bench.text()
        assert len(edited) == 1
    assert depth(ministack_sqs, dead.url) == (3, 0)


async def test_an_editor_that_cannot_even_be_given_the_body_holds_nothing(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, dead = dead_letters(ministack_sqs, ministack_queue_factory, 1)

    def broken(_body: str) -> str:
        raise OSError("no room")

    monkeypatch.setattr("sqs_tui.screens.bench_work.edit", broken)
    async with dashboard(make_connection_settings(endpoint_url=ministack), queue.name) as bench:
        monkeypatch.setattr(type(bench.app), "suspend", lambda _self: Nothing())
        await bench.press("x")
        await bench.seen()
        await bench.press("E")
        await bench.job(JobState.ENDED)
        assert "no room" in bench.text()
    assert depth(ministack_sqs, dead.url) == (1, 0)


@pytest.mark.parametrize(("answer", "handled"), [("enter", 1), ("y", 2)])
async def test_a_finished_message_that_was_edited_is_sent_only_after_a_yes(
    answer: str,
    handled: int,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, ["before"])
    seen: list[str] = []
    monkeypatch.setattr("sqs_tui.screens.write_commands.edit", lambda _body: "after")
    connection = make_connection_settings(endpoint_url=ministack)
    async with dashboard(connection, queue.name, lambda message: seen.append(message.body)) as bench:
        monkeypatch.setattr(type(bench.app), "suspend", lambda _self: Nothing())
        await bench.until(lambda: len(bench.engine.snapshot().consumers[0].history) == 1, "the first")
        await bench.press("m", "E")
        assert bench.on == "Confirm"
        assert "5 characters" in bench.text()
        await bench.press(answer)
        await bench.until(lambda: len(seen) == handled, "what was sent")
    assert seen == ["before", "after"][:handled]
