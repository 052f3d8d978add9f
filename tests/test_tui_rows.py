"""Snapshots become rows, words and numbers: all pure."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from sqs_core.matching import Query
from sqs_core.model import DeadLetterQueue, Depth, Level, Outcome, Percentiles, ThreadState
from sqs_tui import format as shown
from sqs_tui import pane_rows, rows, summary
from sqs_tui.filtering import filtered
from sqs_tui.spark import curve
from sqs_tui.trends import Trends
from sqs_tui.viewer import Frame
from tui_canned import NOW, consumer, event, finished, held, message_id, poller, quiet_consumer, snapshot, worker


def texts(row: rows.Row) -> list[str]:
    return [cell.text for cell in row.cells]


def test_a_busy_worker_shows_message_and_age_and_an_idle_one_a_clock_time_only() -> None:
    busy = worker(1, ThreadState.HANDLING, NOW - 7, message_id=message_id(1), handled=12, failed=1)
    first, second = pane_rows.worker_rows(consumer(threads=(busy, worker(2, since=NOW - 61))), NOW)
    assert texts(first) == ["worker-1", "handling", "a41be7f0", "09:59:53", "7s", "12", "1", ""]
    assert texts(second) == ["worker-2", "idle", "", "09:58:59", "", "0", "0", ""]
    assert pane_rows.worker_rows(consumer(threads=(worker(2),)), NOW) == pane_rows.worker_rows(
        consumer(threads=(worker(2),)), NOW + 99
    )


def test_in_flight_rows_say_who_holds_and_how_long_the_lease_runs() -> None:
    waiting = held(2, worker=None, receive_count=3, extensions=2, group_id="g", received_at=NOW - 9, lease_expires_at=NOW - 1)
    first, second = pane_rows.in_flight_rows(consumer(in_flight=(held(1, lease_expires_at=NOW + 15), waiting)), NOW, 30.0)
    assert texts(first)[:7] == ["19c0ffee", "buffer", "09:59:51", "3", "expired", "2", "g"]
    assert texts(second)[4] == "━━╌╌╌  15s"
    assert first.message_id == message_id(2)


def test_a_message_whose_handler_is_done_is_no_longer_its_workers() -> None:
    for settling, said in (("delete", "deleting"), ("return", "returning"), (None, "worker-1")):
        row = pane_rows.in_flight_rows(consumer(in_flight=(held(1, worker="worker-1", settling=settling),)), NOW, 30.0)[0]
        assert texts(row)[1] == said


def test_a_depth_that_could_not_be_read_again_says_of_when_it_is() -> None:
    old = snapshot(consumer(depth=Depth(118, 0, 0, None, NOW - 60), dlq=DeadLetterQueue("orders-dlq", 3, 5)))
    new = snapshot(consumer(depth=Depth(118, 0, 0, None, NOW - 5), dlq=DeadLetterQueue("orders-dlq", 3, 5)))
    unread = snapshot(consumer(depth=Depth(118, 0, 0, None, NOW - 60), dlq=DeadLetterQueue("orders-dlq", None, 5)))
    said = []
    for seen in (old, new, unread):
        frame = Frame(seen, queues=("orders",), selected="orders")
        cells, _ = summary.queue_table(frame, Trends(), 120)
        said.append((texts(cells[0])[5].strip(), summary.details(frame, None, 120).plain.partition("dlq ")[2].strip()))
    assert said == [
        ("depth ~118 as of 09:59:00", "orders-dlq ~3 as of 09:59:00 after 5 receives"),
        ("depth ~118", "orders-dlq ~3 after 5 receives"),
        ("depth ~118 as of 09:59:00", "orders-dlq ? after 5 receives"),
    ]


def test_history_is_newest_first_and_keys_of_one_message_differ() -> None:
    same = finished(0, Outcome.RETRIED, error="boom")
    again = replace(same, finished_at=NOW - 100, outcome=Outcome.HANDLED, error=None)
    shown_rows = pane_rows.history_rows(consumer(history=(again, same, same)))
    newer = pane_rows.history_rows(consumer(history=(again, same, same, finished(1), finished(2))))
    assert [row.key for row in newer[2:]] == [row.key for row in shown_rows]
    assert [row.cells[2].text for row in shown_rows] == ["↻ retried", "↻ retried", "✓ handled"]
    assert len({row.key for row in shown_rows}) == 3
    assert {row.message_id for row in shown_rows} == {same.message_id}
    assert shown_rows[0].cells[4].text == "boom"


def test_repeated_events_are_one_line_with_a_count() -> None:
    events = [event("one"), event("more", Level.WARNING, at=NOW, count=37)]
    newest, oldest = pane_rows.event_rows(events, of_several=False)
    assert texts(newest) == ["10:00:00", "▲", "×37 more"]
    assert texts(oldest) == ["09:59:30", "·", "one"]


def test_an_event_names_its_queue_where_there_are_several() -> None:
    ours, nobodys = pane_rows.event_rows([event("one", at=NOW), event("all", queue=None)], of_several=True)
    assert (texts(ours)[-1], texts(nobodys)[-1]) == ("orders: one", "all")


def test_tables_are_capped_and_say_how_many_are_not_shown() -> None:
    many = consumer(in_flight=tuple(held(n) for n in range(1000)))
    shown_rows = pane_rows.in_flight_rows(many, NOW, 30.0)
    assert len(shown_rows) == rows.ROW_LIMIT + 1
    assert shown_rows[-1].cells[0].text == "… 800 more"
    ended = pane_rows.history_rows(consumer(history=tuple(finished(n) for n in range(1000))))
    assert (len(ended), ended[-1].key, ended[-1].cells) == (rows.ROW_LIMIT + 1, rows.MORE_KEY, shown_rows[-1].cells)
    assert ended[rows.ROW_LIMIT - 1].message_id == message_id(20 + 1000 - rows.ROW_LIMIT)


def test_of_late_rows_those_in_sight_are_made_once() -> None:
    made: list[int] = []

    def make(index: int) -> rows.Row:
        made.append(index)
        return rows.Row(str(index))

    late = rows.LateRows(50, make)
    assert [row.key for row in (*late[10:12], late[10], late[-1])] == ["10", "11", "10", "49"]
    assert made == [10, 11, 49]
    assert len(late[45:99]) == 5
    with pytest.raises(IndexError):
        late[50]


@pytest.mark.parametrize(
    ("needle", "matching"), [("", 3), ("A41BE7F0", 1), ("damaged", 1), ("customer-7", 1), ("worker-2", 1), ("nothing", 0)]
)
def test_the_filter_looks_at_id_body_group_and_worker(needle: str, matching: int) -> None:
    three = consumer(in_flight=(held(1), held(2), held(3, group_id="customer-77", worker=None)))
    assert len(pane_rows.in_flight_rows(filtered(three, Query(needle), NOW), NOW, 30.0)) == matching


def test_changed_lines_are_those_that_differ_or_vanished() -> None:
    one, two, three = (rows.Row(key, (rows.Cell(key),)) for key in "abc")
    changed, anywhere = rows.Row("b", (rows.Cell("B"),)), range(9)
    assert rows.changed_lines([one, two, three], [one, two, three], anywhere) == []
    assert rows.changed_lines([one, two, three], [one, changed, three], anywhere) == [1]
    assert rows.changed_lines([one, two, three], [one], anywhere) == [1, 2]
    assert rows.changed_lines([one], [one, two], anywhere) == [1]
    assert rows.changed_lines([one, two, three], [changed, changed], range(1, 2)) == [1]


def test_a_row_that_nobody_looks_at_is_not_made() -> None:
    made: list[str] = []

    def cells(text: str) -> rows.Cells:
        made.append(text)
        return (rows.Cell(text),)

    def row(key: str) -> rows.Row:
        return rows.Row(key, make=cells, arguments=(key,))

    old, new = [row(key) for key in "abc"], [row(key) for key in "abc"]
    assert rows.changed_lines(old, new, range(1, 2)) == []
    assert made == ["b", "b"]
    assert texts(new[1]) == ["b"]
    assert made == ["b", "b"]
    assert old[1] == new[1]
    assert old[0] != new[1]


@pytest.mark.parametrize(("key", "index", "expected"), [("c", 0, 2), ("gone", 1, 1), ("gone", 9, 2), (None, 1, 1)])
def test_the_cursor_follows_its_key(key: str | None, index: int, expected: int) -> None:
    assert rows.anchored([rows.Row(each, ()) for each in "abc"], key, index) == expected


def test_the_cursor_in_an_empty_table_is_at_its_start() -> None:
    assert rows.anchored([], "a", 5) == 0


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (9_999, "9,999"), (10_000, "10.0k"), (99_949, "99.9k"), (99_951, "100k"), (999_499, "999k"), (999_500, "1.0M")],
)
def test_counts_take_five_characters_at_most(number: int, text: str) -> None:
    assert shown.count(number) == text


def test_unknown_is_never_zero() -> None:
    assert shown.approximate(None) == "?"
    assert shown.approximate(0) == "~0"
    assert shown.milliseconds(None) == "–"
    assert shown.rate(None) == "?/s"
    assert shown.ratio(0, 0) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0s"), (99.9, "99s"), (100, "1m40"), (3_599, "59m59"), (3_700, "1h01"), (900_000, "10d")]
)
def test_durations(seconds: float, text: str) -> None:
    assert shown.duration(seconds) == text


def test_rates_are_over_the_last_seconds_and_change_once_a_second() -> None:
    trends = Trends()
    said = []
    for tick in range(40):
        at = NOW + tick * 0.25
        totals = replace(consumer().totals, received=tick * 10, deleted=tick * 5)
        trends.observe(snapshot(consumer(totals=totals), at=at))
        said.append(trends.rates("orders").received)
    assert said[0] is None
    assert said[-1] == pytest.approx(40.0)
    assert trends.rates("orders").deleted == pytest.approx(20.0)
    assert sum(1 for before, after in pairwise(said) if before != after) <= 10
    trends.observe(snapshot(quiet_consumer("other")))
    assert trends.rates("orders").received is None


@pytest.mark.parametrize("late_seconds", [-0.05, 0.0, 0.05])
def test_a_curve_has_a_value_for_each_second_though_frames_come_early_or_late(late_seconds: float) -> None:
    trends = Trends()
    for second in range(60):
        poll = Percentiles(12.0, 33.0, 41.0, 50.0, second)
        one = consumer(latency_ms=replace(consumer().latency_ms, poll=poll))
        trends.observe(snapshot(one, at=NOW + second + late_seconds * (second % 2)))
    assert len(trends.series("orders").poll) == 60


def test_latency_curves_grow_only_while_messages_come() -> None:
    trends = Trends()
    for tick in range(10):
        trends.observe(snapshot(at=NOW + tick))
    assert trends.series("orders").poll == (12.0,)


def test_a_curve_scales_to_its_peak() -> None:
    assert curve([0, 4, 8], 4, 1) == [" ▁▄█"]
    assert curve([8, 4], 2, 2) == ["█ ", "██"]
    assert curve([], 3, 1) == ["   "]
    assert curve([1], 0, 1) == [""]


def test_a_poll_that_is_out_for_longer_than_it_may_take_says_so() -> None:
    polls = consumer(threads=(poller(1, since=NOW - 26),), wait_seconds=20)
    for now, said in ((NOW, "no answer for 26s; a poll takes 20 s at most"), (NOW - 2, "")):
        assert texts(pane_rows.poller_rows(polls, now)[0])[-1] == said
