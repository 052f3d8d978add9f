"""The browser's rows: filtered, sorted, counted; what is not known is said and never a 0."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from queue_canned import listing, queue, shop, unread, unreadable
from sqs_core.queue_listing import QueueListing, Reading
from sqs_tui.queue_rows import (
    QueueRows,
    SortBy,
    View,
    columns,
    has_unknown_sources,
    matching,
    ordered,
    queue_row,
    title,
    when_empty,
)
from sqs_tui.rows import Tone

if TYPE_CHECKING:
    from sqs_tui.rows import Cell, Row


def names(view: View, of: QueueListing | None = None) -> list[str]:
    """The names that a view shows, in its order."""
    of = of or shop()
    return [each.name for each in ordered(matching(of.queues, view), of, view)]


def cells(row: Row) -> dict[str, Cell]:
    """A row's cells by the title of their column."""
    return {column.title: cell for column, cell in zip(columns(listing()), row.cells, strict=True)}


def test_sorted_by_name() -> None:
    by_name = ["billing.fifo", "orders", "orders-dlq", "payroll", "refunds", "zebra"]
    assert names(View()) == by_name
    assert names(View(reverse=True)) == by_name[::-1]


@pytest.mark.parametrize(
    ("sort", "first", "last_known"),
    [
        (SortBy.VISIBLE, "orders", "refunds"),
        (SortBy.IN_FLIGHT, "orders", "refunds"),
        (SortBy.DELAYED, "orders", "refunds"),
        (SortBy.RETENTION, "orders-dlq", "refunds"),
        (SortBy.ENCRYPTION, "billing.fifo", "refunds"),
    ],
)
def test_sorted_by_a_figure_with_the_unknown_last_in_either_direction(sort: SortBy, first: str, last_known: str) -> None:
    shown = names(View(sort))
    assert (shown[0], shown[3], shown[4:]) == (first, last_known, ["payroll", "zebra"])
    assert names(View(sort, reverse=True))[4:] == ["payroll", "zebra"]
    assert names(View(sort, reverse=True))[3] == first


def test_equals_stay_in_the_order_of_their_names() -> None:
    of = listing([queue("b", 1), queue("a", 1), queue("c", 2)])
    assert names(View(SortBy.VISIBLE), of) == ["c", "a", "b"]
    assert names(View(SortBy.VISIBLE, reverse=True), of) == ["a", "b", "c"]


def test_sorted_by_type_sources_and_dead_letter_queue() -> None:
    assert names(View(SortBy.TYPE))[0] == "billing.fifo"
    assert names(View(SortBy.SOURCES))[0] == "orders-dlq"
    assert names(View(SortBy.DEAD_LETTER_QUEUE))[:2] == ["orders", "refunds"]


def test_a_filter_is_any_part_of_a_name_or_exactly_its_start() -> None:
    assert names(View(filter_text="ORD")) == ["orders", "orders-dlq"]
    assert names(View(filter_text="dlq")) == ["orders-dlq"]
    assert names(View(filter_text="^ord")) == ["orders", "orders-dlq"]
    assert names(View(filter_text="^dlq")) == names(View(filter_text="^ORD")) == []
    assert len(names(View(filter_text="^"))) == 6
    assert (View(filter_text="ord").prefix, View(filter_text="^ord").prefix) == ("", "ord")


def test_the_sort_goes_round_the_columns_that_are_shown() -> None:
    view, seen = View(reverse=True), []
    for _ in range(6):
        view = view.sorted_by_next(columns(shop()), 78)
        seen.append(view.sort)
    assert seen == [SortBy.VISIBLE, SortBy.IN_FLIGHT, SortBy.DELAYED, SortBy.TYPE, SortBy.READ, SortBy.NAME]
    assert not view.reverse
    assert View(SortBy.ENCRYPTION).sorted_by_next(columns(shop()), 78).sort is SortBy.NAME, "a hidden column is left"


def test_the_oldest_age_has_a_column_only_where_a_server_tells_it() -> None:
    def width_needed(of: QueueListing) -> int:
        return next(column.needs for column in columns(of) if column.title == SortBy.OLDEST)

    assert width_needed(shop()) > 10_000
    assert width_needed(listing([queue("a", oldest=14.0), unread("b")])) < 120


def test_a_row_in_full() -> None:
    of = shop()
    row = cells(queue_row(of.queues[1], (), more=False, consumed=True))
    texts = {name: cell.text for name, cell in row.items()}
    assert texts[""] == "●"
    assert (texts["visible"], texts["in flight"], texts["delayed"], texts["oldest"]) == ("~118", "~7", "~2", "?")
    assert (texts["type"], texts["dead-letter queue"]) == ("standard", "after 5 → orders-dlq")
    assert (texts["retention"], texts["encryption"], texts["read"]) == ("4 days", "SSE-SQS", "09:59:59")


