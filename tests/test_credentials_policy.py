"""Environment × endpoint × credentials: each ends in an identity or in one line with the remedy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import identity_servers
from identity_servers import serve
from sqs_core import credentials
from sqs_core.client import AwsSession, choose_endpoint
from sqs_core.errors import ConfigurationError
from sqs_core.settings import make_connection_settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sdk

PAIR = {"AWS_ACCESS_KEY_ID": "AKIAENVKEY01", "AWS_SECRET_ACCESS_KEY": "s"}
HALF = {"AWS_ACCESS_KEY_ID": "AKIAENVKEY01"}
OTHER_HALF = {"AWS_SECRET_ACCESS_KEY": "s"}
REGION = {"AWS_REGION": "eu-west-1"}
KEYS = "aws_access_key_id = AKIAFILEKEY1\naws_secret_access_key = s\n"
_PRINTED = r'{"Version":1,"AccessKeyId":"AKIAPROCESS1","SecretAccessKey":"s"}'.replace('"', r"\"")
PROCESS = f"credential_process = {sys.executable} -c \"print('{_PRINTED}')\"\n"
LOCAL, REMOTE, AWS = "http://127.0.0.1:4566", "http://sqs.test:4566", "https://sqs.eu-west-1.amazonaws.com"
WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": identity_servers.ROLE_ARN}
ROLE = f"role_arn = {identity_servers.ROLE_ARN}\n"
DEV = {"AWS_PROFILE": "dev"}
CHAIN = f"[profile dev]\n{ROLE}source_profile = p\n[profile p]\n"
STS_POISON = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}
NORTH = "[default]\nregion = eu-north-1\n"
SHARED = {"allow_shared_credentials": True}


@dataclass(frozen=True)
class Case:
    """`ends` is `runs as PROVIDER`, or what the one line must hold."""

    ends: str
    environ: dict[str, str] = field(default_factory=dict)
    flags: dict[str, Any] = field(default_factory=dict)
    config: str = ""
    credentials: str = ""


def _deployed(ends: str, environ: dict[str, str] | None = None, **rest: Any) -> Case:
    flags = {"env": "staging", **rest.pop("flags", {})}
    return Case(ends, {**REGION, **(environ or {})}, flags, **rest)


CASES = [
    Case("runs as dummy"),
    Case("runs as env", PAIR),
    Case("AWS_SECRET_ACCESS_KEY is not set", HALF),
    Case("AWS_ACCESS_KEY_ID is not set", OTHER_HALF),
    Case("runs as dummy", credentials=f"[default]\n{KEYS}"),
    Case("runs as dummy", {"AWS_PROFILE": "nosuch"}),
    Case("runs as dummy", {"AWS_ENDPOINT_URL": AWS}),
    Case("runs as dummy", {"APP_ENV": "prod"}),
    Case("runs as dummy", WEB),
    Case("runs as env", PAIR, {"endpoint_url": LOCAL}),
    Case("--allow-endpoint sqs.test", PAIR, {"endpoint_url": REMOTE}),
    Case("runs as env", PAIR, {"endpoint_url": REMOTE, "allow_endpoints": ("sqs.test",)}),
    Case("set AWS_ACCESS_KEY_ID", {}, {"endpoint_url": REMOTE, "allow_endpoints": ("sqs.test",)}),
    Case("pass --env", PAIR, {"endpoint_url": AWS}),
    Case("pass --env", PAIR, {"endpoint_url": AWS, "allow_endpoints": ("sqs.eu-west-1.amazonaws.com",)}),
    Case("--allow-endpoint sts.test", PAIR, {"sts_endpoint_url": "http://sts.test"}),
    Case("pass --env or drop it", PAIR, {"profile": "dev"}),
    Case("region 'EU' is not", PAIR, {"region": "EU"}),
    _deployed("runs as env", PAIR),
    _deployed("runs as env", {**PAIR, "AWS_ENDPOINT_URL": LOCAL}),
    _deployed("AWS_SECRET_ACCESS_KEY", HALF),
    _deployed("pass --profile", {}),
    _deployed("--allow-endpoint 127.0.0.1", PAIR, flags={"endpoint_url": LOCAL}),
    _deployed("runs as env", PAIR, flags={"endpoint_url": LOCAL, "allow_endpoints": ("127.0.0.1",)}),
    _deployed("runs as env", PAIR, flags={"endpoint_url": AWS}),
    _deployed("--allow-endpoint 127.0.0.1, or drop --sts-endpoint-url", PAIR, flags={"sts_endpoint_url": LOCAL}),
    _deployed("--allow-shared-credentials", credentials=f"[default]\n{KEYS}"),
    _deployed("--allow-shared-credentials", config=f"[default]\n{KEYS}"),
    _deployed("runs as shared-credentials-file", credentials=f"[default]\n{KEYS}", flags=SHARED),
    _deployed("runs as config-file", config=f"[default]\n{KEYS}", flags=SHARED),
    _deployed("pass --profile", {"BOTO_CONFIG": "{home}/.aws/credentials"}, credentials=f"[Credentials]\n{KEYS}"),
    _deployed("profile 'nosuch' (--profile) does not exist", PAIR, flags={"profile": "nosuch"}),
    _deployed("profile 'nosuch' (AWS_PROFILE", {**PAIR, "AWS_PROFILE": "nosuch"}),
    _deployed("runs as custom-process", DEV, config=f"[profile dev]\n{PROCESS}"),
    _deployed("runs as custom-process", PAIR, config=f"[profile dev]\n{PROCESS}", flags={"profile": "dev"}),
    _deployed("runs as env", {**PAIR, "AWS_PROFILE": "dev"}, config=f"[profile dev]\n{PROCESS}"),
    _deployed("runs as assume-role", DEV, config=CHAIN + PROCESS),
    _deployed("static keys of profile 'p'", DEV, config=CHAIN + KEYS),
    _deployed("static keys of profile 'dev'", DEV, config=f"[profile dev]\n{ROLE}source_profile = dev\n{KEYS}"),
    _deployed("static keys of profile 'q'", DEV, config=f"{CHAIN}{ROLE}source_profile = q\n[profile q]\n{KEYS}"),
    _deployed("runs as assume-role", DEV, config=CHAIN + KEYS, flags=SHARED),
    _deployed("does not exist", DEV, config=f"[profile dev]\n{ROLE}source_profile = nosuch\n"),
    _deployed("runs as assume-role-with-web-identity", WEB),
    _deployed("runs as assume-role-with-web-identity", {**WEB, **STS_POISON}),
    _deployed("role ARN", {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token"}),
    _deployed("Unsupported host", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.test/"}),
    Case("no region for staging", PAIR, {"env": "staging"}),
    Case("runs as env in eu-north-1", PAIR, {"env": "staging"}, config=NORTH),
    Case("runs as env in eu-south-1", {**PAIR, "AWS_DEFAULT_REGION": "eu-south-1"}, {"env": "staging"}, config=NORTH),
    Case("runs as env in us-west-2", {**PAIR, **REGION}, {"env": "staging", "region": "us-west-2"}),
]  # fmt: skip


def _ends(case: Case, sts_url: str) -> str:
    flags = dict(case.flags)
    if flags.get("env") == "staging" and "sts_endpoint_url" not in flags:
        flags.setdefault("allow_endpoints", ("127.0.0.1",) if flags.get("endpoint_url") != LOCAL else ())
        if flags["allow_endpoints"]:
            flags["sts_endpoint_url"] = sts_url
    try:
        session = AwsSession(make_connection_settings(**flags))
        return f"runs as {session.credentials().provider} in {session.connection.region}"
    except ConfigurationError as error:
        return str(error)


@pytest.mark.parametrize("case", CASES, ids=[f"{index}-{case.ends}" for index, case in enumerate(CASES)])
def test_every_combination_ends_in_an_identity_or_a_remedy(
    case: Case, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = clean_environment
    (home / ".aws").mkdir()
    (home / "token").write_text("web-identity-token")
    (home / ".aws" / "config").write_text(case.config)
    (home / ".aws" / "credentials").write_text(case.credentials)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in case.environ.items():
        monkeypatch.setenv(name, value.format(home=home))
    with serve(identity_servers.sts) as sts:
        end = _ends(case, sts.url)
    assert "\n" not in end
    if case.ends.startswith("runs as"):
        assert f"{end} ".startswith(f"{case.ends} ")
    else:
        assert case.ends in end
        assert not end.startswith("runs as")


def test_the_table_is_not_small() -> None:
    assert len(CASES) >= 24


@pytest.mark.parametrize("name", ["config-file", "shared-credentials-file"])
def test_without_the_removal_static_keys_would_be_used(
    name: str, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = clean_environment / ".aws"
    aws.mkdir()
    (aws / ("config" if name == "config-file" else "credentials")).write_text(f"[default]\n{KEYS}")
    monkeypatch.setattr("sqs_core.credentials.SHARED_KEY_METHODS", ())
    session = AwsSession(make_connection_settings(env="staging", region="eu-west-1"))
    assert session.credentials().provider == name


def test_a_left_over_endpoint_does_not_get_the_web_identity_token(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chain's own STS client is made for AWS's address, whatever the variables say."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    session = AwsSession(make_connection_settings(env="staging", region="eu-west-1"))
    assert session._session.create_client("sts").meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"


def test_the_certificates_of_the_profile_are_believed_and_locally_none(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean_environment / ".aws").mkdir()
    (clean_environment / ".aws" / "config").write_text("[default]\nca_bundle = /etc/ours.pem\n")
    assert AwsSession(make_connection_settings(env="staging", region="eu-west-1")).certificate_bundle() == "/etc/ours.pem"
    monkeypatch.setenv("AWS_CA_BUNDLE", "/etc/theirs.pem")
    assert AwsSession(make_connection_settings(env="staging", region="eu-west-1")).certificate_bundle() == "/etc/theirs.pem"
    assert AwsSession(make_connection_settings()).certificate_bundle() is None


def test_threads_choose_the_default_endpoint_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """LocalStack's own library reads `AWS_ENDPOINT_URL`, which has no say here: it is hidden meanwhile."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    connection = make_connection_settings()
    with ThreadPoolExecutor(4) as pool:
        chosen = set(pool.map(lambda _: choose_endpoint(connection), range(2000)))
    assert chosen == {"http://localhost:4566"}
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"


def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "PROGRAM_SECONDS", 0.2)
    program = credentials._Program(["sleep", "30"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with pytest.raises(TimeoutError, match=r"the credential_process gave no answer within 0\.2 s"):
        program.communicate(None)
    assert program.returncode == -signal.SIGKILL
