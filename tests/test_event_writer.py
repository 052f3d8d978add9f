"""The event log of a headless run: it never floods, and a reader that is stuck never stops whoever reports."""

from __future__ import annotations

import io
import json
import logging
import os
import threading
import warnings
from typing import TYPE_CHECKING

from sqs_core.model import Event, Level
from sqs_tui import event_writer
from sqs_tui.event_writer import EventWriter
from waiting import DEADLINE_SECONDS

if TYPE_CHECKING:
    import pytest


def _event(count: int = 1, code: str = "poll.error") -> Event:
    return Event(0.0, Level.ERROR, code, "orders", "no answer\x1b[2J\n", count)


def test_equal_events_are_written_ever_more_seldom() -> None:
    stream = io.StringIO()
    writer = EventWriter([stream])
    for count in range(1, 1001):
        writer(_event(count))
    writer.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["count"] for line in lines] == [1, 10, 100, 1000]
    assert "\x1b" not in stream.getvalue()


def test_a_refusal_is_left_to_the_line_that_ends_the_run() -> None:
    stream = io.StringIO()
    writer = EventWriter([stream])
    writer(_event(code="consumer.refused"))
    writer.close()
    assert stream.getvalue() == ""


def test_a_stuck_reader_stops_nobody_and_what_was_dropped_is_counted() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as stuck:
        writer = EventWriter([stuck])

        def flood() -> None:
            for _ in range(event_writer.MAXIMUM_WAITING + 5000):
                writer(_event())

        report = threading.Thread(target=flood, daemon=True)
        report.start()
        report.join(20)
        assert not report.is_alive(), "reporting waited for the reader"
        lines: list[dict[str, object]] = []
        while len(lines) < event_writer.MAXIMUM_WAITING:
            lines.append(json.loads(reader.readline()))
        writer(_event())
        while "dropped_before" not in lines[-1]:
            lines.append(json.loads(reader.readline()))
        assert lines[-1]["dropped_before"]
        writer.close()


def test_what_the_process_logs_warns_of_and_dies_of_are_lines_of_the_same_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    root, stream = logging.getLogger(), io.StringIO()
    writer, handlers = EventWriter([stream]), list(root.handlers)
    logging.captureWarnings(capture=False)  # a command that another test ran in this process may have begun to
    event_writer.log_through(writer)
    try:
        logging.getLogger("jobs").warning("paid\n%s", "twice", extra={"queue": "orders", "message_id": "m-1"})
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", DeprecationWarning, stacklevel=1)
        ended = threading.Thread(target=lambda: 1 / 0, name="own")
        ended.start()
        ended.join(DEADLINE_SECONDS)
        writer(_event())
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
    writer.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["code"] for line in lines] == ["jobs", "py.warnings", "threading", "poll.error"]
    assert all(isinstance(line[name], str) for line in lines for name in ("at", "level", "code", "text"))
    assert [line["queue"] for line in lines] == ["orders", None, None, "orders"]
    assert lines[0]["message_id"] == "m-1"
    assert lines[0]["text"] == "paid\ntwice"
    assert "thread own ended: " in lines[2]["text"]
    assert "division by zero" in lines[2]["text"]
