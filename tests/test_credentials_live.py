"""Identities from stand-ins of STS, the Pod Identity agent and the metadata service, each consuming a real queue."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING

import pytest

import identity_servers
from identities import codes, consuming, deployed, send, set_web_identity
from identity_servers import ACCOUNT, ROLE_ARN, SECRET, Server, serve
from sqs_core.client import LOOK, AwsSession
from sqs_core.credentials import expiry
from sqs_core.engine import Engine
from sqs_core.settings import ConsumerSettings, make_connection_settings
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

pytestmark = pytest.mark.sdk


@pytest.fixture(autouse=True)
def pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def _account(engine: Engine) -> str | None:
    report = engine.snapshot().credentials
    return report.account if report else None


def test_a_web_identity_consumes_a_queue_and_is_known_by_name(
    sts: Server,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    clean_environment: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_web_identity(clean_environment, monkeypatch)
    queue = ministack_queue_factory()
    send(ministack_sqs, queue.url)
    with consuming(deployed(ministack, sts.url), queue.name, pollers=20) as engine:
        wait_until(lambda: engine.finished_messages() == 3)
        wait_until(lambda: _account(engine) == ACCOUNT)
        report = engine.snapshot().credentials
        wait_until(lambda: sum(thread.role == "poller" for thread in engine.snapshot().consumers[0].threads) == 20)
    assert report is not None
    assert (report.provider, report.role_arn, report.session_name) == ("assume-role-with-web-identity", ROLE_ARN, "session-1")
    assert report.key_hint == "0001"
    assert report.expires_at == pytest.approx(time.time() + 3600, abs=60)
    assert report.last_refresh_at == pytest.approx(time.time(), abs=60)
    assert sts.actions().count("AssumeRoleWithWebIdentity") == 1  # for 20 pollers
    assert sts.actions().count("GetCallerIdentity") == 1


def test_the_pod_identity_agent_consumes_a_queue(
    sts: Server,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    clean_environment: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (clean_environment / "token").write_text("sa-jwt-1")
    queue = ministack_queue_factory()
    send(ministack_sqs, queue.url)
    with serve(identity_servers.pod_identity_agent) as agent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/v1/credentials")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(clean_environment / "token"))
        with consuming(deployed(ministack, sts.url), queue.name) as engine:
            wait_until(lambda: engine.finished_messages() == 3)
            report = engine.snapshot().credentials
        assert [request.headers["authorization"] for request in agent.seen] == ["sa-jwt-1"]
    assert report is not None
    assert report.provider == "container-role"


def test_the_metadata_service_consumes_a_queue(
    sts: Server,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = ministack_queue_factory()
    send(ministack_sqs, queue.url)
    with serve(identity_servers.instance_metadata) as metadata:
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        with consuming(deployed(ministack, sts.url), queue.name) as engine:
            wait_until(lambda: engine.finished_messages() == 3)
            report = engine.snapshot().credentials
        assert [request.method for request in metadata.seen] == ["PUT", "GET", "GET"]
    assert report is not None
    assert report.provider == "iam-role"


def test_a_denied_sts_is_a_warning_and_not_the_end(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVKEY01")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    queue = ministack_queue_factory()
    send(ministack_sqs, queue.url)
    with serve(identity_servers.sts) as sts:
        sts.status = 403
        with consuming(deployed(ministack, sts.url), queue.name) as engine:
            wait_until(lambda: engine.finished_messages() == 3)
            wait_until(lambda: "credentials.warning" in codes(engine))
            report = engine.snapshot().credentials
            assert SECRET not in repr(engine.snapshot())
    assert report is not None
    assert (report.provider, report.account) == ("env", None)
    assert "AccessDenied" in " ".join(report.warnings)


def test_a_rotated_token_is_read_again_and_an_outage_is_one_line(
    sts: Server, clean_environment: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Keys that end within the SDK's 15 minutes are refreshed with every request, which is how an outage becomes loud."""
    token = set_web_identity(clean_environment, monkeypatch)
    sts.lifetime_seconds = 840
    engine = Engine(deployed(None, sts.url), ConsumerSettings())
    session = engine.session()
    token.write_text("jwt-2")
    session.look(time.time())
    tokens = [request.form["WebIdentityToken"] for request in sts.seen]
    assert (tokens[0], tokens[-1]) == ("jwt-1", "jwt-2")
    watch = engine._identity
    watch.step(0.0)
    sts.status = 503
    with _filtered(engine), caplog.at_level(logging.INFO):
        for _ in range(5):
            session.look(time.time())
        watch.step(100.0)
    assert "Traceback" not in caplog.text
    failures = [event for event in engine.snapshot().events if event.code == "credentials.refresh-failed"]
    assert [event.count for event in failures] == [1]
    assert "refreshing them fails" in " ".join(watch.report.warnings if watch.report else ())
    sts.status = 200
    watch.step(200.0)
    assert "credentials.refreshed" in codes(engine)
    assert watch.report is not None
    assert "refreshing them fails" not in " ".join(watch.report.warnings)


