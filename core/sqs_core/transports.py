"""The clients of a consumer: for the calls of every message the lean one, or the SDK's own where the configuration needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sqs_core.client import LOOK, SEND, ack_profile, poll_profile
from sqs_core.errors import ConfigurationError
from sqs_core.words import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from sqs_core.client import AwsSession, ClientProfile
    from sqs_core.settings import ConsumerSettings


@dataclass(frozen=True, slots=True)
class Clients:
    """One for each purpose. `obstacle` is what kept `poll` and `ack` from being lean; None: they are, or that was not wished."""

    poll: SQSClient
    ack: SQSClient
    look: SQSClient
    send: SQSClient
    transport: Transport
    obstacle: str | None


def make_clients(
    session: AwsSession, settings: ConsumerSettings, visibility_seconds: int, on_request: Callable[[str], None]
) -> Clients:
    """Raises `ConfigurationError` where lean was asked for and cannot be."""
    wish = Transport(settings.transport)
    poll, obstacle = hot_client(session, poll_profile(settings), on_request, wish)
    ack, _ = hot_client(session, ack_profile(visibility_seconds), on_request, wish)
    look, send = session.client(LOOK, on_request), session.client(SEND, on_request)
    transport = Transport.BOTO3 if obstacle or wish is Transport.BOTO3 else Transport.LEAN
    return Clients(poll, ack, look, send, transport, obstacle)


def hot_client(
    session: AwsSession, profile: ClientProfile, on_request: Callable[[str], None], wish: Transport
) -> tuple[SQSClient, str | None]:
    """A client, and what keeps it from being lean. Raises as `make_clients`."""
    sdk = session.client(profile, on_request)
    if wish is Transport.BOTO3:
        return sdk, None
    from sqs_core.lean_client import LeanClient, obstacle

    reason = obstacle(sdk, deployed=session.connection.environment.deployed)
    if reason is None:
        timeouts = profile.connect_timeout_seconds, profile.read_timeout_seconds
        credentials, bundle = session.signing_credentials(), session.certificate_bundle()
        lean = LeanClient(sdk, credentials, bundle, timeouts, profile.attempts, session.permission(profile), on_request)
        return cast("SQSClient", lean), None
    if wish is Transport.LEAN:
        raise ConfigurationError(f"--transport lean does not do {reason}, which is configured here: use auto or boto3")
    return sdk, reason
