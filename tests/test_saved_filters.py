"""Filters of earlier runs: the newest are kept, privately and whole; whatever is wrong with the file is no error."""

from __future__ import annotations

import json
import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from sqs_core.saved_filters import MOST_FILTERS, NAME, load_filters, remember_filter
from sqs_core.state_directory import state_directory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file() -> Path:
    return state_directory() / NAME


def test_the_newest_come_first_each_once_and_not_too_many(file: Path) -> None:
    assert load_filters() == []
    for number in range(MOST_FILTERS + 5):
        remember_filter(f"receives>{number}")
    remember_filter("receives>20")
    kept = load_filters()
    assert kept[:3] == ["receives>20", "receives>24", "receives>23"]
    assert len(kept) == len(set(kept)) == MOST_FILTERS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [NAME]


@pytest.mark.parametrize("text", ["", "  ", "x" * 201, "password=hunter2hunter2", "AKIAABCDEFGHIJKLMNOP"])
def test_what_is_empty_too_long_or_secret_is_not_kept(text: str) -> None:
    remember_filter(text)
    assert load_filters() == []


def test_a_text_that_no_file_can_hold_is_not_kept_and_hurts_nothing(file: Path) -> None:
    remember_filter("sound")
    remember_filter("\ud800")
    assert "sound" in load_filters()
    assert [path.name for path in file.parent.iterdir()] == [NAME]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b'{"a": 1}',
        b"[" * 60_000,
        b'["' + b"x" * 70_000 + b'"]',
        json.dumps([1, None, [], ""]).encode(),
    ],
)
def test_a_broken_file_is_no_error_and_is_replaced(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert load_filters() == []
    remember_filter("age>60")
    assert load_filters() == ["age>60"]


def test_a_pipe_in_its_place_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    read: list[list[str]] = []
    thread = threading.Thread(target=lambda: read.append(load_filters()), daemon=True)
    thread.start()
    thread.join(10)
    assert read == [[]]


def test_where_nothing_can_be_written_nothing_is_raised(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    remember_filter("age>60")
    assert load_filters() == []


def test_a_write_that_fails_keeps_what_was_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember_filter("age>60")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sqs_core.saved_filters.json.dump", full)
    remember_filter("age>90")
    assert load_filters() == ["age>60"]
    assert [path.name for path in file.parent.iterdir()] == [NAME]
