"""What is inside a body: found where it is there, never guessed, and never more work than is bounded."""

from __future__ import annotations

import base64
import gzip
import json
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqs_core.unwrap import LARGEST_CHARACTERS, MOST_LAYERS, unwrap

INNER = json.dumps({"order": 1, "käse": "🙂"}, ensure_ascii=False)


def packed(text: str, pack: object = gzip.compress) -> str:
    assert callable(pack)
    return base64.b64encode(pack(text.encode())).decode()


def sns(message: str) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Subject": "s", "Message": message})


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        (sns(INNER), ["SNS notification"]),
        (sns(packed(INNER)), ["SNS notification", "base64 › gzip"]),
        (packed(INNER, zlib.compress), ["base64 › zlib"]),
        (base64.b64encode(INNER.encode()).decode(), ["base64"]),
        (base64.urlsafe_b64encode(INNER.encode()).decode().rstrip("="), ["base64"]),
        (json.dumps(json.dumps(INNER)), ["text in JSON", "text in JSON"]),
        (json.dumps({"detail-type": "t", "source": "s", "detail": json.loads(INNER)}), ["EventBridge event"]),
    ],
)
def test_layers_are_peeled_down_to_the_text(body: str, kinds: list[str]) -> None:
    layers = unwrap(body)
    assert [layer.kind for layer in layers] == kinds
    assert json.loads(layers[-1].text) == json.loads(INNER)


def test_json_in_strings_is_read_where_it_stands() -> None:
    (layer,) = unwrap(json.dumps({"a": json.dumps({"b": json.dumps([1])}), "c": "[no", "d": "text"}))
    assert (layer.kind, json.loads(layer.text)) == ("JSON in strings", {"a": {"b": [1]}, "c": "[no", "d": "text"})


@pytest.mark.parametrize(
    "name", ["software.amazon.payloadoffloading.PayloadS3Pointer", "com.amazon.sqs.javamessaging.MessageS3Pointer"]
)
def test_a_pointer_to_s3_is_told_and_not_followed(name: str) -> None:
    (layer,) = unwrap(json.dumps([name, {"s3BucketName": "bucket", "s3Key": "a/key"}]))
    assert layer.kind == "S3 pointer"
    assert "s3://bucket/a/key" in layer.note


@pytest.mark.parametrize(
    "body",
    [
        "", " ", "plain text", "abcdefghijklmnop", "AAAAAAAAAAAAAAAAAAAA", "0123456789abcdef0123456789abcdef", "{", "[1, 2]",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", INNER, "eyJhbGciOiJIUzI1NiJ9.e30.x", '{"Type": "Notification"}', '["a", {}]',
        base64.b64encode(bytes(range(256))).decode(), "H4sIAAAAAAAA" * 3, "42", "null", '"', "🙂" * 20,
    ],
)  # fmt: skip
def test_what_wraps_nothing_is_left_as_it_is(body: str) -> None:
    assert unwrap(body) == ()


def test_a_bomb_is_cut_before_it_takes_memory() -> None:
    bomb = packed("a" * 100_000_000)
    tracemalloc.start()
    try:
        (layer,) = unwrap(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(layer.text) == LARGEST_CHARACTERS
    assert "the first 1 MiB" in layer.note
    assert peak < 16 * 2**20


@pytest.mark.parametrize("body", ["[" * 10**6, '{"a":' * 10**5, '"' + "[" * 900_000 + '"', "9" * 10**6, "A" * 2**20])
def test_hostile_bodies_are_left_as_they_are(body: str) -> None:
    assert len(unwrap(body)) <= MOST_LAYERS


def test_no_more_layers_than_are_bounded() -> None:
    body = INNER
    for _ in range(12):
        body = json.dumps(body)
    assert len(unwrap(body)) == MOST_LAYERS


@given(
    st.one_of(
        st.text(), st.binary().map(lambda raw: base64.b64encode(raw).decode()), st.text().map(json.dumps), st.text().map(packed)
    )
)
def test_it_never_raises(body: str) -> None:
    assert len(unwrap(body)) <= MOST_LAYERS
