"""Whose attributes are read next: what is seen first, everybody in turn, and never more than the bound."""

from __future__ import annotations

from sqs_core.reading_order import DENIED_REFRESHES, KEPT_FOR_WHAT_IS_SEEN, READS_PER_REFRESH, ReadingOrder


def taken(order: ReadingOrder, seen: tuple[str, ...] = ()) -> list[str]:
    """All that is handed out until nothing more is."""
    names = []
    while (name := order.take(seen)) is not None:
        names.append(name)
    return names


def order_of(*names: str) -> ReadingOrder:
    order = ReadingOrder()
    order.set_names(names)
    order.begin_refresh()
    return order


def test_what_is_seen_comes_first_and_everything_once_a_refresh() -> None:
    order = order_of("a", "b", "c", "d")
    assert taken(order, ("c", "gone", "d")) == ["c", "d", "a", "b"]
    assert taken(order, ("c",)) == []
    order.begin_refresh()
    assert taken(order, ("b",)) == ["b", "a", "c", "d"]


def test_no_refresh_hands_out_more_than_the_bound_and_some_are_kept_for_scrolling() -> None:
    names = tuple(f"q{number:04}" for number in range(1000))
    order = order_of(*names)
    rotated = taken(order)
    assert rotated == list(names[: READS_PER_REFRESH - KEPT_FOR_WHAT_IS_SEEN])
    scrolled_to = names[500:900]
    assert taken(order, scrolled_to) == list(scrolled_to[:KEPT_FOR_WHAT_IS_SEEN])
    assert order.take(names) is None


def test_everybody_gets_a_turn() -> None:
    names = tuple(f"q{number:04}" for number in range(500))
    order = order_of(*names)
    seen = names[:30]
    read = set(taken(order, seen))
    for _ in range(4):
        order.begin_refresh()
        again = taken(order, seen)
        assert again[:30] == list(seen)
        read |= set(again)
    assert read == set(names)


def test_a_rest_lasts_until_the_next_refresh() -> None:
    order = order_of("a", "b")
    order.rest()
    assert taken(order, ("a",)) == []
    order.begin_refresh()
    assert taken(order) == ["a", "b"]


def test_what_may_not_be_read_is_tried_again_after_a_minute() -> None:
    order = order_of("denied")
    assert taken(order) == ["denied"]
    order.postpone("denied")
    tries = []
    for refresh in range(1, DENIED_REFRESHES + 1):
        order.begin_refresh()
        tries += [refresh for _ in taken(order, ("denied",))]
    assert tries == [DENIED_REFRESHES]


def test_names_that_come_and_go() -> None:
    order = order_of("a", "b")
    assert taken(order) == ["a", "b"]
    order.set_names(("b", "c"))
    assert taken(order, ("a", "b")) == ["c"]
    order.postpone("a")
