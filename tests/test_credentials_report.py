"""The report of 12 providers, each found, missing, broken and skipped; its warnings; and that it asks nobody."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from identity_servers import ROLE_ARN
from sqs_core.credential_chain import Identity, KeyFacts, build_report
from sqs_core.credential_probes import PROBES
from sqs_core.environment import Environment
from sqs_core.model import CredentialReport, ProviderRow
from sqs_core.settings import ConnectionSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "planted-secret"
PAIR = {"AWS_ACCESS_KEY_ID": "AKIAPLANTED1", "AWS_SECRET_ACCESS_KEY": SECRET}
KEYS = f"aws_access_key_id = AKIAPLANTED2\naws_secret_access_key = {SECRET}\n"
HALF_KEYS = "aws_access_key_id = AKIAPLANTED2\n"
ROLE = f"role_arn = {ROLE_ARN}\n"
SSO = "sso_account_id = 1\nsso_role_name = r\nsso_start_url = https://start\nsso_region = eu-west-1\n"
NO_METADATA = {"AWS_EC2_METADATA_DISABLED": "true"}
ALL_METHODS = tuple(PROBES)
CHAINED = f"[default]\n{ROLE}source_profile = p\n[profile p]\n{KEYS}"
POD = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"}


@dataclass(frozen=True)
class Fixture:
    """One provider in one state. `env` and `config` as they are found; `used` is the provider in use, if any."""

    method: str
    status: str
    reason: str
    environ: dict[str, str] = field(default_factory=dict)
    config: str = ""
    credentials: str = ""
    files: dict[str, str] = field(default_factory=dict)
    used: str | None = None
    flags: dict[str, Any] = field(default_factory=dict)


def _found(method: str, environ: dict[str, str] | None = None, **rest: Any) -> Fixture:
    return Fixture(method, "found", "", environ or {}, used=method, **rest)


def _local(method: str) -> Fixture:
    return Fixture(method, "skipped", "local reads only", used="dummy", flags={"environment": Environment.LOCAL})


LEGACY_TOKEN = f".aws/sso/cache/{hashlib.sha1(b'https://start').hexdigest()}.json"
LOGIN_TOKEN = f".aws/login/cache/{hashlib.sha256(b'arn:login').hexdigest()}.json"
EXPIRED = json.dumps({"accessToken": SECRET, "expiresAt": "2001-01-01T00:00:00Z"})
VALID = json.dumps({"accessToken": SECRET, "expiresAt": "2999-01-01T00:00:00UTC"})
WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": ROLE_ARN}
TOKEN = {"token": f"{SECRET}-jwt"}
SHARED = {"allow_shared_credentials": True}
EC2_FILE = {"AWS_CREDENTIAL_FILE": "{home}/e"}
BOTO_FILE = {"BOTO_CONFIG": "{home}/b"}
BOTO_KEYS = {"b": f"[Credentials]\n{KEYS}"}
SOURCED = f"[default]\n{ROLE}source_profile = p\n"
AGENT_TOKEN = {**POD, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{home}/token"}
BOTO_HALF = {"b": f"[Credentials]\n{HALF_KEYS}"}
EC2_KEYS = {"e": f"AWSAccessKeyId=A\nAWSSecretKey={SECRET}"}

FIXTURES = [
    _found("env", PAIR),
    _found("assume-role", config=f"[default]\n{ROLE}credential_source = Environment\n"),
    _found("assume-role-with-web-identity", WEB, files=TOKEN),
    _found("sso", config=f"[default]\n{SSO}", files={LEGACY_TOKEN: VALID}),
    _found("shared-credentials-file", credentials=f"[default]\n{KEYS}", flags=SHARED),
    _found("login", config="[default]\nlogin_session = arn:login\n", files={LOGIN_TOKEN: "{}"}),
    _found("custom-process", config=f"[default]\ncredential_process = {sys.executable} x\n"),
    _found("config-file", config=f"[default]\n{KEYS}", flags=SHARED),
    _found("ec2-credentials-file", EC2_FILE, files=EC2_KEYS, flags=SHARED),
    _found("boto-config", BOTO_FILE, files=BOTO_KEYS, flags=SHARED),
    _found("container-role", POD),
    _found("iam-role"),
    *[Fixture(method, "not-configured", "", NO_METADATA) for method in ALL_METHODS],
    Fixture("env", "failed", "AWS_SECRET_ACCESS_KEY is not set", {"AWS_ACCESS_KEY_ID": "AKIA"}),
    Fixture("assume-role", "failed", "'nosuch' does not exist", config=f"[default]\n{ROLE}source_profile = nosuch\n"),
    Fixture("assume-role-with-web-identity", "failed", "no role", {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token"}, files=TOKEN),
    Fixture("sso", "failed", "sso_start_url, sso_region missing", config="[default]\nsso_account_id = 1\nsso_role_name = r\n"),
    Fixture("shared-credentials-file", "failed", "half a pair", credentials=f"[default]\n{HALF_KEYS}", flags=SHARED),
    Fixture("login", "failed", "botocore[crt]", config="[default]\nlogin_session = arn:login\n", files={LOGIN_TOKEN: "{}"}),
    Fixture("custom-process", "failed", "/nosuch/program", config="[default]\ncredential_process = /nosuch/program\n"),
    Fixture("config-file", "failed", "half a pair", config=f"[default]\n{HALF_KEYS}", flags=SHARED),
    Fixture("ec2-credentials-file", "failed", "cannot be read", {"AWS_CREDENTIAL_FILE": "/nosuch"}, flags=SHARED),
    Fixture("boto-config", "failed", "half a pair", BOTO_FILE, files=BOTO_HALF, flags=SHARED),
    Fixture("container-role", "failed", "Unsupported host 'evil.test'", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.test/"}),
    Fixture("iam-role", "failed", "neither ipv4 nor ipv6", {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv5"}),
    Fixture("env", "skipped", "--profile leaves", PAIR, flags={"profile": "default"}),
    Fixture("assume-role", "skipped", "static keys of profile 'p'", config=CHAINED),
    _local("assume-role-with-web-identity"),
    _local("sso"),
    Fixture("shared-credentials-file", "skipped", "--allow-shared-credentials", credentials=f"[default]\n{KEYS}"),
    _local("login"),
    _local("custom-process"),
    Fixture("config-file", "skipped", "--allow-shared-credentials", config=f"[default]\n{KEYS}"),
    Fixture("ec2-credentials-file", "skipped", "--allow-shared-credentials", EC2_FILE, files={"e": "AWSAccessKeyId=A\n"}),
    Fixture("boto-config", "skipped", "--allow-shared-credentials", BOTO_FILE, files=BOTO_KEYS),
    _local("container-role"),
    _local("iam-role"),
]  # fmt: skip

MORE = [
    Fixture("assume-role", "failed", "both source_profile", config=SOURCED + "credential_source = Environment\n"),
    Fixture("assume-role", "failed", "neither source_profile", config=f"[default]\n{ROLE}"),
    Fixture("assume-role", "failed", "leads back", config=f"{SOURCED}[profile p]\n{ROLE}source_profile = default\n"),
    Fixture("assume-role", "failed", "'Moon' is none of", config=f"[default]\n{ROLE}credential_source = Moon\n"),
    Fixture("assume-role-with-web-identity", "failed", "cannot be read", WEB),
    Fixture("assume-role-with-web-identity", "failed", "is empty", WEB, files={"token": ""}),
    Fixture("assume-role-with-web-identity", "failed", "too short", WEB, files={"token": "abc"}),
    Fixture("assume-role-with-web-identity", "not-tried", "not exchanged yet", WEB, files=TOKEN),
    Fixture("sso", "failed", "aws sso login", config=f"[default]\n{SSO}"),
    Fixture("sso", "failed", "is expired", config=f"[default]\n{SSO}", files={LEGACY_TOKEN: EXPIRED}),
    Fixture("sso", "failed", "'nosuch' does not exist", config=f"[default]\n{SSO}sso_session = nosuch\n"),
    Fixture("container-role", "failed", "newline", AGENT_TOKEN, files={"token": "jwt-1\n"}),
    Fixture("container-role", "not-tried", "would use the network", POD),
    Fixture("custom-process", "not-tried", "would run a program", config=f"[default]\ncredential_process = {sys.executable} x\n"),
    Fixture("iam-role", "not-tried", "would use the network", PAIR, used="env"),
    Fixture("assume-role-with-web-identity", "shadowed", "env comes first", {**PAIR, **WEB}, files=TOKEN, used="env"),
    Fixture("env", "found", "are set", PAIR, used="env", flags={"environment": Environment.LOCAL}),
    Fixture("dummy", "shadowed", "", PAIR, used="env", flags={"environment": Environment.LOCAL}),
    Fixture("dummy", "found", "", used="dummy", flags={"environment": Environment.LOCAL}),
]  # fmt: skip


def _lay_out(home: Path, fixture: Fixture) -> dict[str, str]:
    for name, text in {".aws/config": fixture.config, ".aws/credentials": fixture.credentials, **fixture.files}.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    return {name: value.format(home=home) for name, value in fixture.environ.items()}


def _report(home: Path, fixture: Fixture, key: KeyFacts | None = None) -> CredentialReport:
    environ = _lay_out(home, fixture)
    if key is None and fixture.used is not None:
        key = KeyFacts(fixture.used, "TED1")
    flags = {"environment": Environment.STAGING, **fixture.flags}
    return build_report(ConnectionSettings(**flags), key, Identity(), time.time(), environ)


def _row(report: CredentialReport, method: str) -> ProviderRow:
    (row,) = (row for row in report.chain if row.method == method)
    return row


def _names(fixtures: list[Fixture]) -> list[str]:
    return [f"{fixture.method}-{fixture.status}-{fixture.reason[:20]}" for fixture in fixtures]


@pytest.mark.sdk
@pytest.mark.parametrize("fixture", FIXTURES + MORE, ids=_names(FIXTURES + MORE))
def test_every_row_is_right(fixture: Fixture, clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if fixture.method == "login" and fixture.status == "found":
        monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    report = _report(clean_environment, fixture)
    row = _row(report, fixture.method)
    assert (row.status, fixture.reason in row.reason) == (fixture.status, True), row
    assert SECRET not in repr(report)
    methods = tuple(row.method for row in report.chain)
    assert methods == (*ALL_METHODS, "dummy") if fixture.flags.get("environment") else ALL_METHODS
    assert [other.method for other in report.chain if other.status == "found"] == ([fixture.used] if fixture.used else [])


def test_there_are_four_fixtures_for_each_provider() -> None:
    assert len(FIXTURES) == 48
    for method in ALL_METHODS:
        states = [fixture.status for fixture in FIXTURES if fixture.method == method]
        assert sorted(states) == ["failed", "found", "not-configured", "skipped"]


@pytest.mark.sdk
def test_the_order_is_the_sdks() -> None:
    from botocore.session import Session

    providers = Session().get_component("credential_provider").providers
    assert tuple(provider.METHOD for provider in providers) == ALL_METHODS


def test_the_report_has_no_field_that_could_hold_a_secret() -> None:
    names = {field.name for field in (*fields(CredentialReport), *fields(ProviderRow))}
    assert not [name for name in names if any(word in name for word in ("secret", "token", "access"))]


# A hook cannot be taken out again, so there is one for the whole run, and it watches one thread while that is asked for.
_WATCHED: dict[int, list[str]] = {}


def _hook(event: str, _: object) -> None:
    if _WATCHED and event.startswith(("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork")):
        seen = _WATCHED.get(threading.get_ident())
        if seen is not None:
            seen.append(event)


sys.addaudithook(_hook)


@pytest.fixture
def watched() -> Iterator[list[str]]:
    seen: list[str] = []
    _WATCHED[threading.get_ident()] = seen
    yield seen
    del _WATCHED[threading.get_ident()]


@pytest.mark.sdk
def test_all_fixtures_take_little_time_and_ask_nobody(tmp_path: Path, watched: list[str]) -> None:
    _report(tmp_path, FIXTURES[0])  # loads the SDK's parsers
    total = 0.0  # of this thread: what others do at the same time is not its cost
    for index, fixture in enumerate(FIXTURES):
        home = tmp_path / str(index)
        environ = {**_lay_out(home, fixture), "AWS_CONFIG_FILE": f"{home}/.aws/config"}
        environ["AWS_SHARED_CREDENTIALS_FILE"] = f"{home}/.aws/credentials"
        connection = ConnectionSettings(**{"environment": Environment.STAGING, **fixture.flags})
        key = KeyFacts(fixture.used, "TED1") if fixture.used else None
        started = time.thread_time()
        build_report(connection, key, Identity(), 0.0, environ)
        total += time.thread_time() - started
    assert watched == []
    started = time.thread_time()
    boto3.Session(region_name="us-east-1").client("sqs")
    assert total < time.thread_time() - started, "all together take less than one client, for which everybody waits"


def test_the_watch_would_see_a_socket(watched: list[str]) -> None:
    import socket

    socket.socket().close()
    assert "socket.__new__" in watched


def _warned(home: Path, fixture: Fixture, key: KeyFacts) -> str:
    return " | ".join(_report(home, fixture, key).warnings)


@pytest.mark.parametrize("winner", ["iam-role", "shared-credentials-file", "env"])
@pytest.mark.parametrize(("environ", "pod"), [(WEB, "assume-role-with-web-identity"), (POD, "container-role")])
def test_an_identity_wider_than_meant_is_told(clean_environment: Path, winner: str, environ: dict[str, str], pod: str) -> None:
    fixture = Fixture("", "", "", environ, credentials=f"[default]\n{KEYS}", files=TOKEN, flags=SHARED)
    assert f"{pod} configured, but {winner} is in use" in _warned(clean_environment, fixture, KeyFacts(winner, ""))


def test_two_mechanisms_at_once_are_told(clean_environment: Path) -> None:
    fixture = Fixture("", "", "", {**WEB, **POD}, files=TOKEN)
    assert "more than one mechanism" in _warned(clean_environment, fixture, KeyFacts("assume-role-with-web-identity", ""))


def test_a_token_files_newline_is_told(clean_environment: Path) -> None:
    fixture = Fixture("", "", "", WEB, files={"token": "jwt-1\n"})
    assert "ends in a newline" in _warned(clean_environment, fixture, KeyFacts("assume-role-with-web-identity", ""))


def test_a_refresh_that_fails_is_told_only_near_the_end(clean_environment: Path) -> None:
    fixture = Fixture("", "", "", WEB, files=TOKEN)
    method = "assume-role-with-web-identity"
    soon = KeyFacts(method, "", expires_at=time.time() + 600, error="no answer")
    later = KeyFacts(method, "", expires_at=time.time() + 3000, error="no answer")
    assert "expire in 10 min and refreshing them fails: no answer" in _warned(clean_environment, fixture, soon)
    assert _warned(clean_environment, fixture, later) == ""


@pytest.mark.parametrize(
    "config",
    [
        "[default]\nendpoint_url = http://here\n",
        "[default]\nservices = mine\nendpoint_url = http://there\n[services mine]\nsqs =\n  endpoint_url = http://here\n",
    ],
)
def test_an_endpoint_of_the_profile_that_is_not_obeyed_is_told(clean_environment: Path, config: str) -> None:
    key = KeyFacts("assume-role-with-web-identity", "")
    told = _warned(clean_environment, Fixture("", "", "", WEB, config, files=TOKEN), key)
    assert told == "endpoint_url http://here of profile 'default' ignored, use --endpoint-url"
    given = Fixture("", "", "", WEB, config, files=TOKEN, flags={"endpoint_url": "http://elsewhere"})
    assert _warned(clean_environment, given, key) == ""


@pytest.mark.parametrize(
    "config",
    ["", "[default]\nservices =\n  a = b\nendpoint_url =\n  c = d\n", "[default]\nservices = x\n[services x]\nsqs = 5\n"],
)
def test_a_plain_identity_has_no_warning(clean_environment: Path, config: str) -> None:
    fixture = Fixture("", "", "", WEB, config, files=TOKEN)
    assert _warned(clean_environment, fixture, KeyFacts("assume-role-with-web-identity", "")) == ""
