"""Hostile text in every place where foreign text is drawn: shown exactly, obeyed nowhere."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from queue_canned import listing, unreadable
from sqs_core.errors import ConfigurationError
from sqs_core.model import (
    AttributeValue,
    CredentialReport,
    DeadLetterQueue,
    Level,
    Message,
    MessageDetail,
    Outcome,
    RunState,
    ThreadState,
)
from sqs_core.queue_listing import QueueDetails, Reading
from sqs_tui.commands import Pane
from sqs_tui.widgets.live_table import LiveTable
from tui_canned import (
    NOW,
    consumer,
    detail,
    empty_snapshot,
    event,
    finished,
    held,
    poller,
    quiet_consumer,
    snapshot,
    worker,
)
from tui_fakes import FakeFacade
from tui_harness import Dashboard, dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path

    from sqs_core.model import Snapshot

PAYLOADS = {
    "closing tag": ("[/foo]", "[/foo]"),
    "lone bracket": ("[/", "[/"),
    "unterminated": ("[b", "[b"),
    "style": ("[bold red]x[/]", "[bold red]x[/]"),
    "action": ("[@click=app.leave]x[/]", "[@click=app.leave]x[/]"),
    "escaped": ("\\[/x]", "\\[/x]"),
    "variable": ("[$error]x[/$error]", "[$error]x[/$error]"),
    "colour": ("\x1b[31mx", "⟨1B⟩[31mx"),
    "clipboard": ("\x1b]52;c;QQ==\x07", "⟨1B⟩]52;c;QQ==⟨07⟩"),
    "C1": ("\x9b2Jx\x9d", "⟨9B⟩2Jx⟨9D⟩"),
    "bidi": ("a\u202eb\u2066", "a⟨U+202E⟩b⟨U+2066⟩"),
    "NUL": ("a\x00b", "a⟨00⟩b"),
    "invisible": ("a\u200bb", "a⟨U+200B⟩b"),
    "newline": ("a\nb\tc", "a b c"),
}


EACH = 3
"""Dialogs over a screen are looked at with each third payload; their texts go through the same door as the screen's."""


def infested(payload: str, state: RunState = RunState.RUNNING) -> Snapshot:
    """A snapshot with the payload in every foreign field."""
    one = consumer(
        payload,
        state=state,
        handler=payload,
        dlq=DeadLetterQueue(payload, 3, 5),
        threads=(
            poller(1, ThreadState.BACKING_OFF, error=payload),
            worker(1, ThreadState.HANDLING, message_id=payload, error=payload),
        ),
        in_flight=(held(1, message_id=payload, group_id=payload, preview=payload),),
        history=(finished(1, Outcome.RETRIED, message_id=payload, error=payload), finished(2, preview=payload)),
    )
    engine = replace(snapshot().engine, endpoint=payload, region=payload, environment=payload)
    credentials = CredentialReport(payload, payload, payload, payload, warnings=(payload,))
    events = (event(payload, Level.ERROR, "poll.error", queue=payload),)
    return snapshot(one, engine=engine, credentials=credentials, events=events)


