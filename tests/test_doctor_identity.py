"""What the doctor says of environment and credentials, whom it asks, and that no provider holds it up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import identity_servers
from examining import DEPLOYED, RunDoctor, raising, said, verdicts
from identity_servers import ACCOUNT, ROLE_ARN, SECRET, serve
from sqs_core import doctor, doctor_endpoint
from sqs_core.client import AwsSession, ClientProfile
from sqs_core.credential_asking import ask_providers
from sqs_core.model import CredentialReport, ProviderRow
from sqs_core.settings import make_connection_settings
from waiting import wait_until


@pytest.mark.parametrize(
    ("variables", "verdict", "text"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAONLYHALF0000"}, "problem", "AWS_SECRET_ACCESS_KEY is not set"),
        ({"AWS_SECRET_ACCESS_KEY": SECRET}, "problem", "AWS_ACCESS_KEY_ID is not set"),
        ({"AWS_ACCESS_KEY_ID": "AKIAWHOLEPAIR000", "AWS_SECRET_ACCESS_KEY": SECRET}, "ok", "env, key …R000; no end is known"),
        ({}, "ok", "dummy"),
    ],
)
def test_the_credentials_of_a_local_run(
    variables: dict[str, str],
    verdict: str,
    text: str,
    run_doctor: RunDoctor,
    ministack: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code, seen = run_doctor("--endpoint-url", ministack, "doctor")
    assert verdicts(seen)["credentials"] == verdict
    assert text in said(seen, "credentials")
    assert code == int(verdict == "problem")
    assert (verdicts(seen)["permissions"] == "unknown") == (verdict == "problem")
    assert SECRET not in json.dumps(seen)


@pytest.mark.parametrize(
    ("variables", "check", "verdict", "text"),
    [
        ({"APP_ENV": "prod"}, "environment", "warning", "production is spelled production"),
        ({"AWS_PROFILE": "stg"}, "environment", "ok", "AWS_PROFILE stg has no effect here"),
        ({"APP_ENV": "local"}, "environment", "ok", "APP_ENV is local"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "environment", "warning", "Kubernetes pod in local mode"),
        ({"AWS_ENDPOINT_URL": "http://other:1"}, "endpoint-variables", "warning", "pass --endpoint-url"),
        (
            {"AWS_ENDPOINT_URL": "http://o:1", "AWS_ENDPOINT_URL_STS": "http://o:2"},
            "endpoint-variables",
            "warning",
            "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS ignored",
        ),
        ({"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9"}, "endpoint-variables", "note", "AWS_ENDPOINT_URL_SQS"),
    ],
)
def test_what_the_environment_says(
    variables: dict[str, str], check: str, verdict: str, text: str, run_doctor: RunDoctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    _, seen = run_doctor("--endpoint-url", "http://127.0.0.1:9", "doctor")
    assert verdicts(seen)[check] == verdict
    assert text in said(seen, check)


@pytest.fixture
def web_identity(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod with IRSA."""
    (clean_environment / "token").write_text("jwt-1")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(clean_environment / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE_ARN)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.sdk
@pytest.mark.usefixtures("web_identity")
def test_a_deployed_identity_is_named(run_doctor: RunDoctor, ministack: str) -> None:
    with serve(identity_servers.sts) as sts:
        code, seen = run_doctor(*DEPLOYED, "--endpoint-url", ministack, "--sts-endpoint-url", sts.url, "doctor")
        assert sts.actions() == ["AssumeRoleWithWebIdentity", "GetCallerIdentity"]
    assert code == 0
    assert f"{ACCOUNT}:assumed-role/worker/session-1 (account {ACCOUNT})" in said(seen, "identity")
    assert "assume-role-with-web-identity, key …0001; they expire in" in said(seen, "credentials")
    report = seen["credentials"]
    assert (report["account"], report["role_arn"], report["session_name"]) == (ACCOUNT, ROLE_ARN, "session-1")