@contextlib.contextmanager
def _filtered(engine: Engine) -> Iterator[None]:
    from sqs_core.credential_watch import _RefreshFailures

    logger, failures = logging.getLogger("botocore.credentials"), _RefreshFailures(engine._identity)
    logger.addFilter(failures)
    yield
    logger.removeFilter(failures)


def test_twenty_threads_at_first_use_cause_one_call(
    sts: Server, ministack: str, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_web_identity(clean_environment, monkeypatch)
    session = AwsSession(deployed(ministack, sts.url))
    clients = [session.client(LOOK) for _ in range(20)]
    threads = [threading.Thread(target=client.list_queues) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert sts.actions() == ["AssumeRoleWithWebIdentity"]


def test_no_connection_is_thrown_away_however_many_threads_use_a_client(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK keeps 10 and logs a warning for each one more."""
    together = threading.Barrier(20)

    def answer(_: Server, __: identity_servers.Seen) -> identity_servers.Answer:
        together.wait(10)
        return 200, "application/x-amz-json-1.0", "{}"

    with serve(answer) as server, caplog.at_level(logging.WARNING):
        client = AwsSession(make_connection_settings(endpoint_url=server.url)).client(LOOK)
        threads = [threading.Thread(target=client.list_queues) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_SECONDS)
        client.close()
    assert len(server.seen) == 20
    assert "pool is full" not in caplog.text


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"])
def test_credentials_that_the_server_refuses_are_found_anew(
    code: str,
    sts: Server,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    clean_environment: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = set_web_identity(clean_environment, monkeypatch)
    queue = ministack_queue_factory()
    gate = identity_servers.Gatekeeper(code)
    with (
        serve(lambda server, seen: gate.answer(server, seen, ministack)) as front,
        consuming(deployed(front.url, sts.url), queue.name) as engine,
    ):
        send(ministack_sqs, queue.url, 1)
        wait_until(lambda: engine.finished_messages() == 1)
        token.write_text("jwt-2")
        gate.dead = "ASIAISSUED0000000001"
        wait_until(lambda: "credentials.renewed" in codes(engine))
        send(ministack_sqs, queue.url, 2)
        wait_until(lambda: engine.finished_messages() == 3)
    used = [request.form["WebIdentityToken"] for request in sts.seen if "WebIdentityToken" in request.form]
    assert used == ["jwt-1", "jwt-2"]


def test_expiry_is_where_the_report_looks_for_it() -> None:
    """The SDK has no public name for it; this fails when the private one moves."""
    from botocore.credentials import Credentials, RefreshableCredentials

    metadata = {"access_key": "A", "secret_key": "s", "token": "t", "expiry_time": "2999-01-01T00:00:00Z"}
    found = RefreshableCredentials.create_from_metadata(metadata, refresh_using=dict, method="test")
    assert expiry(found) == 32472144000.0
    assert expiry(Credentials("A", "s")) is None


def test_a_snapshot_touches_no_credentials(sts: Server, clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_web_identity(clean_environment, monkeypatch)
    sts.lifetime_seconds = 300  # so short that every touch would ask STS
    engine = Engine(deployed(None, sts.url), ConsumerSettings())
    engine.session()
    asked = len(sts.seen)
    for _ in range(50):
        engine.snapshot()
    assert len(sts.seen) == asked


def test_local_asks_sts_only_where_it_was_told_to(ministack: str, sts: Server) -> None:
    assert AwsSession(make_connection_settings(endpoint_url=ministack)).identity().account is None
    session = AwsSession(make_connection_settings(endpoint_url=ministack, sts_endpoint_url=sts.url))
    assert session.credentials().provider == "dummy"
    assert session.identity().account == ACCOUNT
