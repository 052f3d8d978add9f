"""Where credentials may come from: the sessions that keep to the policy, and the refusals that name a remedy.

Local: the two key variables of the environment or the emulators' dummy pair, and nothing else of this machine. Deployed: the
SDK's own order without static keys from shared files, unless they were asked for. The SDK is imported inside functions only.
"""

from __future__ import annotations

import atexit
import os
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqs_core.errors import ConfigurationError, describe
from sqs_core.settings import is_local_host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.config import Config
    from botocore.credentials import Credentials
    from botocore.session import Session

    from sqs_core.settings import ConnectionSettings

PROGRAM_SECONDS = 60.0
"""Long enough for somebody to enter a code that the program asks for."""
DUMMY_KEY = "test"
"""The emulators' customary key id and secret."""
SHARED_KEY_METHODS = ("shared-credentials-file", "config-file", "ec2-credentials-file", "boto-config")
"""The SDK's providers of static keys in files that outlive the person who wrote them."""
ALLOW_SHARED = "use a role or an SSO profile, or allow them with --allow-shared-credentials"
KEY_PAIR = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""All of the environment that a local session reads."""
_BROKEN_CONFIGURATION = {
    "PartialCredentialsError", "InvalidConfigError", "InfiniteLoopConfigError", "UnknownCredentialError",
    "MissingDependencyException", "ConfigParseError", "LoginTokenLoadError", "ValueError",
}  # fmt: skip


class NoCredentialsError(ConfigurationError):
    """Every provider was asked, and none has credentials."""


def hermetic_session(endpoint_url: str | None) -> Session:
    """A session that knows environment keys or the dummy pair and reads no other file or variable of this machine.

    Raises `ConfigurationError` for half a pair, and for none at an endpoint that is not on this machine.
    """
    from botocore.credentials import CredentialResolver
    from botocore.loaders import Loader
    from botocore.session import Session

    variables: dict[str, Any] = {
        name: (None, None, default, convert) for name, (_, _, default, convert) in Session.SESSION_VARIABLES.items()
    }
    variables["config_file"] = variables["credentials_file"] = (None, None, os.devnull, None)
    session = Session(session_vars=variables)
    # By default it would prefer the service descriptions in ~/.aws/models to its own.
    own_models = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    session.register_component("data_loader", own_models)
    session.register_component("credential_provider", CredentialResolver([_local_provider(endpoint_url)]))
    return session


def _local_provider(endpoint_url: str | None) -> Any:
    from botocore.credentials import EnvProvider

    pair = {name: os.environ[name] for name in KEY_PAIR if os.environ.get(name)}
    missing = [name for name in KEY_PAIR if name not in pair]
    if len(missing) == 1:
        raise ConfigurationError(f"{missing[0]} is not set, its other half is; set both, or neither for an emulator's dummy pair")
    if not missing:
        return EnvProvider(environ=pair)
    if not is_local_host(urlsplit(endpoint_url or "").hostname or ""):
        raise ConfigurationError(f"no credentials for {endpoint_url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    return _DummyProvider()


class _DummyProvider:
    """What emulators expect where nobody set a key, in the shape of the SDK's providers."""

    METHOD = "dummy"
    CANONICAL_NAME = None

    def load(self) -> Credentials:
        from botocore.credentials import Credentials

        return Credentials(DUMMY_KEY, DUMMY_KEY, method=self.METHOD)


def deployed_session(connection: ConnectionSettings) -> Session:
    """The SDK's own chain with the policy applied. Raises `ConfigurationError` for a profile or file that cannot be used."""
    session = _session(connection.profile, connection.sts_endpoint_url)
    if connection.config_file is not None:
        session.set_config_variable("config_file", connection.config_file)
        session.set_config_variable("credentials_file", os.devnull)
    session.set_config_variable("ignore_configured_endpoint_urls", True)  # the STS client inside the chain obeys it too
    session.set_config_variable("region", connection.region)
    session.set_default_client_config(_chain_config())
    _profile(session)
    resolver = session.get_component("credential_provider")
    if not connection.allow_shared_credentials:
        for method in SHARED_KEY_METHODS:
            resolver.remove(method)
    _mend_metadata_provider(resolver)
    _bound_programs(resolver)
    return session


def _bound_programs(resolver: Any) -> None:
    """The SDK waits for a credential_process for ever, in a thread that signs a request."""
    provider = next((each for each in resolver.providers if each.METHOD == "custom-process"), None)
    if provider is not None and hasattr(provider, "_popen"):
        provider._popen = _Program  # noqa: SLF001 - there is no public way


class _Program(subprocess.Popen[bytes]):
    """A credential_process, which is ended when it takes too long and when this process ends."""

    def communicate(self, input: bytes | None = None, timeout: float | None = None) -> tuple[bytes, bytes]:  # noqa: A002 - its name
        atexit.register(self.kill)
        try:
            return super().communicate(input, PROGRAM_SECONDS if timeout is None else timeout)
        except subprocess.TimeoutExpired as error:
            self.kill()
            super().communicate()
            raise TimeoutError(f"the credential_process gave no answer within {PROGRAM_SECONDS:g} s") from error
        finally:
            atexit.unregister(self.kill)


