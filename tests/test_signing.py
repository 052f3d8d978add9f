"""Signatures are AWS's: the published examples of SigV4 that are POSTs to `/`, and the SDK's own signer for any request."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from sqs_core.signing import Signer, form_of

pytestmark = pytest.mark.sdk
KEY_ID, SECRET, STAMP = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830T123600Z"
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/"
    "qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xV"
    "qr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
SUITE: dict[str, tuple[dict[str, str], bytes, str]] = {
    "post-vanilla": ({}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    "post-header-value-case": ({"my-header1": "VALUE1"}, b"", "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    "post-header-key-sort": ({"my-header1": "value1"}, b"", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    "post-x-www-form-urlencoded": (
        {"content-type": "application/x-www-form-urlencoded"},
        b"Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    "post-sts-header-before": (
        {"x-amz-security-token": TOKEN},
        b"",
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    ),
}
"""AWS's SigV4 test suite: those of its requests that are POSTs to `/` without a query, with the signatures it gives."""


@pytest.mark.parametrize("name", SUITE)
def test_aws_own_examples_are_signed_as_aws_signs_them(name: str) -> None:
    headers, body, signature = SUITE[name]
    form = form_of({"host": "example.amazonaws.com", **headers})
    made = Signer("us-east-1", "service").authorization(form, KEY_ID, SECRET, body, STAMP)
    assert made.endswith(f"Signature={signature}")


_words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
_names = st.from_regex(r"x-[a-z][a-z0-9-]{0,20}", fullmatch=True).filter(
    lambda name: name not in {"x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "x-amzn-trace-id"}
)
_regions = st.from_regex(r"[a-z]{2}(-[a-z]{3,9}){1,3}-[0-9]", fullmatch=True)


@given(
    key=st.tuples(_words, _words, st.none() | _words),
    region=_regions,
    host=st.from_regex(r"[a-z0-9.-]{1,40}(:[1-9][0-9]{0,3})?", fullmatch=True),
    headers=st.dictionaries(_names, st.lists(_words, min_size=1, max_size=3).map("  ".join), max_size=4),
    body=st.binary(max_size=300),
    moments=st.lists(st.datetimes(timezones=st.just(UTC)), min_size=1, max_size=3),
)
def test_any_request_is_signed_as_the_sdk_signs_it(
    key: tuple[str, str, str | None],
    region: str,
    host: str,
    headers: dict[str, str],
    body: bytes,
    moments: list[datetime],
) -> None:
    signer = Signer(region, "sqs")
    token = {"x-amz-security-token": key[2]} if key[2] else {}
    form = form_of({"host": host, **headers, **token})
    for moment in moments:  # the same signer goes on over midnight
        made = signer.authorization(form, key[0], key[1], body, moment.strftime("%Y%m%dT%H%M%SZ"))
        assert made == _of_the_sdk(Credentials(*key), region, host, headers, body, moment)


def _of_the_sdk(credentials: Credentials, region: str, host: str, headers: dict[str, str], body: bytes, moment: datetime) -> str:
    request: Any = AWSRequest("POST", "https://sqs.example.com/", {"Host": host, **headers}, body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda *_args, **_more: moment)
        SigV4Auth(credentials, "sqs", region).add_auth(request)
    return str(request.headers["Authorization"])


def test_the_stamp_is_this_second() -> None:
    before, stamp, after = datetime.now(UTC), Signer("us-east-1", "sqs").stamp(), datetime.now(UTC)
    assert re.fullmatch(r"\d{8}T\d{6}Z", stamp)
    assert before.replace(microsecond=0) <= datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) <= after
