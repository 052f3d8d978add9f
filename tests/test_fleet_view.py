"""What a fleet says of its members: totals, differences, skew. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sqs_core.model import CredentialReport, Depth, RunState, Totals
from sqs_core.remote.fleet_view import Figures, MemberView, differences, figures_of, skews, totals_of
from sqs_core.words import LinkPhase
from tui_canned import NOW, consumer, snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence


def figures(**changed: Any) -> Figures:
    """Of a member that is busy."""
    credentials = CredentialReport(
        "assume-role-with-web-identity", "", account="123456789012", role_arn="arn:aws:iam::1:role/orders"
    )
    return replace(figures_of(replace(snapshot(consumer()), credentials=credentials), 20.0, 5.0), **changed)


def member(number: int, phase: LinkPhase = LinkPhase.LIVE, **changed: Any) -> MemberView:
    name = f"pod/orders-{number}"
    return MemberView(name, name, None, phase, 0.5, control=True, figures=figures(**changed))


def test_what_is_held_follows_from_the_counters() -> None:
    totals = Totals(received=100, handled=60, discarded=5, failed=10, released=3, leases_lost=2)
    assert figures_of(snapshot(consumer(totals=totals, in_flight=())), None, 0.0).held == 20


def test_what_was_done_before_in_its_place_stays_in_the_counters() -> None:
    one = snapshot(consumer(totals=Totals(received=9, handled=6, failed=3), in_flight=()))
    seen = figures_of(one, None, 0.0, (100, 20))
    assert (seen.handled, seen.failed, seen.held) == (106, 23, 0)


def test_a_queue_that_several_consume_is_counted_once() -> None:
    older = (("http://q/orders", Depth(50, 5, 0, None, NOW - 30)), ("http://q/mail", Depth(7, 1, 0, None, NOW)))
    newer = (("http://q/orders", Depth(40, 6, 0, None, NOW)),)
    members = [member(1, depths=older), member(2, depths=newer), member(3, depths=())]
    for each in (members, members[::-1]):
        assert (totals_of(each).waiting, totals_of(each).in_flight) == (47, 7), "as it was read last"


def test_totals_are_of_those_that_answer_and_counters_of_all_that_did() -> None:
    members = [
        member(1, busy=3, live=8, held=5, handled=100, failed=1, rate=10.0, p95_ms=20.0),
        member(2, busy=4, live=8, held=6, handled=200, failed=2, rate=5.5, p95_ms=90.0),
        member(3, LinkPhase.LOST, busy=8, live=8, held=9, handled=300, failed=4, rate=50.0, p95_ms=900.0),
        MemberView("4", "pod/orders-4", None, LinkPhase.CONNECTING, None, control=None, figures=None),
    ]
    totals = totals_of(members)
    assert (totals.members, totals.answering, totals.busy, totals.live, totals.held) == (4, 2, 7, 16, 11)
    assert (totals.handled, totals.failed, totals.rate, totals.p95_ms) == (600, 7, 15.5, 90.0)


def test_nothing_known_is_not_told_as_zero() -> None:
    totals = totals_of([MemberView("1", "pod/a", None, LinkPhase.CONNECTING, None, control=None, figures=None)])
    assert (totals.rate, totals.waiting, totals.in_flight, totals.p95_ms) == (None, None, None, None)


def test_versions_identities_and_places_that_differ_are_said() -> None:
    others = [member(number) for number in range(4)]
    said, differs = differences(
        [*others, member(8, version="0.0.9", identity="999 other"), member(9, endpoint="https://elsewhere")]
    )
    assert [text.partition(":")[0] for text in said] == ["versions differ", "identities differ", "endpoints differ"]
    assert "0.0.9 ×1 (pod/orders-8)" in said[0]
    assert differs == {"pod/orders-8": frozenset({"version", "identity"}), "pod/orders-9": frozenset({"endpoint"})}
    assert differences(others) == ((), {})


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"rate": 2.0}, ("rate 0.1× the others'",)),
        ({"rate": 90.0}, ("rate 4.5× the others'",)),
        ({"rate": 15.0}, ()),
        ({"usually_held": 60.0}, ("held 7.5× the others'",)),
        ({"p95_ms": 6_000.0}, ("p95 10.0× the others'",)),
        ({"rate": 2.0, "state": RunState.PAUSED}, ()),
        ({"rate": 2.0, "queues": ("mail",)}, ()),
    ],
)
def test_what_is_far_from_the_others_is_said(odd: dict[str, Any], said: tuple[str, ...]) -> None:
    waiting = (("http://q/orders", Depth(500, 5, 0, None, NOW)),)
    usual: Sequence[MemberView] = [member(number, usually_held=8.0, p95_ms=600.0, depths=waiting) for number in range(4)]
    asked = member(9, **{"usually_held": 8.0, "p95_ms": 600.0, "depths": waiting, **odd})
    assert skews([*usual, asked]) == ({asked.key: said} if said else {})


def test_rates_are_not_compared_where_nothing_waits() -> None:
    empty = (("http://q/orders", Depth(0, 5, 0, None, NOW)),)
    usual = [member(number, depths=empty) for number in range(4)]
    assert skews([*usual, member(9, depths=empty, rate=0.5)]) == {}
