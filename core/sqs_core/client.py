"""The only module that imports the AWS SDK, and it does so inside functions: importing `sqs_core` stays cheap.

A client belongs to a profile, which fixes its timeouts and the operations it may send. The allow-list is enforced as the
request is built, so nothing outside it reaches the wire and operations that AWS adds later are refused by default.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqs_core.errors import ConfigurationError, NotPermittedError
from sqs_core.model import CredentialReport
from sqs_core.settings import check_url, guard_endpoint, is_local_host

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import Credentials
    from botocore.session import Session
    from mypy_boto3_sqs import SQSClient

    from sqs_core.settings import ConnectionSettings, ConsumerSettings

DUMMY_KEY = "test"
"""The emulators' customary key id and secret."""
_POOL_CONNECTIONS = 600
"""More than threads there can be; urllib3 opens connections only as they are needed."""


@dataclass(frozen=True, slots=True)
class ClientProfile:
    """Timeouts in seconds, attempts in all (1 = no retry inside the SDK), and the operations that may be sent."""

    name: str
    read_timeout_seconds: float
    attempts: int
    operations: frozenset[str]
    connect_timeout_seconds: float = 5.0


def poll_profile(settings: ConsumerSettings) -> ClientProfile:
    """One attempt: the SDK's own retry of a receive can hide up to 10 messages without a word."""
    return ClientProfile("poll", settings.poll_read_timeout_seconds, 1, frozenset({"ReceiveMessage"}))


def ack_profile(visibility_seconds: int) -> ClientProfile:
    """Two attempts, short enough for another try before a short lease runs out."""
    operations = frozenset({"DeleteMessageBatch", "ChangeMessageVisibilityBatch"})
    return ClientProfile("ack", max(2.0, min(10.0, visibility_seconds / 4)), 2, operations)


SEND = ClientProfile("send", 10.0, 1, frozenset({"SendMessage"}))
LOOK = ClientProfile("ui", 5.0, 2, frozenset({"GetQueueUrl", "GetQueueAttributes", "ListQueues"}))
SET_UP = ClientProfile("set-up", 10.0, 3, frozenset({"CreateQueue", "GetQueueAttributes", "SendMessageBatch"}))
"""For the demo's own emulator and nothing else."""


class AwsSession:
    """One SDK session for a process: credentials found once, clients made from it as needed."""

    def __init__(self, connection: ConnectionSettings) -> None:
        self.connection = connection
        self.endpoint_url = connection.endpoint_url or _default_endpoint(connection)
        local = not connection.environment.deployed
        self._lock = threading.Lock()  # making clients from one session is not safe from several threads
        self._session = _hermetic_session(self.endpoint_url) if local else _deployed_session(connection)

    def client(self, profile: ClientProfile, on_request: Callable[[str], None] | None = None) -> SQSClient:
        """An SQS client. `on_request` is called with the operation's name for every request put on the wire, retries too."""
        import boto3
        from botocore.config import Config

        options: dict[str, Any] = {
            "region_name": self.connection.region,
            "connect_timeout": profile.connect_timeout_seconds,
            "read_timeout": profile.read_timeout_seconds,
            "retries": {"mode": "standard", "total_max_attempts": profile.attempts},
            "max_pool_connections": _POOL_CONNECTIONS,
            "tcp_keepalive": True,
            "ignore_configured_endpoint_urls": True,
        }
        if not self.connection.environment.deployed:
            options.update(proxies={}, defaults_mode="legacy")
        config = Config(**options)
        with self._lock:
            session = boto3.Session(botocore_session=self._session)
            client = session.client("sqs", endpoint_url=self.endpoint_url, config=config)
        client.meta.events.register_first("provide-client-params.sqs", _guard(profile, self.connection.read_only))
        if on_request is not None:
            client.meta.events.register("before-send.sqs", _counter(on_request))
        return client

    def credentials(self) -> CredentialReport:
        """Which provider won. Reads the provider chain; raises the SDK's error when none has credentials."""
        found = self._session.get_credentials()
        if found is None:
            raise ConfigurationError(
                f"no credentials for {self.connection.environment}: none of the SDK's providers has any; "
                "run with a role (IRSA, Pod Identity), or pass --profile"
            )
        key = found.get_frozen_credentials().access_key or ""
        return CredentialReport(provider=str(found.method), key_hint=key[-4:] if len(key) > 8 else "")


def _counter(on_request: Callable[[str], None]) -> Callable[..., None]:
    def count(event_name: str, **_: Any) -> None:
        on_request(event_name.rpartition(".")[2])

    return count


def _guard(profile: ClientProfile, read_only: bool) -> Callable[..., None]:
    allowed = profile.operations & LOOK.operations if read_only else profile.operations

    def guard(event_name: str, **_: Any) -> None:
        operation = event_name.rpartition(".")[2]
        if operation not in allowed:
            why = "this session is read-only" if read_only else f"the {profile.name} client does not send it"
            raise NotPermittedError(f"{operation} was not sent: {why}")

    return guard


def _default_endpoint(connection: ConnectionSettings) -> str | None:
    """LocalStack's address when local (LOCALSTACK_HOST is honoured), AWS's own (None) when deployed."""
    if connection.environment.deployed:
        return None
    masked = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_ENDPOINT_URL")}
    try:
        from localstack_client.config import get_service_endpoint

        url = get_service_endpoint("sqs")
    except (RuntimeError, ValueError) as error:
        raise ConfigurationError(f"LOCALSTACK_HOST is malformed ({error}); write it as localhost:4566") from error
    finally:
        os.environ.update(masked)
    url = check_url("LOCALSTACK_HOST gives", url or "http://localhost:4566")
    guard_endpoint(connection.environment, url)
    return url


def _hermetic_session(endpoint_url: str | None) -> Session:
    """A session that knows environment keys or the dummy pair and reads no file, no profile and no other variable."""
    from botocore.credentials import CredentialResolver, EnvProvider
    from botocore.session import Session

    variables: dict[str, Any] = {
        name: (None, None, default, convert) for name, (_, _, default, convert) in Session.SESSION_VARIABLES.items()
    }
    variables["config_file"] = variables["credentials_file"] = (None, None, os.devnull, None)
    session = Session(session_vars=variables)
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    pair = {name: os.environ[name] for name in names if os.environ.get(name)}
    missing = [name for name in names if name not in pair]
    if len(missing) == 1:
        raise ConfigurationError(f"{missing[0]} is not set, its other half is; set both, or neither for an emulator's dummy pair")
    if missing and not is_local_host(urlsplit(endpoint_url or "").hostname or ""):
        raise ConfigurationError(f"no credentials for {endpoint_url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    provider: Any = _DummyProvider() if missing else EnvProvider(environ=pair)
    session.register_component("credential_provider", CredentialResolver([provider]))
    return session


class _DummyProvider:
    """What emulators expect where nobody set a key, in the shape of the SDK's providers."""

    METHOD = "dummy"
    CANONICAL_NAME = None

    def load(self) -> Credentials:
        from botocore.credentials import Credentials

        return Credentials(DUMMY_KEY, DUMMY_KEY, method=self.METHOD)


def _deployed_session(connection: ConnectionSettings) -> Session:
    from botocore.session import Session

    session = Session(profile=connection.profile)
    session.set_config_variable("ignore_configured_endpoint_urls", True)
    return session