def _mend_metadata_provider(resolver: Any) -> None:
    """While the metadata service is out, the SDK takes its empty answer for new keys, and every request fails at once."""
    provider = next((each for each in resolver.providers if each.METHOD == "iam-role"), None)
    if provider is not None and hasattr(provider, "_role_fetcher"):
        provider._role_fetcher = _RoleFetcher(provider._role_fetcher)  # noqa: SLF001 - there is no public way


class _RoleFetcher:
    """Once it had keys, no answer is an error, which the SDK survives for as long as the keys last."""

    def __init__(self, fetcher: Any) -> None:
        self._fetcher = fetcher
        self._had_keys = False

    def retrieve_iam_role_credentials(self) -> dict[str, Any]:
        from botocore.exceptions import CredentialRetrievalError

        found: dict[str, Any] = self._fetcher.retrieve_iam_role_credentials()
        if self._had_keys and not found:
            raise CredentialRetrievalError(provider="iam-role", error_msg="the metadata service hands out no keys")
        self._had_keys = bool(found)
        return found


def _chain_config() -> Config:
    """For the clients that the chain makes. Their own default sleeps up to half a minute in the thread that signs a request."""
    from botocore.config import Config

    return Config(connect_timeout=3.0, read_timeout=5.0, retries={"mode": "standard", "total_max_attempts": 2})


def _session(profile: str | None, sts_endpoint_url: str | None) -> Session:
    from botocore.session import Session

    class DirectedSession(Session):
        """Sends the chain's own STS calls to the given endpoint: the chain offers no option for it."""

        def create_client(self, service_name: str, *args: Any, **options: Any) -> Any:
            if service_name == "sts" and sts_endpoint_url is not None:
                options["endpoint_url"] = sts_endpoint_url
            return super().create_client(service_name, *args, **options)

    return DirectedSession(profile=profile)


def _profile(session: Session) -> Mapping[str, Any]:
    from botocore.exceptions import ConfigParseError, ProfileNotFound

    try:
        return session.get_scoped_config()
    except ProfileNotFound as error:
        name = session.get_config_variable("profile")
        source = "--profile" if session.instance_variables().get("profile") else "AWS_PROFILE or AWS_DEFAULT_PROFILE"
        raise ConfigurationError(f"profile {name!r} ({source}) does not exist: check `aws configure list-profiles`") from error
    except ConfigParseError as error:
        raise ConfigurationError(f"{describe(error)}; correct that file") from error


def profile_region(profile: str | None) -> str | None:
    """The region of the profile in use, None where it names none. Raises `ConfigurationError` as a session would."""
    region = _profile(_session(profile, None)).get("region")
    return str(region) if region else None


def load_credentials(session: Session, connection: ConnectionSettings) -> Credentials:
    """Run the provider chain, which may use the network or a program. Raises `ConfigurationError` for what will not mend itself.

    Transient trouble (an agent that does not answer) is raised as the SDK raises it.
    """
    try:
        found = session.get_credentials()
    except Exception as error:
        if type(error).__name__ not in _BROKEN_CONFIGURATION:
            raise
        raise ConfigurationError(f"credentials for {connection.environment}: {describe(error)}; {_mend(error)}") from error
    if found is None:
        raise NoCredentialsError(_none_found(session, connection))
    if found.method == "assume-role" and not connection.allow_shared_credentials:
        source = static_source(session.full_config.get("profiles", {}), session.get_config_variable("profile") or "default")
        if source is not None:
            raise ConfigurationError(f"the role is assumed with static keys of profile {source!r}: {ALLOW_SHARED}")
    return found


def expiry(credentials: Credentials) -> float | None:
    """When temporary credentials end, epoch seconds, as the SDK believes; None for lasting ones and before their first use."""
    moment = getattr(credentials, "_expiry_time", None)  # no public name tells it
    return None if moment is None else float(moment.timestamp())


def _mend(error: BaseException) -> str:
    if type(error).__name__ == "MissingDependencyException":
        return "pip install 'botocore[crt]', or use another profile"
    if type(error).__name__ == "LoginTokenLoadError":
        return "run `aws login`"
    return "complete it or take it out"


def _none_found(session: Session, connection: ConnectionSettings) -> str:
    environment = connection.environment
    name = session.get_config_variable("profile") or "default"
    keys = "aws_access_key_id" in session.full_config.get("profiles", {}).get(name, {})
    if keys and not connection.allow_shared_credentials:
        return f"no credentials for {environment}: the static keys of profile {name!r} are refused; {ALLOW_SHARED}"
    return (
        f"no credentials for {environment}: none of the SDK's providers has any; "
        "run with a role (IRSA, Pod Identity), or pass --profile"
    )


def static_source(profiles: Mapping[str, Mapping[str, Any]], name: str) -> str | None:
    """The profile whose static keys a chain of source_profile starts from, None where it starts elsewhere."""
    seen: set[str] = set()
    while name not in seen:
        profile = profiles.get(name, {})
        if seen and "aws_access_key_id" in profile:
            return name
        seen.add(name)
        name = str(profile.get("source_profile", ""))
        if not name:
            return None
    return name if "aws_access_key_id" in profiles.get(name, {}) else None