def test_what_is_not_known_is_never_a_zero() -> None:
    for one, word in ((unread("a"), "?"), (unreadable("a"), "denied"), (unreadable("a", Reading.GONE), "gone")):
        row = cells(queue_row(one, (), more=True, consumed=False))
        assert row["visible"].text == word
        assert {row[name].text for name in ("in flight", "delayed", "dead letters of", "retention", "encryption")} == {"?"}
    assert cells(queue_row(unread("a"), (), more=True, consumed=False))["read"].text == "not yet"
    assert cells(queue_row(unreadable("a"), (), more=True, consumed=False))["dead-letter queue"].text.endswith("AccessDenied")


def test_a_failed_read_keeps_the_figures_with_their_time() -> None:
    stale = replace(queue("a", 3), reading=Reading.FAILED, error="no answer")
    row = cells(queue_row(stale, (), more=False, consumed=False))
    assert (row["visible"].text, row["read"].text, row["read"].tone) == ("~3", "09:59:59", Tone.WARNING)


@pytest.mark.parametrize(
    ("sources", "more", "text"),
    [
        ((), False, ""),
        ((), True, "?"),
        (("orders",), False, "orders"),
        (("a", "b"), False, "2 queues"),
        (("a",), True, "≥1 queue"),
    ],
)
def test_whose_dead_letters_a_queue_holds(sources: tuple[str, ...], more: bool, text: str) -> None:
    assert cells(queue_row(queue("dlq"), sources, more, consumed=False))["dead letters of"].text == text


@pytest.mark.parametrize(
    ("of", "unknown"),
    [
        (listing([queue("a"), unreadable("b", Reading.GONE)]), False),
        (listing([queue("a"), unread("b")]), True),
        (listing([queue("a"), unreadable("b")]), True),
        (listing([queue("a")], prefix="a"), True),
        (listing([queue("a")], note="only 10,000 queues are listed"), True),
    ],
)
def test_sources_may_be_missing_while_a_redrive_policy_is_not_known(of: QueueListing, unknown: bool) -> None:
    assert has_unknown_sources(of) is unknown
    row = QueueRows().rows(of, View(), frozenset())[0]
    assert cells(row)["dead letters of"].text == ("?" if unknown else "")


def test_the_title_counts_honestly() -> None:
    assert title(shop(), View(), 6) == "Queues  6 · 1 not read yet · 1 denied · by name ↑"
    view = View(SortBy.VISIBLE, filter_text="ord")
    assert title(shop(), view, 2) == "Queues  2 of 6 · 1 not read yet · 1 denied · by visible ↓ · filter ord"
    assert (
        title(listing([queue("ord")], prefix="ord"), View(filter_text="^ord"), 1) == "Queues  1 that start with ord · by name ↑"
    )
    assert title(shop(), View(filter_text="^ord"), 2) == "Queues  searching the server for ord…"
    assert title(listing(prefix="ord"), View(), 0) == "Queues  listing all again…"
    assert title(QueueListing(0.0), View(), 0) == "Queues  not listed yet"
    many = listing([queue(f"q{n}") for n in range(3204)])
    assert title(many, View(filter_text="1"), 12).startswith("Queues  12 of 3,204 ·")


def test_an_empty_table_says_why() -> None:
    assert when_empty(QueueListing(0.0), View()) == "Queues are being listed."
    assert when_empty(QueueListing(0.0, error="no"), View()) == "Queues cannot be listed."
    assert when_empty(listing(), View()) == "There are no queues at this endpoint."
    assert when_empty(replace(listing(), note="queue 'x' does not exist"), View()) == "None of the queues can be shown."
    assert when_empty(shop(), View(filter_text="x")) == "Nothing here matches the filter."
    assert when_empty(listing(prefix="x"), View(filter_text="^x")) == "No queue's name starts with this."


def test_rows_are_made_again_only_where_something_changed() -> None:
    made = QueueRows()
    before = listing([queue(f"q{n:05}", n % 7) for n in range(1000)])
    rows = made.rows(before, View(), frozenset())
    assert made.rows(before, View(), frozenset()) is rows
    changed = replace(before, queues=(*before.queues[:-1], queue("q00999", 1000)))
    again = made.rows(changed, View(), frozenset())
    assert sum(one is not other for one, other in zip(rows, again, strict=True)) == 1
    assert made.rows(changed, View(SortBy.VISIBLE), frozenset())[0] is again[-1]
    assert made.rows(changed, View(), frozenset({"q00003"}))[3].cells[0].text == "●"


def test_of_ten_thousand_queues_only_those_that_changed_are_made_into_rows_again() -> None:
    made = QueueRows()
    whole = listing([queue(f"queue-{n:05}", n % 97) for n in range(10_000)])
    before = made.rows(whole, View(SortBy.VISIBLE), frozenset())
    fresh = replace(whole, queues=tuple(queue(one.name, 99) if n % 50 == 0 else one for n, one in enumerate(whole.queues)))
    rows = made.rows(fresh, View(SortBy.VISIBLE), frozenset())
    assert len(rows) == 10_000
    kept = {id(row) for row in before}
    assert sum(id(row) not in kept for row in rows) == 200
