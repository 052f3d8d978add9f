"""Failures by cause: what groups together, and that no number of causes costs more room or loses a count."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqs_core.failures import FAILED, MOST_GROUPS, Failures, FailureTally, common_pattern
from sqs_core.model import Finished, Outcome
from sqs_core.wire import to_plain
from tui_canned import finished


def _failed(number: int = 0, **more: Any) -> Finished:
    values: dict[str, Any] = {"error": "ValueError: no order 17", "error_type": "ValueError", "place": "app/jobs.py:42 in charge"}
    return finished(number, **{"outcome": Outcome.RETRIED, **values, **more})


def _tallied(*messages: Finished) -> Failures:
    tally = FailureTally()
    for message in messages:
        tally.add(message)
    return tally.snapshot()


def test_one_place_is_one_cause_whatever_the_text_says() -> None:
    first, second = _failed(5, error="ValueError: no order 17"), _failed(3, error="ValueError: no such thing")
    given_up = _failed(1, outcome=Outcome.GIVEN_UP, error="ValueError: no order 18")
    (group,) = _tallied(first, second, given_up).groups
    assert (group.kind, group.place, group.pattern) == ("ValueError", "app/jobs.py:42 in charge", None)
    assert (group.count, group.given_up) == (3, 1)
    assert (group.first_at, group.last_at) == (first.finished_at, given_up.finished_at)
    assert (group.message_id, group.error) == (given_up.message_id, "ValueError: no order 18")


def test_other_types_and_other_places_are_other_causes() -> None:
    seen = _tallied(_failed(), _failed(error_type="KeyError"), _failed(place="app/jobs.py:43 in charge"))
    assert [group.count for group in seen.groups] == [1, 1, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KeyError: 10291", "KeyError: 7"),
        ("no message 7d9f1c52-0b1e-4f2a-9c53-1f0c2a6de101 here", "no message 19c0ffee-51aa-4c19-b1d4-3f7a4e2cf303 here"),
        ("object at 0x7f12ab", "object at 0x7fffce"),
        ("sku ab12x is gone", "sku q9 is gone"),
        ("at 2026-03-01T10:00:00.123Z", "at 2025-12-24T23:59:59.001Z"),
        ("digest deadbeefcafe", "digest 0123456789ab"),
    ],
)
def test_without_a_place_numbers_and_ids_do_not_keep_texts_apart(one: str, other: str) -> None:
    seen = _tallied(_failed(place=None, error=one), _failed(place=None, error=other))
    assert [group.count for group in seen.groups] == [2]
    assert common_pattern(one) == common_pattern(other) != one


def test_words_keep_texts_apart() -> None:
    seen = _tallied(_failed(place=None, error="no customer 1"), _failed(place=None, error="no order 1"))
    assert [group.pattern for group in seen.groups] == ["no customer #", "no order #"]


def test_a_lost_lease_is_a_cause_of_its_own_and_successes_are_none() -> None:
    seen = _tallied(
        *(finished(0, outcome) for outcome in Outcome if outcome not in FAILED),
        finished(1, Outcome.LEASE_LOST, error="the lease ran out"),
    )
    (group,) = seen.groups
    assert (group.kind, group.pattern, group.count) == ("lease-lost", "the lease ran out", 1)


def test_a_new_cause_takes_the_room_of_the_rarest_and_no_count_is_lost() -> None:
    tally = FailureTally()
    for _ in range(5):
        tally.add(_failed(error_type="Frequent"))
    for number in range(MOST_GROUPS + 50):
        tally.add(_failed(1000 - number, error_type=f"Rare{number}"))
    seen = tally.snapshot()
    assert len(seen.groups) == MOST_GROUPS
    kinds = {group.kind: group.count for group in seen.groups}
    assert kinds["Frequent"] == 5
    assert f"Rare{MOST_GROUPS + 49}" in kinds
    assert "Rare0" not in kinds
    assert sum(kinds.values()) + seen.other == MOST_GROUPS + 55


_NAMES = st.one_of(st.none(), st.sampled_from([f"kind-{number}" for number in range(400)]), st.text(max_size=10))


@given(
    st.lists(st.tuples(st.sampled_from(list(Outcome)), st.one_of(st.none(), st.text(max_size=400)), _NAMES, _NAMES), max_size=600)
)
def test_whatever_fails_adds_up_within_bounds(messages: list[tuple[Outcome, str | None, str | None, str | None]]) -> None:
    seen = _tallied(*(finished(0, outcome, error=e, error_type=t, place=p) for outcome, e, t, p in messages))
    assert len(seen.groups) <= MOST_GROUPS
    assert sum(group.count for group in seen.groups) + seen.other == sum(outcome in FAILED for outcome, *_ in messages)
    assert all(len(group.error) <= 300 and group.given_up <= group.count for group in seen.groups)
    assert len({(group.kind, group.place, group.pattern) for group in seen.groups}) == len(seen.groups)


@given(st.text())
def test_a_pattern_is_short_and_has_no_digit(text: str) -> None:
    pattern = common_pattern(text)
    assert len(pattern) <= 200
    assert not any("0" <= character <= "9" for character in pattern)


def test_the_snapshot_is_the_same_object_while_nothing_fails() -> None:
    tally = FailureTally()
    tally.add(_failed())
    before = tally.snapshot()
    tally.add(finished(1))
    assert tally.snapshot() is before


def test_what_is_not_known_is_left_out_of_json() -> None:
    written = to_plain(
        {"error_type": None, "place": None, "receive_count": None, "sent_at": None, "pattern": None, "first_at": 0.0}
    )
    assert written == {"first_at": "1970-01-01T00:00:00.000Z"}