def assert_inert(running: Dashboard) -> None:
    """No character that a terminal obeys is on the screen."""
    obeyed = {c for c in running.text() if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert obeyed == {"\n"}
    assert running.facade.named("drain") == []


def row_texts(running: Dashboard, pane: Pane) -> list[str]:
    return [cell.text for row in running.main.table(pane).rows for cell in row.cells]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_on_the_dashboard(size: tuple[int, int]) -> None:
    async with dashboard(size=size) as running:
        for payload, visible in PAYLOADS.values():
            running.facade.now = infested(payload)
            await running.frame()
            assert_inert(running)
            lines = running.text().splitlines()
            assert visible in lines[0]
            assert visible in lines[1]
            assert f"✗ {visible}" in running.text()
            for pane in (Pane.WORKERS, Pane.POLLERS, Pane.IN_FLIGHT, Pane.HISTORY, Pane.EVENTS):
                assert visible in row_texts(running, pane)
            if size[0] == 200:
                assert f"handler {visible}" in running.text()
                assert f"dlq {visible} ~3" in running.text()


async def test_in_the_message_view() -> None:
    async with dashboard(size=(120, 60)) as running:
        await running.press("i")
        for number, (payload, visible) in enumerate(PAYLOADS.values()):
            running.facade.now = infested(payload)
            running.facade.details = {payload: infested_message(payload)}
            await running.frame()
            await running.press("enter")
            text = running.text()
            for line in (f"Message {visible}", f"queue     {visible}", f"group     {visible}", f"{visible}  {visible}"):
                assert line in text
            body = text.split("Body", 1)[1].splitlines()[1]
            assert ("a" if "\n" in payload else visible) in body
            assert_inert(running)
            if number % EACH == 0:
                await running.press("r")
                assert_inert(running)
                await running.press("R")
                assert f"Send 1 message to {visible} again?" in running.text()
                assert_inert(running)
                await running.press("escape")
            await running.press("escape")


def infested_message(payload: str) -> MessageDetail:
    """A message with the payload in every foreign field."""
    message = Message(
        message_id=payload,
        body=payload,
        receipt_handle="handle",
        queue=payload,
        typed_attributes={payload: AttributeValue(payload, payload)},
        system={payload: payload, "MessageGroupId": payload},
    )
    return MessageDetail(message, ((NOW, payload),), Outcome.RETRIED, True, payload, payload)


async def test_in_toasts() -> None:
    async with dashboard() as running:
        facade = running.facade
        for payload, visible in PAYLOADS.values():
            facade.refusals = {"pause": ConfigurationError(payload)}
            failed, sent = event(payload, Level.ERROR, "replay.failed"), event(payload, code="replay.sent")
            for events, keys in (((failed,), ()), ((failed, sent), ()), ((failed, sent), ("p",))):
                facade.now = snapshot(events=events)
                await running.frame()
                await running.press(*keys)
                assert [note.message for note in running.app._notifications] == [visible]
                assert visible in running.text()
                assert_inert(running)
                running.app.clear_notifications()


async def test_in_the_list_of_queues_and_the_choice_of_a_handler() -> None:
    async with dashboard(FakeFacade(empty_snapshot()), size=(80, 60)) as running:
        for number, (payload, visible) in enumerate(PAYLOADS.values()):
            running.facade.listing = listing([unreadable(payload, error=payload)], error=payload)
            running.facade.queues = {payload: infested_queue(payload)}
            running.facade.refusals = {"add_consumer": ConfigurationError(payload)}
            await running.frame()
            table = running.app.screen.query_one("#browser", LiveTable)
            assert [cell.text for cell in table.rows[0].cells].count(visible) == 2, "its name, and why it is denied"
            for line in (f"✗ denied: {visible}", f"✗ {visible}"):
                assert line in running.text()
            await running.press("enter")
            for line in (f"Queue {visible}", f"{visible}  {visible}", f"1 queue: {visible}"):
                assert line in running.text()
            assert_inert(running)
            await running.press("escape")
            if number % EACH:
                continue
            await running.press("c")
            assert f"Consume {visible} with this handler." in running.text()
            await running.press("enter")
            assert f"✗ {visible}" in running.text()
            assert_inert(running)
            await running.press("escape")


def infested_queue(payload: str) -> QueueDetails:
    """A queue with the payload in every foreign field."""
    words = tuple((name, payload) for name in ("Policy", "RedrivePolicy", "RedriveAllowPolicy", "QueueArn", payload))
    return QueueDetails(payload, payload, Reading.FAILED, NOW, payload, words, (payload,), payload, True, ((payload, payload),))


async def test_in_the_filter_and_the_scene() -> None:
    for payload, visible in list(PAYLOADS.values())[::4]:
        async with dashboard(FakeFacade(infested(payload)), scene=payload, size=(200, 50)) as running:
            assert f"scene {visible}" in running.text()
            running.main._viewer.filter_text = payload
            await running.frame()
            assert f"filter {visible}" in running.text()
            assert row_texts(running, Pane.IN_FLIGHT)
            assert_inert(running)


async def test_a_screenshot_of_hostile_text_is_valid_xml(tmp_path: Path) -> None:
    async with dashboard(screenshot_dir=tmp_path) as running:
        for payload, _ in PAYLOADS.values():
            running.facade.now = infested(payload)
            await running.frame()
            await running.press("s")
        for path in tmp_path.iterdir():
            ET.fromstring(path.read_text(encoding="utf-8"))
        assert len(list(tmp_path.iterdir())) == len(PAYLOADS)


async def test_a_click_on_foreign_markup_runs_nothing() -> None:
    async with dashboard(FakeFacade(infested("[@click=app.leave]xxxxxxxx[/]"))) as running:
        for y in range(0, 39, 3):  # the last line holds the keys, and a click on quit is meant to quit
            await running.pilot.click(offset=(30, y))
            await running.pilot.click(offset=(90, y))
        assert running.facade.named("drain") == []


async def test_the_backstop_cleans_what_came_past_the_door() -> None:
    async with dashboard() as running:
        from textual.content import Content

        line = running.main._line("#details")
        line.show(lambda _: Content("leak \x1b]52;c;x\x07 \u202e\x9b end"))
        await running.pilot.pause()
        assert "leak ]52;c;x  end" in running.text()
        assert_inert(running)


@pytest.mark.parametrize(
    "body", ["[" * 60_000, "[" * 900 + "]" * 900, "x" * 262_144, "[" * 262_144, '{"a":"' + "\\u001b" * 900 + '"}']
)
async def test_no_body_ends_the_dashboard(body: str) -> None:
    facade = FakeFacade(snapshot(quiet_consumer(in_flight=(held(1),))), details={held(1).message_id: detail(1, body=body)})
    async with dashboard(facade, size=(80, 24)) as running:
        await running.press("i", "enter", "r", "G")
        assert_inert(running)
        await running.press("escape")
        assert running.app.screen is running.main
