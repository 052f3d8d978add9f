"""Rotation, an outage and recovery under a running consumer: nothing stops, one line says so, and it mends by itself."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import identity_servers
from fakes import FakeClock
from identities import codes, consuming, deployed, send, set_web_identity
from identity_servers import Server, serve
from sqs_core import credential_watch
from sqs_core.client import AwsSession
from sqs_core.engine import Engine
from sqs_core.handlers import load_handler
from sqs_core.settings import ConsumerSettings
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

pytestmark = pytest.mark.sdk


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """More looks a second at what is reported, and no sleep between the SDK's own tries."""
    from botocore.utils import ContainerMetadataFetcher

    monkeypatch.setattr(credential_watch, "_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0.01)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@contextlib.contextmanager
def web_identity(sts: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Callable[[], str]]]:
    """IRSA: STS hands out the keys for the token."""
    set_web_identity(home, monkeypatch)
    yield sts, lambda: [request.form["WebIdentityToken"] for request in sts.seen if "WebIdentityToken" in request.form][-1]


@contextlib.contextmanager
def pod_identity(_: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Callable[[], str]]]:
    """EKS Pod Identity: an agent on the node hands out the keys for the token."""
    (home / "token").write_text("jwt-1")
    with serve(identity_servers.pod_identity_agent) as agent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/v1/credentials")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(home / "token"))
        yield agent, lambda: agent.seen[-1].headers["authorization"]


@contextlib.contextmanager
def node_role(_: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Callable[[], str]]]:
    """EC2's metadata service; its token is its own, so none of ours rotates.

    The SDK believes keys to last 17 to 25 minutes that end sooner; 11 here, so that it asks with every request.
    """
    monkeypatch.setattr("botocore.utils.random.randint", lambda _low, _high: -240)
    with serve(identity_servers.instance_metadata) as metadata:
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        yield metadata, lambda: (home / "token").read_text()


