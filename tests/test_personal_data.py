"""Personal data in bodies is hidden where it shows itself, and what only looks a little like it is not."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqs_core.personal_data import MASK, body_mask, mask_all, mask_personal


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to bob.o'neil+x@mail.example.co.uk now", f"write to bob.o'{MASK} now"),
        ("call +49 170 1234567", f"call {MASK}"),
        ("call +1 (555) 123-4567.", f"call {MASK}."),
        ("call (555) 123-4567 or 555-123-4567", f"call {MASK} or {MASK}"),
        ("card 4111 1111 1111 1111", f"card {MASK}"),
        ("card 378282246310005", f"card {MASK}"),
        ("to DE89 3704 0044 0532 0130 00", f"to {MASK}"),
        ("to GB82WEST12345698765432", f"to {MASK}"),
        ('{"email":"x","firstName": "Bo","id":"12"}', f'{{"email":"{MASK}","firstName": "{MASK}","id":"12"}}'),
        ('{"phone": 1234567}', f'{{"phone": "{MASK}"}}'),
        (r'{"p":"{\"last_name\":\"a\"}"}', rf'{{"p":"{{\"last_name\":\"{MASK}\"}}"}}'),
        ('{"shipping_address": "1 High St", "dob": "1980-01-02"}', f'{{"shipping_address": "{MASK}", "dob": "{MASK}"}}'),
    ],
)
def test_what_shows_itself_is_hidden(text: str, masked: str) -> None:
    assert mask_personal(text) == masked
    if text.startswith("{"):
        json.loads(masked)


@pytest.mark.parametrize(
    "text",
    [
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "1795528624294", "2026-11-24T14:23:37.123456Z", "A-000012", "127.0.0.1:4566",
        "arn:aws:sqs:us-east-1:000000000000:orders", "20261124142337123", "4111111111111112", "1.10", '{"name_of_queue": "x"}',
        '{"type": "email", "count": 3}', "order 12345678", "v1.2.3-45", '{"address": {"zip": "1"}}', "DE00370400440532013000",
        "user@", "@mention", "a@b", "3.14159265358979", "0000000000000000", "+12", "http://host:8080/1234-5678-9012",
    ],
)  # fmt: skip
def test_what_is_none_stays(text: str) -> None:
    assert mask_personal(text) == text


def test_only_deployed_environments_hide_it_and_secrets_are_hidden_everywhere() -> None:
    text = '{"email": "a@example.com", "password": "hunter22"}'
    assert body_mask(deployed=False)(text, None) == '{"email": "a@example.com", "password": "***"}'
    assert body_mask(deployed=True)(text, None) == f'{{"email": "{MASK}", "password": "***"}}'


@given(st.integers(0, 80))
def test_nothing_of_it_is_left_at_a_cut(cut: int) -> None:
    text = "a" * 20 + " secretive.person@example.com " + "b" * 400
    assert "secretive" not in mask_all(text, cut)


@given(st.text())
def test_it_never_raises_and_hides_no_more_the_second_time(text: str) -> None:
    once = mask_personal(text)
    assert mask_personal(once) == once


@pytest.mark.parametrize("hostile", ["a", "1 ", "@", "a@", '"email":"', "+1 ", "AB12", "\\", '"email":', "4111 ", "(555) "])
def test_hostile_input_costs_no_more_than_its_length(hostile: str) -> None:
    """Counted in steps of the pattern matcher's callers, and by its end: a pattern that backtracks would not come to one."""
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    text = (hostile * (2**20 // len(hostile)))[: 2**20]
    sys.setprofile(count)
    try:
        mask_personal(text)
    finally:
        sys.setprofile(None)
    assert steps < 20 * len(text)
