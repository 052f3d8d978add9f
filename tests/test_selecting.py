"""Choosing messages by an expression: what it sees, what is true, and what happens where it fits nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqs_core.errors import ConfigurationError
from sqs_core.masking import mask_secrets
from sqs_core.message import AttributeValue, Message
from sqs_core.selecting import FIELDS, Selection

BODY = json.dumps({"type": "refund", "amount": 12, "tags": ["a"], "nothing": None, "zero": 0})
MESSAGE = Message(
    "id-1",
    BODY,
    "",
    "orders",
    {"n": AttributeValue("Number", "3"), "raw": AttributeValue("Binary", b"\x00"), "s": AttributeValue("String", "x")},
    {"ApproximateReceiveCount": "4", "SentTimestamp": "1000000", "MessageGroupId": "g"},
)


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("json.type == 'refund'", True),
        ("json.type == 'refund' && receive_count > `3`", True),
        ("receive_count > `4`", False),
        ("attributes.n == `3`", True),
        ("attributes.raw == 'AA=='", True),
        ("attributes.s == 'x'", True),
        ("age_seconds > `99` && age_seconds < `101`", True),
        ("group_id == 'g'", True),
        ("system.MessageGroupId == 'g'", True),
        ("message_id == 'id-1'", True),
        ("contains(body, 'refund')", True),
        ("json.nothing", False),
        ("json.zero", True),
        ("json.tags[?@ == 'b']", False),
        ("json.absent", False),
        ("`false`", False),
    ],
)
def test_an_expression_chooses(expression: str, chosen: bool) -> None:
    assert Selection(expression).chooses(MESSAGE, now=1100.0) is chosen


def test_without_an_expression_all_are_chosen() -> None:
    assert Selection(None).chooses(MESSAGE)


@pytest.mark.parametrize("body", ["no json", "[" * 100_000, "9" * 5000, ""])
def test_a_body_that_is_no_json_is_null(body: str) -> None:
    message = Message("id-1", body, "", "orders")
    assert Selection("json == `null`").chooses(message)
    assert not Selection("json.type == 'refund'").chooses(message)


def test_where_it_cannot_be_evaluated_nothing_is_chosen_and_it_is_said() -> None:
    selection = Selection("contains(json.absent, 'x')")
    assert not selection.chooses(MESSAGE)
    assert not selection.chooses(MESSAGE)
    assert (selection.trouble, selection.example.startswith("id-1: ")) == (2, True)


@pytest.mark.parametrize("expression", ["json.type ==", "", "(" * 5000, "nonsense(@)(", "x" * 10_001])
def test_what_is_no_expression_is_refused_in_one_line(expression: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Selection(expression)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("json.type = 'refund'", """not understood from "= 'refund'" on"""),
        ("receive_count > 3", "not understood from '3' on"),
        ("json.type ==", "it ends too early"),
        ("", "it cannot be read"),
    ],
)
def test_a_refusal_says_where_it_is_not_understood_and_its_example_is_not_masked(expression: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Selection(expression)
    text = mask_secrets(str(refusal.value))
    assert said in text
    assert text.endswith(f'receive_count > `3`", over {FIELDS}')


@pytest.mark.parametrize(
    ("expression", "unknown"),
    [
        ('json.type == "refund"', "refund"),
        ("type == 'refund'", "type"),
        ('!contains(body, "refund") || receive_count > `3`', "refund"),
        ("kind.of | json", "kind"),
        ("items[?n > `1`]", "items"),
        ("[message_id, tags[0]]", "tags"),
    ],
)
def test_a_field_that_no_message_has_is_refused_with_what_may_be_meant(expression: str, unknown: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Selection(expression)
    assert f"a message has no field '{unknown}'; a text stands in single quotes: '{unknown}'" in str(refusal.value)


@pytest.mark.parametrize(
    "expression",
    [
        "json.items[?n > `1` && name].price | [0]",
        "json.*.x",
        "sort_by(json.items, &price)[0].name",
        "attributes.n",
        "@.json",
        "*",
    ],
)
def test_what_is_asked_of_a_part_of_a_message_may_have_any_name(expression: str) -> None:
    assert Selection(expression).expression == expression


@given(st.text(max_size=40), st.text(max_size=60))
def test_it_never_raises_anything_else(expression: str, body: str) -> None:
    try:
        selection = Selection(expression)
    except ConfigurationError:
        return
    selection.chooses(Message("id-1", body, "", "orders"))
