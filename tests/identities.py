"""An engine that consumes with an identity of a stand-in, and what a test asks it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from identity_servers import ROLE_ARN
from sqs_core.engine import Engine
from sqs_core.handlers import load_handler
from sqs_core.settings import ConsumerSettings, make_connection_settings
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest
    from mypy_boto3_sqs import SQSClient

    from sqs_core.settings import ConnectionSettings


def deployed(endpoint_url: str | None, sts_url: str | None) -> ConnectionSettings:
    """Staging, at servers on this machine."""
    return make_connection_settings(
        env="staging",
        region="us-east-1",
        endpoint_url=endpoint_url,
        sts_endpoint_url=sts_url,
        allow_endpoints=("127.0.0.1",),
    )


def set_web_identity(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a pod with IRSA; the token file, which holds `jwt-1`."""
    token = home / "token"
    token.write_text("jwt-1")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE_ARN)
    return token


@contextlib.contextmanager
def consuming(connection: ConnectionSettings, queue: str, pollers: int = 2) -> Iterator[Engine]:
    """An engine that handles everything, for as long as the block."""
    settings = ConsumerSettings(workers=2, pollers=pollers, wait_seconds=1)
    engine = Engine(connection, settings, [(queue, load_handler("builtin:noop", None))])
    engine.start()
    try:
        yield engine
    finally:
        engine.drain()
        wait_until(engine.ended)
        engine.close()


def send(client: SQSClient, url: str, count: int = 3) -> None:
    """Send messages."""
    for index in range(count):
        client.send_message(QueueUrl=url, MessageBody=f"body {index}")


def codes(engine: Engine) -> list[str]:
    """The codes of the engine's events."""
    return [event.code for event in engine.snapshot().events]
