"""Answers are read alike by both readers of JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqs_core import json_answers

orjson = pytest.importorskip("orjson", reason="the extra `fast` is not installed")

_NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=True, allow_infinity=True)
"""Greater integers are floats for orjson; answers of SQS hold none."""
_LEAVES = st.none() | st.booleans() | _NUMBERS | st.text(st.characters(exclude_categories=()))
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def _told(body: bytes) -> str:
    """As text, for NaN is not equal to itself."""
    try:
        return repr(json_answers.parse(body))
    except (ValueError, RecursionError) as error:
        return f"refused: {isinstance(error, ValueError)}"


def _alike(body: bytes) -> None:
    told = []
    for reader in (orjson.loads, json.loads):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_answers, "_fast", reader)
            told.append(_told(body))
    assert told[0] == told[1]


@given(_VALUES, st.booleans())
def test_whatever_is_json_reads_alike(value: Any, escaped: bool) -> None:
    _alike(json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=40) | st.text('{}[]":,\\u0dtrue8.-eE \n', max_size=40).map(str.encode))
def test_whatever_is_none_is_refused_alike(body: bytes) -> None:
    _alike(body)


@pytest.mark.parametrize(
    "body",
    [b'{"a": "\\ud800"}', b'{"a": "\xed\xa0\x80"}', b'\xef\xbb\xbf{"a": 1}', '{"a": 1}'.encode("utf-16"), b'{"a": NaN}', b"",
     b'{"a": "\x01"}', b'{"a": 1, "a": 2}', b'{"a": 1e400}', b'{"a": 01}', b"[" * 900 + b"]" * 900, b"[" * 100_000],
)  # fmt: skip
def test_odd_answers_read_alike(body: bytes) -> None:
    _alike(body)


def test_the_fast_reader_is_used_where_it_is_installed() -> None:
    assert json_answers._fast is orjson.loads
