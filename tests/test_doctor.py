"""`sqs-tui doctor` against real servers: what it finds, what it says, what it asks, and that it changes nothing."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

import identity_servers
from consuming import depth, fill
from identity_servers import ACCOUNT, ROLE_ARN, SECRET, Denying, serve
from sqs_core import doctor, doctor_endpoint
from sqs_core.client import AwsSession, ClientProfile
from sqs_core.credential_asking import ask_providers
from sqs_core.errors import ConfigurationError
from sqs_core.findings import Finding, Verdict, guarded, masked
from sqs_core.model import CredentialReport, ProviderRow
from sqs_core.settings import make_connection_settings
from sqs_tui.cli import cli
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

Run = tuple[int, dict[str, Any]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Runs `doctor … --json`; gives the exit code and the object."""

    def run(*arguments: str) -> Run:
        code = cli.main([*arguments, "--json"], standalone_mode=False)
        seen: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert seen["schema"] == 1
        assert seen["exit_code"] == code == int(any(one["verdict"] in ("warning", "problem") for one in seen["findings"]))
        for finding in seen["findings"]:
            assert finding["evidence"]
            assert finding["remedy"] or finding["verdict"] not in ("warning", "problem")
        return int(code), seen

    return run


def verdicts(seen: dict[str, Any]) -> dict[str, str]:
    """Check → verdict; of several findings of one check the worst."""
    order = ("ok", "note", "unknown", "warning", "problem")
    worst: dict[str, str] = {}
    for finding in seen["findings"]:
        name, verdict = finding["check"], finding["verdict"]
        worst[name] = max(worst.get(name, "ok"), verdict, key=order.index)
    return worst


def said(seen: dict[str, Any], check: str) -> str:
    """All evidence and remedies of a check."""
    return " | ".join(f"{one['evidence']} -> {one['remedy']}" for one in seen["findings"] if one["check"] == check)


@pytest.mark.sdk
@pytest.mark.parametrize("probe", [[], ["--probe"]])
def test_a_good_queue_on_localstack(
    probe: list[str], run: Callable[..., Run], localstack: str, sqs: SQSClient, queue_factory: QueueFactory
) -> None:
    queue = queue_factory(max_receive_count=5, attributes={"ReceiveMessageWaitTimeSeconds": "20"})
    fill(sqs, queue, ["a", "b", "c"])
    code, seen = run("--endpoint-url", localstack, "doctor", queue.name, "--handler-p95", "1", *probe)
    assert verdicts(seen) == {
        "environment": "ok",
        "credentials": "ok",
        "identity": "ok",
        "endpoint": "ok",
        "clock-skew": "ok",
        "emulator": "ok",
        "permissions": "ok",
        "queue": "ok",
        "messages": "note",
        "visibility-timeout": "ok",
        "dead-letter-queue": "ok",
        "max-receive-count": "ok",
        "dlq-retention": "note",
        "receive-wait": "ok",
        "read-timeout": "ok",
    }
    assert code == 0
    assert "LocalStack" in said(seen, "emulator")
    assert ("DeleteMessage, ChangeMessageVisibility; not tried" in said(seen, "permissions")) == bool(probe)
    assert (seen["environment"], seen["environment_decided_by"], seen["region"]) == ("local", "default", "us-east-1")
    assert (seen["endpoint"], seen["queue"], seen["credentials"]["provider"]) == (localstack, queue.name, "dummy")
    assert depth(sqs, queue.url) == (3, 0)
    received = sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])["Messages"]
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in received} == {"1"}


def test_ministack_is_told_from_localstack(run: Callable[..., Run], ministack: str) -> None:
    code, seen = run("--endpoint-url", ministack, "doctor")
    assert "MiniStack" in said(seen, "emulator")
    assert (code, verdicts(seen)["queue"]) == (0, "note")


def test_a_queue_that_is_a_dead_letter_queue_needs_none(
    run: Callable[..., Run], localstack: str, queue_factory: QueueFactory
) -> None:
    queue = queue_factory(max_receive_count=3)
    dead = queue.dlq_url
    assert dead is not None
    _, seen = run("--endpoint-url", localstack, "doctor", dead)
    assert "this is one itself, of 1 queue" in said(seen, "dead-letter-queue")


def test_a_queue_that_is_not_there(run: Callable[..., Run], ministack: str) -> None:
    code, seen = run("--endpoint-url", ministack, "doctor", "no-such-queue")
    assert (code, verdicts(seen)["queue"]) == (1, "problem")
    assert "does not exist" in said(seen, "queue")
    assert "visibility-timeout" not in verdicts(seen)


