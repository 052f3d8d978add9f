"""What a run was asked to do, validated before anything happens.

Every refusal is a `ConfigurationError` whose one line names the option, the value and what to do.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from sqs_core.environment import Environment, choose_environment
from sqs_core.errors import ConfigurationError
from sqs_core.words import Transport

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

MAXIMUM_VISIBILITY_SECONDS = 43_200
"""SQS: a message can stay invisible for 12 hours, counted from its receive."""
MAXIMUM_THREADS = 512
READ_TIMEOUT_MARGIN_SECONDS = 10.0
LOCAL_REGION = "us-east-1"
_LOCAL_HOSTS = ("localhost", "localhost.localstack.cloud", "localstack")
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}(\.fifo)?\Z")
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\Z|\A[0-9a-fA-F:.%]+\Z")
_SERVICE_HOST = (
    r"((sqs|sts)(-fips)?(\.[a-z0-9-]+)?\.(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)"
    r"|([a-z0-9-]+\.)?queue\.amazonaws\.com(\.cn)?"
    r"|vpce-[a-z0-9-]+\.(sqs|sts)\.[a-z0-9-]+\.vpce\.amazonaws\.com(\.cn)?)\Z"
)


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How to reach SQS. `endpoint_url` None means the environment's own: LocalStack's when local, AWS's when deployed.

    `ignored_variables` are left-over `AWS_ENDPOINT_URL*`. `sts_endpoint_url` is where the identity's own calls go (None: AWS's,
    and no such calls when local). `decided_by` is what chose the environment: `--env`, `APP_ENV` or `default`. `allow_writes`
    unlocks a deployed environment, for a `reason`. `config_file` takes the place of the SDK's own files, for the demo: no flag
    sets it. `doubt` is why it is not sure that this is local, which locks writes; empty where there is none.
    """

    environment: Environment = Environment.LOCAL
    endpoint_url: str | None = None
    region: str = LOCAL_REGION
    profile: str | None = None
    read_only: bool = False
    allow_writes: bool = False
    environment_warning: str | None = None
    ignored_variables: tuple[str, ...] = ()
    allow_shared_credentials: bool = False
    sts_endpoint_url: str | None = None
    decided_by: str = "default"
    reason: str | None = None
    config_file: str | None = None
    doubt: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What deserves to be said at the start."""
        ignored = [f"{', '.join(self.ignored_variables)} ignored, use --endpoint-url"] if self.ignored_variables else []
        return (*([self.environment_warning] if self.environment_warning else []), *ignored)

    @property
    def endpoint(self) -> str:
        """The endpoint, or a description where the environment's own will be found."""
        return self.endpoint_url or (f"AWS {self.region}" if self.environment.deployed else "LocalStack's endpoint")

    def require_consuming(self) -> None:
        """Raise `ConfigurationError` where nothing may be consumed."""
        if self.read_only:
            raise ConfigurationError("this session is read-only: consuming receives and deletes messages")


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """One queue's consumer. `visibility_seconds` None means the queue's own.

    `allow_short_read_timeout` lets the client hang up before SQS answers, which loses messages: for tests and the demo, which
    show just that. No flag sets it. `transport` is `auto`, `boto3` or `lean`: what the calls of every message go through.
    `autoscale` is the fewest and the most workers, between which their number goes by how busy they are; None leaves it alone.
    """

    workers: int = 8
    pollers: int = 2
    wait_seconds: int = 20
    visibility_seconds: int | None = None
    batch: int = 10
    read_timeout_seconds: float | None = None
    drain_timeout_seconds: float = 25.0
    handler_timeout_seconds: float | None = None
    allow_short_read_timeout: bool = False
    transport: str = "auto"
    autoscale: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot work, with the number and the bound."""
        check_threads("workers", self.workers)
        if self.autoscale is not None:
            _check_autoscale(*self.autoscale, self.workers)
        check_threads("pollers", self.pollers)
        _between("--wait", self.wait_seconds, 0, 20, "SQS waits at most 20 s")
        _between("--batch", self.batch, 1, 10, "SQS gives at most 10 messages a receive")
        _between("--drain-timeout", self.drain_timeout_seconds, 0, 86_400)
        if self.visibility_seconds is not None:
            _between("--visibility", self.visibility_seconds, 1, MAXIMUM_VISIBILITY_SECONDS, "SQS allows up to 12 hours")
        if self.handler_timeout_seconds is not None:
            _between("--handler-timeout", self.handler_timeout_seconds, 0.001, MAXIMUM_VISIBILITY_SECONDS)
        if self.read_timeout_seconds is not None:
            _between("--read-timeout", self.read_timeout_seconds, 0, 3600)
        if self.transport not in tuple(Transport):
            raise ConfigurationError(f"--transport {self.transport!r} is not one of: {', '.join(Transport)}")
        if self.poll_read_timeout_seconds <= self.wait_seconds and not self.allow_short_read_timeout:
            raise ConfigurationError(
                f"--read-timeout {self.poll_read_timeout_seconds:g} is not longer than --wait {self.wait_seconds}: the client "
                f"would hang up before SQS answers and lose the messages until their visibility timeout; "
                f"use --read-timeout {self.wait_seconds + READ_TIMEOUT_MARGIN_SECONDS:g} or a shorter --wait"
            )

    @property
    def poll_read_timeout_seconds(self) -> float:
        """How long a poll may take on the wire before the client gives it up."""
        if self.read_timeout_seconds is not None:
            return self.read_timeout_seconds
        return self.wait_seconds + READ_TIMEOUT_MARGIN_SECONDS


def check_threads(pool: str, target: int) -> None:
    """Refuse a pool's size that cannot be."""
    _between(f"--{pool}", target, 1, MAXIMUM_THREADS)


