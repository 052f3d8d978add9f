"""What looks like a secret, is named like one, or is known to be one, is masked; what is none stays as it was."""

from __future__ import annotations

import json
import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqs_core.masking import MASK, OVERLAP, mask_end, mask_secrets, mask_value, remember_environment, remember_secrets

WORD = "hunter2-XYZZY-9"

NAMED = [
    f'{{"password": "{WORD}"}}',
    f'{{"db_password":"{WORD}","user":"bob"}}',
    f'{{"credentials": {{"secret": "{WORD}"}}}}',
    f'{{"passwords": ["{WORD}", "other"]}}',
    f'"secret" :\n "{WORD}"',
    f"{{'api_key': '{WORD}'}}",
    f'{{"message": "{{\\"token\\": \\"{WORD}\\"}}"}}',
    f'{{"deep": "{{\\\\\\"apiKey\\\\\\": \\\\\\"{WORD}\\\\\\"}}"}}',
    f"clientSecret={WORD}",
    f"X-Api-Key: {WORD}",
    f"Authorization: Bearer {WORD}",
    f"aws_secret_access_key = {WORD}",
    f"X-Amz-Security-Token: {WORD}",
    f"https://host/path?user=a&access_token={WORD}&page=2",
    f"postgres://app:{WORD}@db:5432/orders",
    f"<soap><Password>{WORD}</Password></soap>",
    f"it said Bearer {WORD} and went on",
    f"PGPASSWORD={WORD} psql",
    f"SSHPASS={WORD}",
    f"DB_PASS={WORD} and db_pass={WORD}",
    f"dbpassword: {WORD}",
    f"authtoken={WORD}",
    f"Cookie: theme=dark; session={WORD}; other=1",
    f'{{"password": {{"value": "{WORD}"}}}}',
    f'{{"tokens": ["a", "{WORD}"',
    f"Error when retrieving credentials from custom-process: line one\n{WORD}\nline three",
    f"password='{WORD} with a cut end",
]
SHAPED = [
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIEcut",
    "ghp_0123456789abcdefghij",
    "xoxb-123456789012-abc",
    "sk_live_0123456789",
]
PLAIN = [
    "the secretary keeps tokens",
    '{"max_tokens": 400, "tokens": [1, 2], "password": null, "secret": "", "token": true}',
    "https://host:8080/path@version",
    "order 42: basic needs",
    "ExpiredToken: The security token included in the request is expired",
    "InvalidClientTokenId: The security token is invalid",
    "CredentialRetrievalError: it failed when asked",
    "a passenger will pass through: yes",
    '{"orderId": 7, "keyboard": "qwerty", "monkey": "see"}',
    "",
]


@pytest.mark.parametrize("text", NAMED)
def test_what_is_named_a_secret_is_masked(text: str) -> None:
    masked = mask_secrets(text)
    assert WORD not in masked
    assert MASK in masked


@pytest.mark.parametrize("text", SHAPED)
def test_what_is_shaped_like_a_secret_is_masked(text: str) -> None:
    assert mask_secrets(f"before {text} after") in (f"before {MASK} after", f"before {MASK}")


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays_as_it_was(text: str) -> None:
    assert mask_secrets(text) == text


def test_of_a_key_id_the_last_four_characters_are_kept() -> None:
    assert mask_secrets("AKIAIOSFODNN7EXAMPLE") == f"{MASK}MPLE"


@pytest.mark.parametrize("value", ["5", "12345", '"text"', "[1, 2]", '["a", "b"]', "null", '{"a": "b"}', '["a", {"b": 1}]'])
def test_json_stays_json(value: str) -> None:
    body = f'{{"before": 1, "pin_password": {value}, "after": [true]}}'
    masked = json.loads(mask_secrets(body))
    assert (masked["before"], masked["after"]) == (1, [True])


def test_a_value_is_masked_by_the_name_it_goes_under() -> None:
    assert mask_value("X-Auth-Token", "plain words") == MASK
    assert mask_value("Author", "plain words") == "plain words"
    assert mask_value("token", "") == ""


def test_a_secret_of_this_process_is_masked_wherever_it_is() -> None:
    remember_secrets("kn0wn/secret+value", "short", None)
    remember_environment({"AWS_SECRET_ACCESS_KEY": "from-the-environment", "AWS_REGION": "eu-central-1"})
    said = "a kn0wn/secret+value b kn0wn%2Fsecret%2Bvalue c from-the-environment d short e eu-central-1"
    assert mask_secrets(said) == f"a {MASK} b {MASK} c {MASK} d short e eu-central-1"


def test_only_the_newest_known_secrets_are_kept() -> None:
    remember_secrets("the-long-lived-secret")
    for number in range(100):
        remember_secrets(f"refreshed-token-{number:04d}", "the-long-lived-secret")
    said = mask_secrets("refreshed-token-0000 refreshed-token-0099 the-long-lived-secret")
    assert said == f"refreshed-token-0000 {MASK} {MASK}"


@pytest.mark.parametrize("at", range(90, 101))
def test_a_secret_at_the_cut_is_masked_before_the_cut(at: int) -> None:
    masked = mask_secrets("x" * at + " password=" + WORD, 112)
    assert "hunter" not in masked
    assert len(masked) <= 112


@pytest.mark.parametrize("length", [40, OVERLAP + 500])
@pytest.mark.parametrize("at", [0, 100, 195, 210, 600, 795, 830])
def test_no_part_of_a_known_secret_is_shown_at_a_cut(length: int, at: int) -> None:
    """Also where earlier secrets have become shorter, and where the secret is longer than the usual overlap."""
    secret = "".join(random.Random(length).choices(string.ascii_letters, k=length))
    remember_secrets(secret, secret[:20])
    for head in ("", "Bearer " + "x" * 700 + " "):
        text = head + "." * at + secret + "." * 2000
        for shown in (mask_secrets(text, 200), mask_end(text[::-1].replace(secret[::-1], secret), 200)):
            assert not [start for start in range(length - 8) if secret[start : start + 8] in shown]
            assert len(shown) <= 200


def test_no_more_is_read_than_the_cut_and_the_overlap() -> None:
    assert mask_secrets("a" * (OVERLAP * 9), 10) == "a" * 10


@given(st.text(st.sampled_from("passwordTOKEN_=:\"'\\{}[]<>/@. eyJAKIA01\n-"), max_size=400))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask_secrets(text)
    assert mask_secrets(once) == once


@pytest.mark.parametrize(
    "piece",
    ["eyJ-", "password", 'password="', "password='\\", "://a:", "<Token ", "-----BEGIN PRIVATE KEY-----", '\\"token\\":\\"', "["],
)
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        started = time.process_time()
        mask_secrets("token" + text)
        return time.process_time() - started

    small, large = min(seconds(20_000) for _ in range(3)), seconds(160_000)
    assert large < 0.05 + 24 * small  # 8 in proportion, 64 were it quadratic