def test_nobody_at_the_endpoint(run: Callable[..., Run]) -> None:
    code, seen = run("--endpoint-url", "http://127.0.0.1:9", "doctor", "orders")
    assert (code, verdicts(seen)["endpoint"], verdicts(seen)["permissions"]) == (1, "problem", "unknown")
    assert "http://127.0.0.1:9" in said(seen, "endpoint")


def test_a_dead_letter_queue_that_is_not_there(
    run: Callable[..., Run], ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    ministack_sqs.delete_queue(QueueUrl=queue.dlq_url or "")
    code, seen = run("--endpoint-url", ministack, "doctor", queue.name)
    assert (code, verdicts(seen)["dead-letter-queue"]) == (1, "problem")
    assert "does not exist: a message that fails 3 times" in said(seen, "dead-letter-queue")


def test_an_endpoint_that_drips_does_not_hold_it_up(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes before the socket's timeout, and the answer is never whole."""
    monkeypatch.setattr(doctor_endpoint, "TIMEOUT_SECONDS", 0.5)
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer, contextlib.suppress(OSError):
            while not over.wait(0.1):
                peer.sendall(b"H")

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        started = time.monotonic()
        code, seen = run("--endpoint-url", f"http://127.0.0.1:{server.getsockname()[1]}", "doctor")
        took = time.monotonic() - started
        over.set()
        thread.join()
    assert (code, verdicts(seen)["endpoint"]) == (1, "problem")
    assert took < 5


def test_an_endpoint_that_never_answers_does_not_hold_it_up(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_endpoint, "TIMEOUT_SECONDS", 0.5)
    with closing(socket.create_server(("127.0.0.1", 0))) as hung:
        started = time.monotonic()
        code, seen = run("--endpoint-url", f"http://127.0.0.1:{hung.getsockname()[1]}", "doctor", "orders")
        assert time.monotonic() - started < 5
    assert (code, verdicts(seen)["endpoint"]) == (1, "problem")


DENIED = [
    ({"ListQueues": "AccessDenied"}, "note", "sqs:ListQueues is denied (AccessDenied): the list of queues stays empty"),
    ({"GetQueueUrl": "AccessDenied"}, "problem", "sqs:GetQueueUrl is denied"),
    ({"GetQueueAttributes": "AccessDeniedException"}, "warning", "allow sqs:GetQueueAttributes to this identity"),
    ({"DeleteMessageBatch": "AccessDenied"}, "problem", "sqs:DeleteMessage is denied"),
    ({"ChangeMessageVisibilityBatch": "AccessDenied"}, "problem", "sqs:ChangeMessageVisibility is denied"),
    ({"DeleteMessageBatch": "ReceiptHandleIsInvalid"}, "ok", "DeleteMessage, ChangeMessageVisibility; not tried"),
    ({"ListQueues": "InvalidClientTokenId"}, "problem", "check the credentials in use"),
    ({"GetQueueAttributes": "RequestTimeTooSkewed"}, "problem", "set this machine's clock"),
]


@pytest.mark.parametrize(("codes", "verdict", "text"), DENIED)
def test_what_is_denied_is_named_with_what_it_means(
    codes: dict[str, str],
    verdict: str,
    text: str,
    run: Callable[..., Run],
    ministack: str,
    ministack_queue_factory: QueueFactory,
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    denying = Denying(ministack, **codes)
    with serve(denying.answer) as front:
        _, seen = run("--endpoint-url", front.url, "doctor", queue.name, "--probe")
    assert verdicts(seen)["permissions"] == verdict
    assert text in said(seen, "permissions")
    assert "ReceiveMessage" not in denying.asked
    assert "SendMessage" not in denying.asked


def test_what_would_change_something_is_asked_only_with_probe(
    run: Callable[..., Run], ministack: str, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory()
    denying = Denying(ministack)
    with serve(denying.answer) as front:
        run("--endpoint-url", front.url, "doctor", queue.name)
        assert set(denying.asked) <= {"", "ListQueues", "GetQueueUrl", "GetQueueAttributes", "ListDeadLetterSourceQueues"}
        _, seen = run("--endpoint-url", front.url, "--read-only", "doctor", queue.name, "--probe")
    assert "DeleteMessageBatch" not in denying.asked
    assert verdicts(seen)["permissions"] == "unknown"
    assert "this session is read-only" in said(seen, "permissions")


def test_a_clock_that_is_wrong(run: Callable[..., Run], ministack: str) -> None:
    with serve(Denying(ministack).answer) as front:
        front.skew_seconds = -500
        code, seen = run("--endpoint-url", front.url, "doctor")
    assert (code, verdicts(seen)["clock-skew"]) == (1, "problem")
    assert " s ahead of the endpoint's; AWS refuses requests at 300 s" in said(seen, "clock-skew")


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
    run: Callable[..., Run],
    ministack: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code, seen = run("--endpoint-url", ministack, "doctor")
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
    variables: dict[str, str], check: str, verdict: str, text: str, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    _, seen = run("--endpoint-url", "http://127.0.0.1:9", "doctor")
    assert verdicts(seen)[check] == verdict
    assert text in said(seen, check)


def _answers(queue: dict[str, Any], **more: Any) -> Callable[..., identity_servers.Answer]:
    """An SQS whose only queue has these attributes; `more` replaces whole answers by operation."""

    def answer(_: identity_servers.Server, seen: identity_servers.Seen) -> identity_servers.Answer:
        operation = seen.headers.get("x-amz-target", "").rpartition(".")[2]
        answers = {"GetQueueUrl": {"QueueUrl": "http://x/1/orders"}, "GetQueueAttributes": {"Attributes": queue}, **more}
        return 200, "application/x-amz-json-1.0", json.dumps(answers.get(operation, {}))

    return answer


PLAIN = {"VisibilityTimeout": "30", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "20"}
TO_DEAD = '{"deadLetterTargetArn": "a:b:c:d:e:f", "maxReceiveCount": Infinity}'
FAILED = {"Id": "0", "Code": "InternalError", "SenderFault": False}
ODD: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    (
        {**PLAIN, "RedrivePolicy": '{"deadLetterTargetArn": "a:b:c:d:e:f", "maxReceiveCount": Infinity}'},
        {},
        "dead-letter-queue",
        "unknown",
    ),
    ({**PLAIN, "RedrivePolicy": "[" * 100_000}, {}, "dead-letter-queue", "unknown"),
    ({**PLAIN, "RedrivePolicy": '{"deadLetterTargetArn": "a:b:c:d:e:f"}'}, {}, "dead-letter-queue", "unknown"),
    ({**PLAIN, "MessageRetentionPeriod": "9" * 400}, {}, "dead-letter-queue", "warning"),
    ({**PLAIN, "VisibilityTimeout": "-3"}, {}, "visibility-timeout", "unknown"),
    ({}, {}, "queue", "unknown"),
    ({**PLAIN, "RedrivePolicy": None, "VisibilityTimeout": {"a": 1}}, {}, "visibility-timeout", "unknown"),
    (PLAIN, {"DeleteMessageBatch": {"Failed": [None]}}, "permissions", "problem"),
    (
        PLAIN,
        {"DeleteMessageBatch": {"Failed": [FAILED]}},
        "permissions",
        "unknown",
    ),
    (PLAIN, {"DeleteMessageBatch": {"Failed": "x"}}, "permissions", "problem"),
]


@pytest.mark.parametrize(("queue", "more", "check", "verdict"), ODD)
def test_odd_answers_are_findings_and_no_crash(
    queue: dict[str, Any], more: dict[str, Any], check: str, verdict: str, run: Callable[..., Run]
) -> None:
    with serve(_answers(queue, **more)) as front:
        _, seen = run("--endpoint-url", front.url, "doctor", "orders", "--probe")
    assert verdicts(seen)[check] == verdict
    assert "allowed: ListQueues" in said(seen, "permissions")
    assert "DeleteMessageBatch" not in more or "GetQueueAttributes, ChangeMessageVisibility" in said(seen, "permissions")


def test_a_page_that_is_not_sqs_allows_nothing(run: Callable[..., Run]) -> None:
    with serve(lambda _, __: (200, "text/html", "<html>hello</html>")) as front:
        code, seen = run("--endpoint-url", front.url, "doctor")
    assert (code, verdicts(seen)["permissions"]) == (1, "problem")
    assert "allowed" not in said(seen, "permissions")


def test_requests_that_drip_do_not_hold_it_up(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SERVICE_SECONDS", 0.5)
    over = threading.Event()

    def answer(_: identity_servers.Server, seen: identity_servers.Seen) -> identity_servers.Answer:
        if seen.method == "POST":
            over.wait(3)
        return 200, "application/x-amz-json-1.0", "{}"

    with serve(answer) as front:
        code, seen = run("--endpoint-url", front.url, "doctor")
        over.set()
    assert (code, verdicts(seen)["permissions"]) == (1, "problem")
    assert "did not answer everything within 0.5 s" in said(seen, "permissions")


DEPLOYED = ("--env", "staging", "--region", "us-east-1", "--allow-endpoint", "127.0.0.1")


@pytest.fixture
def web_identity(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod with IRSA."""
    (clean_environment / "token").write_text("jwt-1")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(clean_environment / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE_ARN)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.sdk
@pytest.mark.usefixtures("web_identity")
def test_a_deployed_identity_is_named(run: Callable[..., Run], ministack: str) -> None:
    with serve(identity_servers.sts) as sts:
        code, seen = run(*DEPLOYED, "--endpoint-url", ministack, "--sts-endpoint-url", sts.url, "doctor")
        assert sts.actions() == ["AssumeRoleWithWebIdentity", "GetCallerIdentity"]
    assert code == 0
    assert f"{ACCOUNT}:assumed-role/worker/session-1 (account {ACCOUNT})" in said(seen, "identity")
    assert "assume-role-with-web-identity, key …0001; they expire in" in said(seen, "credentials")
    report = seen["credentials"]
    assert (report["account"], report["role_arn"], report["session_name"]) == (ACCOUNT, ROLE_ARN, "session-1")


def test_a_denied_sts_is_worth_a_note_and_no_more(
    run: Callable[..., Run], ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVKEY000001")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with serve(identity_servers.sts) as sts:
        sts.status = 403
        code, seen = run(*DEPLOYED, "--endpoint-url", ministack, "--sts-endpoint-url", sts.url, "doctor")
    assert (code, verdicts(seen)["identity"]) == (0, "note")
    assert "AccessDenied" in said(seen, "identity")


@pytest.mark.usefixtures("web_identity")
def test_an_sts_that_refuses_the_role_is_a_problem(run: Callable[..., Run], ministack: str) -> None:
    with serve(identity_servers.sts) as sts:
        sts.status = 403
        code, seen = run(*DEPLOYED, "--endpoint-url", ministack, "--sts-endpoint-url", sts.url, "doctor")
    assert (code, verdicts(seen)["credentials"], verdicts(seen)["permissions"]) == (1, "problem", "unknown")
    assert "AccessDenied" in said(seen, "credentials")


@pytest.mark.usefixtures("web_identity")
def test_a_second_mechanism_is_asked_only_with_probe(
    run: Callable[..., Run], ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(identity_servers.pod_identity_agent) as agent, serve(identity_servers.sts) as sts:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/v1/credentials")
        flags = (*DEPLOYED, "--endpoint-url", ministack, "--sts-endpoint-url", sts.url, "doctor")
        code, seen = run(*flags)
        assert (code, agent.seen) == (1, [])
        assert "more than one mechanism is configured" in said(seen, "credentials")
        _, seen = run(*flags, "--probe")
        assert len(agent.seen) == 1
    rows = {row["method"]: row for row in seen["credentials"]["chain"]}
    assert rows["container-role"]["status"] == "shadowed"
    assert "asked: it gives key …0001" in rows["container-role"]["reason"]
    assert rows["assume-role-with-web-identity"]["status"] == "found"
    assert SECRET not in json.dumps(seen)


def test_a_program_that_never_ends_does_not_hold_it_up(
    run: Callable[..., Run], ministack: str, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "CREDENTIALS_SECONDS", 0.5)
    (clean_environment / ".aws").mkdir()
    (clean_environment / ".aws" / "config").write_text("[profile slow]\ncredential_process = sleep 3\n")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, seen = run(*DEPLOYED, "--profile", "slow", "--endpoint-url", ministack, "doctor")
    assert (code, verdicts(seen)["credentials"]) == (1, "problem")
    assert "no answer within 0.5 s" in said(seen, "credentials")


def test_secrets_in_a_finding_are_masked() -> None:
    finding = masked(Finding("x", Verdict.OK, "password=hunter2-XYZZY", "token=hunter2-XYZZY"))
    assert (finding.evidence, finding.remedy) == ("password=***", "token=***")


def test_a_check_that_fails_is_a_finding() -> None:
    (finding,) = guarded("x", lambda: _raise(RecursionError("too deep")))
    assert (finding.check, finding.verdict) == ("x", Verdict.UNKNOWN)
    assert "RecursionError: too deep" in finding.evidence


def test_sts_is_asked_who_we_are_and_nothing_else(ministack: str) -> None:
    with serve(identity_servers.sts) as sts:
        session = AwsSession(make_connection_settings(endpoint_url=ministack, sts_endpoint_url=sts.url))
        identity = session.identity(ClientProfile("none", 1.0, 1, frozenset()))
        assert sts.seen == []
    assert "GetCallerIdentity was not sent" in (identity.error or "")


@pytest.mark.parametrize("settings", ["credential_process = false", "credential_process = sleep 2", "role_arn = x"])
def test_bad_credentials_without_an_endpoint_are_findings(
    settings: str, run: Callable[..., Run], clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "CREDENTIALS_SECONDS", 1.0)
    monkeypatch.setattr(doctor_endpoint, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (clean_environment / ".aws").mkdir()
    (clean_environment / ".aws" / "config").write_text(f"[default]\n{settings}\n")
    started = time.monotonic()
    code, seen = run("--env", "staging", "--region", "eu-west-1", "doctor")
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
    run: Callable[..., Run], clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(lambda _, __: (404, "text/plain", "")) as metadata:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        _, seen = run(*DEPLOYED, "--endpoint-url", "http://127.0.0.1:9", "doctor")
        assert metadata.seen != []
    row = next(row for row in seen["credentials"]["chain"] if row["method"] == "iam-role")
    assert (row["status"], row["reason"].partition("; ")[2]) == ("failed", "it has no credentials")


def test_a_missing_token_file_is_the_way_out(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE_ARN)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    _, seen = run(*DEPLOYED, "--endpoint-url", "http://127.0.0.1:9", "doctor")
    assert "-> assume-role-with-web-identity: the token file /nowhere/token cannot be read" in said(seen, "credentials")


@pytest.mark.parametrize("seconds", ["nan", "inf"])
def test_a_time_that_is_none_is_refused(seconds: str) -> None:
    with pytest.raises((ConfigurationError, click.UsageError)):
        cli.main(["doctor", "--handler-p95", seconds], standalone_mode=False)


def _raise(error: Exception) -> Any:
    raise error


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
        "env": lambda: _raise(AssertionError("it was asked")),
        "container-role": lambda: None,
        "sso": lambda: _raise(ValueError("password=hunter2-XYZZY")),
        "boto-config": lambda: _raise(AssertionError("it was asked")),
        "iam-role": lambda: _raise(AssertionError("it was asked")),
    }
    rows = [(row.status, row.reason) for row in ask_providers(report, providers).chain]
    assert rows == [
        ("found", "why"),
        ("failed", "why; asked: ValueError: password=***"),
        ("failed", "why"),
        ("skipped", "why"),
        ("not-configured", "why"),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("doctor", "a queue"),
        ("--endpoint-url", "http://example.com", "doctor"),
        ("--env", "staging", "doctor"),
        ("--endpoint-url", "x", "doctor"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError):
        cli.main([*arguments], standalone_mode=False)


def test_a_localstack_host_that_is_malformed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALSTACK_HOST", "http://a b")
    with pytest.raises(ConfigurationError, match="LOCALSTACK_HOST"):
        cli.main(["doctor"], standalone_mode=False)


@pytest.mark.parametrize("columns", [80, 120])
def test_the_text_fits_and_obeys_nobody(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    hostile = "evil\x1b]0;title\x07 [bold]x[/] \u202e " + "long " * 60

    def answer(_: identity_servers.Server, seen: identity_servers.Seen) -> identity_servers.Answer:
        if seen.path.startswith("/_localstack"):
            return 200, "application/json", json.dumps({"services": {}, "version": hostile})
        if seen.path.startswith("/_"):
            return 404, "text/plain", ""
        return 400, "application/x-amz-json-1.0", json.dumps({"__type": "AccessDenied", "message": hostile})

    with serve(answer) as front:
        code = cli.main(["--endpoint-url", front.url, "doctor", "orders", "--read-timeout", "20"], standalone_mode=False)
    text = capsys.readouterr().out
    assert code == 1
    assert max(map(len, text.splitlines())) <= columns
    assert "evil⟨1B⟩" in text
    assert not [character for character in text if not character.isprintable() and character != "\n"]
    first = [line.split()[0] for line in text.splitlines()[2:] if line and not line.startswith(" ")]
    assert first[:2] == ["problem", "problem"]  # bad news first
    assert "problem  read-timeout       a poll waits up to 20 s, and the client hangs up" in text
    assert "-> use --read-timeout 30 or a shorter --wait" in text
    assert text.splitlines()[-1].startswith("2 problems, ")
    assert "found           dummy: no key is set" in text


def test_all_is_well_in_text(ministack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--endpoint-url", ministack, "doctor"], standalone_mode=False) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 note"