def _check_autoscale(minimum: int, maximum: int, workers: int) -> None:
    _between("--autoscale MIN", minimum, 1, MAXIMUM_THREADS)
    _between("--autoscale MAX", maximum, minimum + 1, MAXIMUM_THREADS, "MAX must be more than MIN")
    _between("--workers", workers, minimum, maximum, "the bounds of autoscale")


def _between(option: str, value: float, low: float, high: float, why: str = "") -> None:
    if not low <= value <= high:
        raise ConfigurationError(f"{option} {value:g} is not between {low:g} and {high:g}{': ' + why if why else ''}")


class QueueReference(NamedTuple):
    """A queue as a user names it: `name`, `account` and `region` where given, and `url` where it was a URL."""

    given: str
    name: str
    account: str | None = None
    region: str | None = None
    url: str | None = None

    @property
    def fifo(self) -> bool:
        """Whether the name is a FIFO queue's."""
        return self.name.endswith(".fifo")


def refuse_twice(queue: str, consumed: Container[str]) -> None:
    """Raise `ConfigurationError` where a queue of this name is consumed already."""
    if queue in consumed:
        raise ConfigurationError(f"queue {queue!r} is consumed already")


def parse_queue(text: str) -> QueueReference:
    """Read a queue's name, URL or ARN. Raises `ConfigurationError` for anything else."""
    if text.startswith("arn:"):
        parts = text.split(":")
        if len(parts) != 6 or parts[2] != "sqs":
            raise ConfigurationError(f"queue {text!r} is not an SQS ARN (arn:aws:sqs:REGION:ACCOUNT:NAME)")
        return QueueReference(text, _queue_name(parts[5], text), parts[4] or None, parts[3] or None)
    if text.startswith(("http://", "https://")):
        check_url("queue", text)
        segments = [segment for segment in urlsplit(text).path.split("/") if segment]
        if not segments:
            raise ConfigurationError(f"queue URL {text!r} has no queue name in its path")
        account = segments[-2] if len(segments) > 1 and segments[-2].isdigit() else None
        return QueueReference(text, _queue_name(segments[-1], text), account, None, text)
    return QueueReference(text, _queue_name(text, text))


def _queue_name(name: str, given: str) -> str:
    if not _QUEUE_NAME.match(name):
        raise ConfigurationError(f"queue {given!r} is no queue name, URL or ARN: names are 1-80 letters, digits, - and _")
    return name


def check_url(what: str, url: str, example: str = "http://localhost:4566") -> str:
    """Return `url` when it is http(s)://HOST[:PORT][/PATH], else raise `ConfigurationError`."""
    advice = f"write it as {example}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"{what} {url!r} is malformed ({error}); {advice}") from error
    if parts.scheme not in ("http", "https"):
        raise ConfigurationError(f"{what} {url!r} is malformed (neither http:// nor https://); {advice}")
    if not host or not _HOST_NAME.match(host) or port == 0:
        raise ConfigurationError(f"{what} {url!r} is malformed (no host and port after {parts.scheme}://); {advice}")
    extras = parts.username or parts.password or parts.query or parts.fragment
    if extras or any(character.isspace() for character in url):
        raise ConfigurationError(f"{what} {url!r} must hold only scheme, host, port and path; {advice}")
    return url


