"""The clients of the AWS SDK, which is imported inside functions only: importing `sqs_core` stays cheap.

A client belongs to a profile, which fixes its timeouts and the operations it may send. The allow-list is enforced as the
request is built, so nothing outside it reaches the wire and operations that AWS adds later are refused by default.
"""

from __future__ import annotations

import copy
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from sqs_core.credential_chain import Identity, KeyFacts, build_report
from sqs_core.credential_report import key_hint
from sqs_core.credentials import NoCredentialsError, deployed_session, expiry, hermetic_session, load_credentials
from sqs_core.errors import ConfigurationError, NotPermittedError, describe
from sqs_core.masking import remember_environment, remember_secrets
from sqs_core.settings import check_url, guard_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.credentials import Credentials
    from mypy_boto3_sqs import SQSClient

    from sqs_core.model import CredentialReport
    from sqs_core.settings import ConnectionSettings, ConsumerSettings

_ENVIRONMENT_LOCK = threading.Lock()
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


SEND = ClientProfile("send", 10.0, 1, frozenset({"SendMessage", "SendMessageBatch"}))
PURGE = ClientProfile("purge", 10.0, 1, frozenset({"PurgeQueue"}))
_LOOKS = frozenset({"GetQueueUrl", "GetQueueAttributes", "ListQueues", "ListDeadLetterSourceQueues", "ListQueueTags"})
LOOK = ClientProfile("ui", 5.0, 2, _LOOKS)
SELF = ClientProfile("identity", 5.0, 2, frozenset({"GetCallerIdentity"}))
SET_UP = ClientProfile("set-up", 10.0, 3, frozenset({"CreateQueue", "GetQueueAttributes", "SendMessageBatch"}))
"""For the demo's own emulator and nothing else."""


class AwsSession:
    """One SDK session for a process: credentials found once, clients made from it as needed."""

    def __init__(self, connection: ConnectionSettings) -> None:
        self.connection = connection
        remember_environment(os.environ)
        self.endpoint_url = choose_endpoint(connection)
        local = not connection.environment.deployed
        self._lock = threading.Lock()  # making clients from one session is not safe from several threads
        self._maker: Any = None
        self._key: KeyFacts | None = None
        self._found: Credentials | None = None
        self._key_id = ""
        self._exhausted = False
        self._session = hermetic_session(self.endpoint_url) if local else deployed_session(connection)

    def acting_as(self, connection: ConnectionSettings) -> AwsSession:
        """The same session with other leave to write."""
        other = copy.copy(self)
        other.connection = connection
        return other

    def client(self, profile: ClientProfile, on_request: Callable[[str], None] | None = None) -> SQSClient:
        """An SQS client. `on_request` is called with the operation's name for every request put on the wire, retries too."""
        client = self._make("sqs", self.endpoint_url, profile)
        client.meta.events.register_first("provide-client-params.sqs", _guard(self.permission(profile)))
        if on_request is not None:
            client.meta.events.register("before-send.sqs", _counter(on_request))
        return cast("SQSClient", client)

    def payload_client(self, profile: ClientProfile) -> Any:
        """An S3 client, to read a body that lies there: at the same emulator, or at AWS's own address."""
        client = self._make("s3", self.endpoint_url, profile, s3={"addressing_style": "path"} if self.endpoint_url else None)
        client.meta.events.register_first("provide-client-params.s3", _guard(_permission(profile, read_only=False)))
        return client

    def permission(self, profile: ClientProfile) -> Callable[[str], None]:
        """Raises `NotPermittedError` for an operation that this profile, or a session that only reads, must not send."""
        return _permission(profile, read_only=self.connection.read_only)

    def signing_credentials(self) -> Credentials:
        """The credentials object that this session's clients sign with; it refreshes itself."""
        return load_credentials(self._session, self.connection)

    def _make(self, service: str, endpoint_url: str | None, profile: ClientProfile, **more: Any) -> Any:
        import boto3
        from botocore.config import Config

        options: dict[str, Any] = {
            "region_name": self.connection.region,
            "connect_timeout": profile.connect_timeout_seconds,
            "read_timeout": profile.read_timeout_seconds,
            "retries": {"mode": "standard", "total_max_attempts": profile.attempts},
            "max_pool_connections": _POOL_CONNECTIONS,
            "tcp_keepalive": True,
            **more,
        }
        deployed = self.connection.environment.deployed
        if not deployed:
            options["proxies"] = {}
        verify = None if deployed else True  # None would let REQUESTS_CA_BUNDLE choose
        with self._lock, _plugins(allowed=deployed):
            # One for all clients: each would hang its additions to S3 clients onto the session once more, and they collide.
            if self._maker is None:
                self._maker = boto3.Session(botocore_session=self._session)
            make: Any = self._maker.client
            return make(service, endpoint_url=endpoint_url, config=Config(**options), verify=verify)

    def credentials(self) -> CredentialReport:
        """Find credentials and report on them. Runs the provider chain, which may use the network.

        Raises `ConfigurationError` where trying again is useless, else the SDK's error.
        """
        try:
            found = load_credentials(self._session, self.connection)
        except NoCredentialsError:
            self._exhausted = True
            raise
        found.get_frozen_credentials()
        self.look(time.time())
        return self.report(time.time(), Identity())

    def service_url(self) -> str:
        """Where SQS answers: AWS's own address of the region where none was given. Asks no credentials."""
        if self.endpoint_url is not None:
            return self.endpoint_url
        with self._lock:
            # With keys given the SDK does not look for any; nothing is sent with these.
            keys: dict[str, Any] = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "none")
            client: Any = self._session.create_client("sqs", region_name=self.connection.region, **keys)
        return str(client.meta.endpoint_url)

    def certificate_bundle(self) -> str | None:
        """The file of trusted authorities that variables or the profile name; None where the SDK's own is used."""
        if not self.connection.environment.deployed:
            return None
        named = self._session.get_config_variable("ca_bundle")
        return str(named) if named else os.environ.get("REQUESTS_CA_BUNDLE")

    def providers(self) -> dict[str, Callable[[], Any]]:
        """What loads credentials, by the SDK's name of each provider that the policy lets in."""
        resolver: Any = self._session.get_component("credential_provider")
        return {provider.METHOD: provider.load for provider in resolver.providers}

    def look(self, now: float) -> KeyFacts:
        """Facts of the credentials in use; refreshes them if they are due, which may use the network.

        A refresh that fails is in the facts, not raised.
        """
        found = self._found = load_credentials(self._session, self.connection)
        before, error = self._key, None
        try:
            frozen = found.get_frozen_credentials()
            key_id = frozen.access_key or ""
            remember_secrets(frozen.secret_key, frozen.token)
        except Exception as failure:  # noqa: BLE001 - the SDK raises whatever its provider met
            key_id, error = "", describe(failure)
        hint = key_hint(key_id)
        expires_at = expiry(found)
        refreshed = error is None and (before is None or key_id != self._key_id)
        if error is None and not refreshed and before is not None and before.expires_at != expires_at:
            error = f"{found.method} hands out no new keys; the SDK goes on with the old ones past their end"
        facts = KeyFacts(
            str(found.method),
            hint if key_id or before is None else before.key_hint,
            expires_at,
            now if refreshed else before.last_refresh_at if before else None,
            error or (before.error if before and not refreshed and key_id else None),
        )
        self._key, self._key_id = facts, key_id or self._key_id
        return facts

    def renewed_since(self, report: CredentialReport) -> bool:
        """Whether the SDK has other keys than those reported on, by their end; no network, no program."""
        found = self._found
        return found is not None and expiry(found) != report.expires_at

    def report(
        self, now: float, identity: Identity, *, error: str | None = None, changed: str | None = None, refused: str | None = None
    ) -> CredentialReport:
        """The report of this moment; no network, no program.

        `error` is of a refresh that failed; `changed` and `refused` are warnings, of another identity and of a server that
        refuses this one.
        """
        key = self._key
        if key is not None:
            key = replace(key, error=key.error or error, changed=changed, refused=refused)
        return build_report(self.connection, key, identity, now, exhausted=self._exhausted)

    def identity(self, profile: ClientProfile = SELF) -> Identity:
        """Ask STS who we are; an answer that does not come is told in the result. Local asks only where it was told to."""
        if not self.connection.environment.deployed and self.connection.sts_endpoint_url is None:
            return Identity()
        try:
            client = self._make("sts", self.connection.sts_endpoint_url, profile)
            client.meta.events.register_first("provide-client-params.sts", _guard(_permission(profile, read_only=False)))
            answer = client.get_caller_identity()
            client.close()
        except Exception as error:  # noqa: BLE001 - who we are is good to know, and nothing depends on it
            return Identity(error=describe(error))
        arn = answer.get("Arn")
        return Identity(answer.get("Account"), arn, None if arn else "the answer names no ARN")