def test_a_denied_sts_is_worth_a_note_and_no_more(run_doctor: RunDoctor, ministack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVKEY000001")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with serve(identity_servers.sts) as sts:
        sts.status = 403
        code, seen = run_doctor(*DEPLOYED, "--endpoint-url", ministack, "--sts-endpoint-url", sts.url, "doctor")
    assert (code, verdicts(seen)["identity"]) == (0, "note")
    assert "AccessDenied" in said(seen, "identity")


@pytest.mark.usefixtures("web_identity")
def test_an_sts_that_refuses_the_role_is_a_problem(run_doctor: RunDoctor, ministack: str) -> None:
    with serve(identity_servers.sts) as sts:
        sts.status = 403
        code, seen = run_doctor(*DEPLOYED, "--endpoint-url", ministack, "--sts-endpoint-url", sts.url, "doctor")
    assert (code, verdicts(seen)["credentials"], verdicts(seen)["permissions"]) == (1, "problem", "unknown")
    assert "AccessDenied" in said(seen, "credentials")


@pytest.mark.usefixtures("web_identity")
def test_a_second_mechanism_is_asked_only_with_probe(
    run_doctor: RunDoctor, ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(identity_servers.pod_identity_agent) as agent, serve(identity_servers.sts) as sts:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/v1/credentials")
        flags = (*DEPLOYED, "--endpoint-url", ministack, "--sts-endpoint-url", sts.url, "doctor")
        code, seen = run_doctor(*flags)
        assert (code, agent.seen) == (1, [])
        assert "more than one mechanism is configured" in said(seen, "credentials")
        _, seen = run_doctor(*flags, "--probe")
        assert len(agent.seen) == 1
    rows = {row["method"]: row for row in seen["credentials"]["chain"]}
    assert rows["container-role"]["status"] == "shadowed"
    assert "asked: it gives key …0001" in rows["container-role"]["reason"]
    assert rows["assume-role-with-web-identity"]["status"] == "found"
    assert SECRET not in json.dumps(seen)


def test_a_program_that_never_ends_does_not_hold_it_up(
    run_doctor: RunDoctor, ministack: str, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "CREDENTIALS_SECONDS", 0.5)
    (clean_environment / ".aws").mkdir()
    (clean_environment / ".aws" / "config").write_text("[profile slow]\ncredential_process = sleep 3\n")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, seen = run_doctor(*DEPLOYED, "--profile", "slow", "--endpoint-url", ministack, "doctor")
    assert (code, verdicts(seen)["credentials"]) == (1, "problem")
    assert "no answer within 0.5 s" in said(seen, "credentials")


def test_sts_is_asked_who_we_are_and_nothing_else(ministack: str) -> None:
    with serve(identity_servers.sts) as sts:
        session = AwsSession(make_connection_settings(endpoint_url=ministack, sts_endpoint_url=sts.url))
        identity = session.identity(ClientProfile("none", 1.0, 1, frozenset()))
        assert sts.seen == []
    assert "GetCallerIdentity was not sent" in (identity.error or "")


@pytest.mark.parametrize("settings", ["credential_process = false", "credential_process = sleep 2", "role_arn = x"])
def test_bad_credentials_without_an_endpoint_are_findings(
    settings: str, run_doctor: RunDoctor, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "CREDENTIALS_SECONDS", 1.0)
    monkeypatch.setattr(doctor_endpoint, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (clean_environment / ".aws").mkdir()
    (clean_environment / ".aws" / "config").write_text(f"[default]\n{settings}\n")
    started = time.monotonic()
    code, seen = run_doctor("--env", "staging", "--region", "eu-west-1", "doctor")
    assert time.monotonic() - started < 10
    assert (code, verdicts(seen)["credentials"]) == (1, "problem")
    assert seen["endpoint"] == "https://sqs.eu-west-1.amazonaws.com"


def test_a_program_that_hangs_ends_with_the_doctor(clean_environment: Path) -> None:
    (clean_environment / ".aws").mkdir()
    script = clean_environment / "slow.sh"
    script.write_text(f"#!/bin/sh\necho $$ > {clean_environment}/pid\nexec sleep 60\n")
    script.chmod(0o700)
    (clean_environment / ".aws" / "config").write_text(f"[default]\ncredential_process = {script}\n")
    code = "import sqs_core.doctor as d, sys; d.CREDENTIALS_SECONDS = 1.0; from sqs_tui.cli import main; main()"
    command = [sys.executable, "-c", code, *DEPLOYED, "--endpoint-url", "http://127.0.0.1:9", "doctor"]
    environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1, done.stderr
    wait_until(lambda: not Path(f"/proc/{(clean_environment / 'pid').read_text().strip()}").exists(), 5)


def test_providers_that_had_nothing_are_not_called_untried(
    run_doctor: RunDoctor, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(lambda _, __: (404, "text/plain", "")) as metadata:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        _, seen = run_doctor(*DEPLOYED, "--endpoint-url", "http://127.0.0.1:9", "doctor")
        assert metadata.seen != []
    row = next(row for row in seen["credentials"]["chain"] if row["method"] == "iam-role")
    assert (row["status"], row["reason"].partition("; ")[2]) == ("failed", "it has no credentials")


def test_a_missing_token_file_is_the_way_out(run_doctor: RunDoctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE_ARN)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    _, seen = run_doctor(*DEPLOYED, "--endpoint-url", "http://127.0.0.1:9", "doctor")
    assert "-> assume-role-with-web-identity: the token file /nowhere/token cannot be read" in said(seen, "credentials")


def test_what_asked_providers_answer_is_in_their_rows() -> None:
    chain = [
        ("env", "found"),
        ("sso", "not-tried"),
        ("login", "failed"),
        ("boto-config", "skipped"),
        ("iam-role", "not-configured"),
    ]
    report = CredentialReport("env", "", chain=tuple(ProviderRow(method, status, "why") for method, status in chain))
    providers = {
        "env": lambda: raising(AssertionError("it was asked")),
        "container-role": lambda: None,
        "sso": lambda: raising(ValueError("password=hunter2-XYZZY")),
        "boto-config": lambda: raising(AssertionError("it was asked")),
        "iam-role": lambda: raising(AssertionError("it was asked")),
    }
    rows = [(row.status, row.reason) for row in ask_providers(report, providers).chain]
    assert rows == [
        ("found", "why"),
        ("failed", "why; asked: ValueError: password=***"),
        ("failed", "why"),
        ("skipped", "why"),
        ("not-configured", "why"),
    ]