def is_local_host(host: str) -> bool:
    """True for loopback addresses and LocalStack's own names."""
    host = host.lower().rstrip(".")
    if host in _LOCAL_HOSTS or host.endswith((".localhost", ".localhost.localstack.cloud")):
        return True
    return host == "::1" or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def same_everywhere(url: str) -> str:
    """An address as it is remembered: this machine has several names, and all mean the same."""
    parts = urlsplit(url)
    return f"local:{parts.port}{parts.path.rstrip('/')}" if is_local_host(parts.hostname or "") else url


def is_aws_host(host: str) -> bool:
    """True for AWS's own endpoints."""
    return host.lower().rstrip(".").endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".aws.dev"))


def is_service_host(host: str) -> bool:
    """True for the addresses of SQS and STS themselves; customers run servers under AWS's domains, too."""
    return bool(re.match(_SERVICE_HOST, host.lower().rstrip(".")))


def guard_endpoint(
    environment: Environment, url: str, allowed_hosts: tuple[str, ...] = (), option: str = "--endpoint-url"
) -> None:
    """Refuse an endpoint that does not belong to the environment.

    Local means loopback, LocalStack's names or an allowed host, never AWS. Deployed means AWS or an allowed host.
    """
    host = urlsplit(url).hostname or ""
    if environment.deployed:
        if not is_service_host(host) and host not in allowed_hosts:
            raise ConfigurationError(
                f"endpoint {url} is not AWS's own SQS or STS, and this is {environment}: signed requests would go there; "
                f"allow it with --allow-endpoint {host}, or drop {option}"
            )
        return
    if is_aws_host(host):
        raise ConfigurationError(f"endpoint {url} is AWS's own, and this is local; pass --env staging or production")
    if not is_local_host(host) and host not in allowed_hosts:
        raise ConfigurationError(f"endpoint {url} is not on this machine; allow it with --allow-endpoint {host}")


def make_connection_settings(
    *,
    env: str | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    allow_endpoints: tuple[str, ...] = (),
    read_only: bool = False,
    allow_writes: bool = False,
    allow_shared_credentials: bool = False,
    sts_endpoint_url: str | None = None,
    reason: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> ConnectionSettings:
    """Connection settings from flags and environment. Raises `ConfigurationError` for what cannot or must not work."""
    choice = choose_environment(env, environ)
    environment = choice.environment
    if endpoint_url is not None:
        guard_endpoint(environment, check_url("--endpoint-url", endpoint_url), allow_endpoints)
    if sts_endpoint_url is not None:
        option = "--sts-endpoint-url"
        guard_endpoint(environment, check_url(option, sts_endpoint_url), allow_endpoints, option)
    if profile is not None and not environment.deployed:
        raise ConfigurationError(f"--profile {profile} has no meaning in local, which reads no profile; pass --env or drop it")
    chosen_region = _choose_region(region, environment, profile, environ)
    ignored = sorted(name for name in environ if name.startswith("AWS_ENDPOINT_URL"))
    return ConnectionSettings(
        environment, endpoint_url, chosen_region, profile, read_only, allow_writes, choice.warning,
        tuple(ignored), allow_shared_credentials, sts_endpoint_url, choice.decided_by, reason, doubt=choice.doubt,
    )  # fmt: skip


def _choose_region(flag: str | None, environment: Environment, profile: str | None, environ: Mapping[str, str]) -> str:
    """The flag, AWS_REGION, AWS_DEFAULT_REGION, then what the environment offers: LocalStack's customary or the profile's."""
    region = flag or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if not region and not environment.deployed:
        region = LOCAL_REGION
    if not region:
        from sqs_core.credentials import profile_region  # loads the SDK, which most runs need not do here

        region = profile_region(profile)
    if not region:
        raise ConfigurationError(f"no region for {environment}: pass --region, set AWS_REGION, or name one in the profile")
    if not re.fullmatch(r"[a-z0-9-]{1,40}", region):
        raise ConfigurationError(f"region {region!r} is not a region's name, such as eu-west-1")
    return region
