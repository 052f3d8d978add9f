"""The event log: equal events collapse, runs end, and it is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakes import FakeClock
from sqs_core.events import MAXIMUM_EVENTS, MAXIMUM_TEXT, Code, EventLog
from sqs_core.model import Level

if TYPE_CHECKING:
    from sqs_core.model import Event


def _error(log: EventLog, text: str, queue: str | None = "orders", collapse: str | None = None) -> None:
    log.record(Level.ERROR, Code.POLL_ERROR, queue, text, collapse=collapse)


def _lines(log: EventLog) -> list[tuple[str, int]]:
    return [(event.text, event.count) for event in log.snapshot()]


def test_equal_events_are_one_line_with_a_count_and_the_newest_time() -> None:
    time = FakeClock()
    log = EventLog(time.clock())
    for _ in range(3):
        time.advance(5)
        _error(log, "refused")
    (event,) = log.snapshot()
    assert (event.count, event.at) == (3, time.now)


def test_a_key_collapses_what_differs_in_text_and_shows_the_newest() -> None:
    log = EventLog()
    _error(log, "after 1 s", collapse="transport")
    _error(log, "after 2 s", collapse="transport")
    _error(log, "denied", collapse="auth")
    assert _lines(log) == [("after 2 s", 2), ("denied", 1)]


def test_queues_and_codes_are_kept_apart() -> None:
    log = EventLog()
    for queue in ("a", "b", None):
        _error(log, "x", queue)
    log.record(Level.ERROR, Code.ACK_ERROR, "a", "x")
    assert [event.count for event in log.snapshot()] == [1, 1, 1, 1]


def test_a_repeat_moves_to_the_end() -> None:
    log = EventLog()
    for text in ("one", "two", "one"):
        _error(log, text)
    assert _lines(log) == [("two", 1), ("one", 2)]


def test_a_run_that_was_closed_stays_and_the_next_event_is_a_line_of_its_own() -> None:
    log = EventLog()
    _error(log, "down", collapse="transport")
    _error(log, "down", collapse="transport")
    assert log.close(Code.POLL_ERROR, "orders", "transport") == 2
    assert log.close(Code.POLL_ERROR, "orders", "transport") == 0
    _error(log, "down again", collapse="transport")
    assert _lines(log) == [("down", 2), ("down again", 1)]


def test_the_log_is_bounded_in_lines_and_in_text() -> None:
    log = EventLog()
    for number in range(MAXIMUM_EVENTS + 50):
        _error(log, f"{number} " + "x" * 10_000)
    events = log.snapshot()
    assert len(events) == MAXIMUM_EVENTS
    assert events[0].text.startswith("50 ")
    assert max(len(event.text) for event in events) == MAXIMUM_TEXT


def test_a_snapshot_is_the_same_while_nothing_happens() -> None:
    log = EventLog()
    _error(log, "one")
    assert log.snapshot() is log.snapshot()


def test_a_listener_hears_repeats_too() -> None:
    heard: list[Event] = []
    log = EventLog(on_event=heard.append)
    for _ in range(3):
        _error(log, "again")
    assert [event.count for event in heard] == [1, 2, 3]


def test_secrets_in_a_text_are_masked() -> None:
    log = EventLog()
    log.record(Level.INFO, Code.ENGINE_WARNING, None, "password=hunter2-XYZZY")
    assert [event.text for event in log.snapshot()] == ["password=***"]