@pytest.mark.parametrize("mechanism", [web_identity, pod_identity, node_role])
def test_rotation_an_outage_and_recovery(
    mechanism: Callable[..., contextlib.AbstractContextManager[tuple[Server, Callable[[], str]]]],
    sts: Server,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    clean_environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Keys that end within the SDK's 15 minutes are refreshed with every request, which is how an outage becomes loud."""
    caplog.set_level(logging.INFO)
    queue = ministack_queue_factory()
    with mechanism(sts, clean_environment, monkeypatch) as (server, token_used):
        server.lifetime_seconds = 840
        with consuming(deployed(ministack, sts.url), queue.name) as engine:
            send(ministack_sqs, queue.url, 2)
            wait_until(lambda: engine.finished_messages() == 2)
            server.status = 503
            wait_until(lambda: "credentials.refresh-failed" in codes(engine))
            send(ministack_sqs, queue.url, 2)
            wait_until(lambda: engine.finished_messages() == 4)  # with the keys it has
            wait_until(lambda: "refreshing them fails" in _warnings(engine))
            during = _hint(engine)
            (clean_environment / "token").write_text("jwt-2")
            server.status = 200
            wait_until(lambda: "credentials.refreshed" in codes(engine))
            wait_until(lambda: "refreshing them fails" not in _warnings(engine))
            wait_until(lambda: _hint(engine) != during)
            wait_until(lambda: token_used() == "jwt-2")
            send(ministack_sqs, queue.url, 1)
            wait_until(lambda: engine.finished_messages() == 5)
            said = [event.count for event in engine.snapshot().events if event.code == "credentials.refresh-failed"]
    assert said == [1]  # one line for an outage of less than a minute, however many requests it met
    assert "Traceback" not in caplog.text


def test_an_outage_of_the_metadata_service_costs_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with node_role(Server(), Path(), monkeypatch) as (metadata, _):
        metadata.lifetime_seconds = 840
        session = AwsSession(deployed(None, None))
        before = session.look(1.0)
        metadata.status = 503
        asked = len(metadata.seen)
        during = session.look(2.0)
    assert len(metadata.seen) > asked
    assert (during.error, during.key_hint) == (None, before.key_hint)


def test_a_refresh_that_fails_after_another_succeeded_says_nothing_about_now() -> None:
    clock = FakeClock()
    engine = Engine(deployed(None, None), ConsumerSettings(), clock=clock.clock())
    watch = engine._identity
    watch.refresh_failed("no answer")
    watch._recovered()
    watch.refresh_failed("no answer, asked long ago")
    assert codes(engine) == ["credentials.refresh-failed", "credentials.refreshed"]
    clock.advance(20)
    watch.refresh_failed("no answer again")
    assert codes(engine) == ["credentials.refresh-failed", "credentials.refreshed", "credentials.refresh-failed"]


def test_a_renewal_that_fails_leaves_the_report_of_what_is_in_use(
    sts: Server, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_web_identity(clean_environment, monkeypatch)
    engine = Engine(deployed(None, sts.url), ConsumerSettings())
    session, watch = engine.session(), engine._identity
    watch.step(0.0)
    sts.status = 403
    assert watch._renew(10.0, session) is session
    assert watch.report is not None
    assert watch.report.provider == "assume-role-with-web-identity"
    assert codes(engine).count("credentials.refresh-failed") == 1


def test_clients_that_cannot_be_made_are_made_later(
    sts: Server, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_web_identity(clean_environment, monkeypatch)
    engine = Engine(deployed(None, sts.url), ConsumerSettings(), [("orders", load_handler("builtin:noop"))])
    old, watch, (consumer,) = engine.session(), engine._identity, engine.consumers
    monkeypatch.setattr(consumer, "credentials_expired", lambda: True)
    renewed: list[AwsSession] = []
    with monkeypatch.context() as full:
        full.setattr(consumer, "renew_clients", _too_many_files)
        watch.step(0.0)
    assert "Too many open files" in _texts(engine, "credentials.refresh-failed")
    monkeypatch.setattr(consumer, "renew_clients", renewed.append)
    watch.step(1000.0)
    assert renewed == [engine.known_session()]
    assert old not in renewed
    assert "credentials.renewed" in codes(engine)


def _too_many_files(_: AwsSession) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def _texts(engine: Engine, code: str) -> str:
    return " | ".join(event.text for event in engine.snapshot().events if event.code == code)


def test_old_keys_that_are_handed_out_again_are_no_refresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK puts their end off by itself, in the hope that AWS still takes them."""
    with serve(identity_servers.instance_metadata) as metadata:
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        monkeypatch.setattr("botocore.utils.random.randint", lambda _low, _high: -240)
        metadata.lifetime_seconds = 300
        session = AwsSession(deployed(None, None))
        first = session.look(1.0)
        metadata.stale = True
        time.sleep(1.1)  # the SDK counts whole seconds
        second = session.look(2.0)
        third = session.look(2.5)
        metadata.stale = False
        fourth = session.look(3.0)
    assert (first.error, first.last_refresh_at) == (None, 1.0)
    assert "iam-role hands out no new keys" in (second.error or "")
    assert second.last_refresh_at == 1.0
    assert third.error is not None
    assert (fourth.error, fourth.last_refresh_at) == (None, 3.0)


def test_an_identity_that_changes_while_running_is_said(
    sts: Server,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    clean_environment: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_web_identity(clean_environment, monkeypatch)
    sts.lifetime_seconds = 840
    queue = ministack_queue_factory()
    with consuming(deployed(ministack, sts.url), queue.name) as engine:
        wait_until(lambda: "assumed-role/worker" in _arn(engine))
        sts.role = "somebody-else"
        wait_until(lambda: "assumed-role/somebody-else" in _arn(engine))
        wait_until(
            lambda: (
                "the identity changed while running: it was arn:aws:sts::123456789012:assumed-role/worker" in _warnings(engine)
            )
        )
        texts = [event.text for event in engine.snapshot().events if event.code == "credentials.warning"]
    assert [text for text in texts if "the identity changed while running" in text] != []


def _warnings(engine: Engine) -> str:
    report = engine.snapshot().credentials
    return " | ".join(report.warnings) if report else ""


def _hint(engine: Engine) -> str:
    report = engine.snapshot().credentials
    return report.key_hint if report else ""


def _arn(engine: Engine) -> str:
    report = engine.snapshot().credentials
    return (report.arn or "") if report else ""