@contextmanager
def _plugins(*, allowed: bool) -> Iterator[None]:
    """Keeps the SDK from importing what BOTOCORE_EXPERIMENTAL__PLUGINS names, without touching the process's environment."""
    if allowed:
        yield
        return
    from botocore.plugin import PluginContext, reset_plugin_context, set_plugin_context

    token = set_plugin_context(PluginContext(plugins="DISABLED"))
    try:
        yield
    finally:
        reset_plugin_context(token)


def _counter(on_request: Callable[[str], None]) -> Callable[..., None]:
    def count(event_name: str, **_: Any) -> None:
        on_request(event_name.rpartition(".")[2])

    return count


def _permission(profile: ClientProfile, *, read_only: bool) -> Callable[[str], None]:
    allowed = profile.operations & LOOK.operations if read_only else profile.operations

    def permit(operation: str) -> None:
        if operation not in allowed:
            why = "this session is read-only" if read_only else f"the {profile.name} client does not send it"
            raise NotPermittedError(f"{operation} was not sent: {why}")

    return permit


def _guard(permit: Callable[[str], None]) -> Callable[..., None]:
    def guard(event_name: str, **_: Any) -> None:
        permit(event_name.rpartition(".")[2])

    return guard


def choose_endpoint(connection: ConnectionSettings) -> str | None:
    """The address that was given, else LocalStack's when local (LOCALSTACK_HOST is honoured) and AWS's own (None) when deployed.

    Raises `ConfigurationError` for a LOCALSTACK_HOST that is malformed or not on this machine.
    """
    if connection.endpoint_url is not None or connection.environment.deployed:
        return connection.endpoint_url
    from localstack_client.config import get_service_endpoint

    with _ENVIRONMENT_LOCK:
        masked = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_ENDPOINT_URL")}
        try:
            url = get_service_endpoint("sqs")
        except (RuntimeError, ValueError) as error:
            raise ConfigurationError(f"LOCALSTACK_HOST is malformed ({error}); write it as localhost:4566") from error
        finally:
            os.environ.update(masked)
    url = check_url("LOCALSTACK_HOST gives", url or "http://localhost:4566")
    guard_endpoint(connection.environment, url)
    return url
