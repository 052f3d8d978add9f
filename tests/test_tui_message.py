"""The message view: what a body wraps, what is copied and saved, and whose data is shown to whom."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError
from sqs_core.message import AttributeValue, Message
from sqs_core.model import MessageDetail, Outcome
from sqs_tui.body_view import QUICK_CHARACTERS
from sqs_tui.screens.message import MessageScreen, Privacy
from tui_canned import detail, snapshot
from tui_harness import dashboard

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tui_harness import Dashboard

INNER = json.dumps({"customer": {"email": "bob@example.com"}, "password": "hunter22", "total": 12})
BODY = json.dumps(
    {"Type": "Notification", "TopicArn": "arn:t", "Message": base64.b64encode(gzip.compress(INNER.encode())).decode()}
)
ATTRIBUTES = {"mail": AttributeValue("String", "bob@example.com"), "n": AttributeValue("Number", "3")}


async def opened(running: Dashboard, environment: str, folder: Path | None = None, body: str = BODY) -> MessageScreen:
    facade = running.facade
    facade.now = replace(snapshot(), engine=replace(snapshot().engine, environment=environment))
    detail = MessageDetail(Message("id-1", body, "", "orders", ATTRIBUTES), (), None, False)
    screen = MessageScreen(detail, None, Privacy.of(facade, detail), folder)
    await running.app.push_screen(screen)
    await running.pilot.pause()
    return screen


async def test_the_innermost_of_a_body_is_shown_and_the_layers_are_gone_through() -> None:
    async with dashboard(size=(120, 60)) as running:
        await opened(running, "local")
        assert '"total": 12' in running.text()
        assert "body › SNS notification › base64 › gzip" in running.text()
        await running.press("u")
        assert '"Type": "Notification"' in running.text()
        await running.press("u")
        assert "from arn:t" in running.text()
        assert "H4sI" in running.text()


async def test_why_a_message_failed_and_where_stands_above_its_body() -> None:
    said = detail(1, outcome=Outcome.GIVEN_UP, error="ValueError: no such currency: GBP", place="jobs.py:46 in handle")
    async with dashboard(size=(80, 24)) as running:
        await running.app.push_screen(MessageScreen(said, None))
        await running.pilot.pause()
        above = running.text().split("Body")[0]
        assert "error     ValueError: no such currency: GBP" in above
        assert "at        jobs.py:46 in handle" in above


async def test_what_is_copied_is_what_is_shown() -> None:
    async with dashboard(size=(120, 60)) as running:
        await opened(running, "local")
        await running.press("y")
        copied = running.app.clipboard
        assert json.loads(copied) == {**json.loads(INNER), "password": "***"}
        await running.press("r", "y")
        assert "\n" not in running.app.clipboard


async def test_personal_data_is_hidden_where_deployed_until_it_is_asked_for_and_logged() -> None:
    async with dashboard(size=(120, 60)) as running:
        await opened(running, "production")
        assert "bob@example.com" not in running.text()
        assert "•••" in running.text()
        running.facade.bench.refusal = ConfigurationError("the action log cannot be written")
        await running.press("H")
        assert "bob@example.com" not in running.text()
        assert "still hidden: the action log cannot be written" in running.text()
        running.facade.bench.refusal = None
        await running.press("H")
        assert "bob@example.com" in running.text()
        assert "hunter22" not in running.text()
        assert running.facade.bench.calls == [("unmask", "orders", "id-1")] * 2


async def test_in_local_it_is_shown_and_secrets_never(tmp_path: Path) -> None:
    async with dashboard(size=(120, 60)) as running:
        await opened(running, "local", tmp_path)
        assert "bob@example.com" in running.text()
        await running.press("H")
        assert "hunter22" not in running.text()
        assert running.facade.bench.calls == []


async def test_a_message_is_saved_as_it_is_shown(tmp_path: Path) -> None:
    async with dashboard(size=(120, 60)) as running:
        await opened(running, "staging", tmp_path, INNER)
        await running.press("s", "s")
    first, second = sorted(tmp_path.iterdir())
    assert (first.name, second.name) == ("message-id-1-1.json", "message-id-1.json")
    assert second.stat().st_mode & 0o777 == 0o600
    saved = json.loads(second.read_text())
    assert saved["attributes"] == {"mail": {"type": "String", "value": "•••"}, "n": {"type": "Number", "value": "3"}}
    assert json.loads(saved["body"]) == {"customer": {"email": "•••"}, "password": "***", "total": 12}


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    async with dashboard(size=(120, 60)) as running:
        await opened(running, "local", tmp_path / "absent")
        await running.press("s")
        assert "not saved" in running.text()


async def test_a_large_body_is_read_though_no_frame_tells_that_it_was_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MessageScreen, "call_after_refresh", lambda *_: False)
    async with dashboard(size=(120, 60)) as running:
        await opened(running, "local", body=f"the beginning {'x' * QUICK_CHARACTERS}")
        async with asyncio.timeout(20):
            while "the beginning" not in running.text():
                await running.pilot.pause(0.05)
