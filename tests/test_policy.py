"""Back-off, redelivery and leases as numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sqs_core.policy import Backoff, LeasePolicy, RedeliveryDelay
from sqs_core.settings import MAXIMUM_VISIBILITY_SECONDS

DICE = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10_000), DICE)
def test_a_pause_is_between_half_the_ceiling_and_the_ceiling(failures: int, roll: float) -> None:
    backoff = Backoff(base_seconds=0.5, cap_seconds=30.0)
    ceiling = min(30.0, 0.5 * 2.0 ** min(failures - 1, 100))
    assert ceiling / 2 <= backoff.delay_seconds(failures, lambda: roll) <= ceiling


def test_a_pause_doubles_until_the_cap() -> None:
    backoff = Backoff(base_seconds=1.0, cap_seconds=5.0)
    assert [backoff.delay_seconds(failures, lambda: 1.0) for failures in (1, 2, 3, 4, 5)] == [1, 2, 4, 5, 5]


@given(st.integers(-5, 10_000), DICE)
def test_a_redelivery_delay_has_full_jitter_and_is_at_most_15_minutes(receive_count: int, roll: float) -> None:
    delay = RedeliveryDelay().delay_seconds(receive_count, lambda: roll)
    assert isinstance(delay, int)
    assert 0 <= delay <= 900


def test_a_redelivery_delay_doubles_with_each_receive() -> None:
    delays = [RedeliveryDelay().delay_seconds(count, lambda: 1.0) for count in (1, 2, 3, 10, 11, 500)]
    assert delays == [1, 2, 4, 512, 900, 900]
    assert RedeliveryDelay().delay_seconds(11, lambda: 0.0) == 0


def test_a_lease_leaves_room_for_several_tries() -> None:
    for visibility in (1, 2, 30, 60, 43_200):
        lease = LeasePolicy(visibility)
        assert 0 < lease.margin_seconds <= min(visibility / 2, 30)
        assert lease.margin_seconds / lease.retry_seconds >= 5


@given(st.integers(1, MAXIMUM_VISIBILITY_SECONDS), st.floats(0, 2 * MAXIMUM_VISIBILITY_SECONDS))
def test_no_extension_reaches_beyond_12_hours_from_the_receive(visibility: int, held: float) -> None:
    seconds = LeasePolicy(visibility).extension_seconds(held)
    assert 0 <= seconds <= visibility
    assert seconds == 0 or held + seconds < MAXIMUM_VISIBILITY_SECONDS


def test_an_extension_is_a_whole_timeout_until_the_12_hours_are_nearly_over() -> None:
    lease = LeasePolicy(600)
    assert lease.extension_seconds(3_600) == 600
    assert lease.extension_seconds(MAXIMUM_VISIBILITY_SECONDS - 101) == 100
    assert lease.extension_seconds(MAXIMUM_VISIBILITY_SECONDS) == 0
