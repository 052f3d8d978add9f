"""The record of looks: private, one look at a time, and no cost is forgotten before its message is gone."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sqs_core import look_record
from sqs_core.look_record import open_record
from sqs_core.state_directory import state_directory
from sqs_tui import demo_command
from sqs_tui.cli import cli

if TYPE_CHECKING:
    import pytest


def test_the_record_is_private_and_forgets_what_is_past_its_retention() -> None:
    with open_record("http://e", "http://e/q", now=1000.0) as record:
        record.begin(2000.0)
    folder = Path(os.environ["XDG_STATE_HOME"]) / "sqs-tui" / look_record.FOLDER
    (path,) = folder.iterdir()
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    with open_record("http://e", "http://e/q", now=1999.0) as record:
        assert record.worst == 1
    with open_record("http://e", "http://e/q", now=2001.0) as record:
        assert record.worst == 0
    with open_record("http://e", "http://e/other", now=1000.0) as record:
        assert record.worst == 0


def test_only_one_look_at_a_time() -> None:
    second = threading.Event()

    def look() -> None:
        with open_record("http://e", "http://e/q", now=0.0):
            second.set()

    with open_record("http://e", "http://e/q", now=0.0):
        thread = threading.Thread(target=look)
        thread.start()
        assert not second.wait(0.3)
    thread.join(5)
    assert second.is_set()


def test_a_line_cut_by_a_crash_is_no_end_of_a_look() -> None:
    with open_record("http://e", "http://e/q", now=0.0) as record:
        record.begin(10.0)
        record.end(10.0)
        record.begin(10.0)
    (path,) = (Path(os.environ["XDG_STATE_HOME"]) / "sqs-tui" / look_record.FOLDER).iterdir()
    with path.open("a") as file:
        file.write('{"ended": "')
    with open_record("http://e", "http://e/q", now=0.0) as record:
        assert record.worst == 1
        record.begin(10.0)  # on a line of its own
    with open_record("http://e", "http://e/q", now=0.0) as record:
        assert record.worst == 2


def test_the_demo_leaves_no_record_where_others_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = state_directory()
    used: list[Path] = []

    def rehearse(*_: object) -> int:
        with open_record("http://e", "http://e/made-up", now=0.0) as record:
            record.begin(10.0)
        used.append(state_directory())
        assert list(used[0].rglob("*.jsonl"))
        return 0

    monkeypatch.setattr(demo_command, "_rehearse", rehearse)
    cli.main(["demo", "--headless"], standalone_mode=False)
    assert not used[0].exists()
    assert not list(kept.rglob("*.jsonl"))
    assert state_directory() == kept
