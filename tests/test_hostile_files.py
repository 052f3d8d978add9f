"""Files somebody else has made: imported on a terminal and consumed on one, or played. Their text is text everywhere."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

from hostile_peer import said
from hostile_screens import CLASSES, MARK
from hostile_terminals import ESCAPE, WALK, Command, leaks
from recordings import recording_file
from torturing import Row
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import pytest

    from servers import QueueFactory

HANDLER = "def handle(message):\n    raise LookupError(f'{message.body} {message.attributes}')\n"
FEW = (b"i", b"\r", b"r", ESCAPE, b"m", b"\r", b"u", ESCAPE, b"e", b"L", ESCAPE)


def hostile_lines(payloads: Iterable[str]) -> Iterator[dict[str, Any]]:
    """For each payload a message that is full of it, and lines that are none in as many ways."""
    for payload in payloads:
        binary = base64.b64encode(payload.encode("utf-8", "surrogatepass")).decode()
        attributes = {"note": {"type": "String", "value": payload}, "raw": {"type": "Binary", "value": binary}}
        yield {"schema": 1, "body": payload, "attributes": attributes}
        yield {"schema": 1, "body": json.dumps({"text": payload, payload: [payload]})}
        yield {"schema": payload, "body": payload}
        yield {"schema": 1, "body": payload, "attributes": {payload: 1}}
        yield {"schema": 1, "body": payload, "attributes": {"a": {"type": payload, "value": payload}}}
        yield {"schema": 1, "body": payload, "attributes": {payload: {"type": "Binary", "value": payload}}}
        yield {
            "schema": 1,
            "body": payload,
            "group_id": payload,
            "message_id": payload,
            "received_at": payload,
            "outcome": payload,
        }


def test_an_imported_file_is_text(
    ministack: str,
    ministack_queue_factory: QueueFactory,
    clean_environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    scale: Callable[[tuple[bytes, ...], tuple[bytes, ...]], tuple[bytes, ...]],
    table: Callable[[Row], None],
) -> None:
    queue, home = ministack_queue_factory(), clean_environment
    monkeypatch.chdir(home)
    (home / "hostile.py").write_text(HANDLER)
    lines = [json.dumps(line) for line in hostile_lines(CLASSES.values())]
    file = home / f"in\x1b[{MARK}m\u202e.jsonl"
    file.write_text("\n".join([*lines, "[" * 100_000, '{"schema": 1' + "\u009b\u202e", "9" * 5_000]) + "\n")
    arguments = ["--endpoint-url", ministack]
    with Command([*arguments, "import", str(file), queue.name, "--skip-unreadable"]) as terminal:
        terminal.until(b"[y/N]")
        terminal.press(b"y\r")
        code = terminal.ended(60.0)
        seen = terminal.seen
    assert code in (0, 1), seen[-2000:]
    assert b"sent" in seen
    consume = ["consume", queue.name, "--handler", "hostile:handle", "--wait", "1", "--drain-timeout", "1", "--workers", "2"]
    with Command([*arguments, *consume]) as terminal:
        wait_until(lambda: terminal.read(0.05) and b"LookupError" in terminal.seen)
        terminal.walk(scale(FEW, WALK))
        terminal.press(b"q")
        assert terminal.ended(20.0) in (0, 1)
        seen += terminal.seen
    found = leaks(seen)
    table(Row("an imported file of hostile text", len(lines), len(lines) if not found else 0, note=f"{len(found)} leaks"))
    assert found == []


def test_a_recording_is_text(
    clean_environment: Path,
    scale: Callable[[list[str], list[str]], list[str]],
    table: Callable[[Row], None],
) -> None:
    payloads = scale(["".join(CLASSES.values())], list(CLASSES.values()))
    file = clean_environment / os.fsdecode(b"in\xff\x1b[%sm.jsonl" % MARK.encode())
    seen = b""
    for payload in payloads:
        recording_file(file, [said(payload)] * 3, note=payload)
        with Command(["play", str(file)]) as terminal:
            wait_until(lambda terminal=terminal: terminal.read(0.05) and b" speed " in terminal.seen)  # type: ignore[misc]
            terminal.walk((b" ", b".", b"m", b"\r", b"I", ESCAPE, b"e", ESCAPE, b"L", ESCAPE, b"p", b"0"))
            terminal.press(b"q")
            assert terminal.ended(20.0) == 0
            seen += terminal.seen
    found = leaks(seen)
    table(Row("a recording of hostile text", len(payloads), len(payloads) if not found else 0, note=f"{len(found)} leaks"))
    assert found == []
