"""One look per provider of the SDK, in the SDK's order: is it configured, and could it work? No network, no program.

A probe answers None where nothing is configured, else what it `Found`.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import shlex
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqs_core.credential_surroundings import login_cache_key, sso_cache_key, token_trouble
from sqs_core.credentials import static_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqs_core.credential_surroundings import Surroundings

_CREDENTIAL_SOURCES = ("Ec2InstanceMetadata", "Environment", "EcsContainer")
_AGENT_HOSTS = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost")
_SSO_NEEDED = ("sso_role_name", "sso_account_id", "sso_start_url", "sso_region")


@dataclass(frozen=True, slots=True)
class Found:
    """`reason` says what is configured; `failed` why it cannot work, `odd` what deserves a warning though it may work."""

    reason: str
    failed: str | None = None
    odd: str | None = None
    static_profile: str | None = None


def probe_env(around: Surroundings) -> Found | None:
    """The pair of key variables."""
    environ = around.environ
    if not environ.get("AWS_ACCESS_KEY_ID"):
        half = environ.get("AWS_SECRET_ACCESS_KEY")
        return Found("AWS_SECRET_ACCESS_KEY is set", "half a pair: AWS_ACCESS_KEY_ID is not set") if half else None
    reason = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set"
    if not environ.get("AWS_SECRET_ACCESS_KEY"):
        return Found(reason, "half a pair: AWS_SECRET_ACCESS_KEY is not set")
    expires = environ.get("AWS_CREDENTIAL_EXPIRATION")
    left = _seconds_left(expires) if expires else None
    if left is not None and left <= 0:
        return Found(reason, f"expired: AWS_CREDENTIAL_EXPIRATION is {expires}")
    return Found(reason)


def probe_assume_role(around: Surroundings) -> Found | None:
    """A profile that assumes a role from another profile or a named source."""
    section = around.section
    if "role_arn" not in section or "web_identity_token_file" in section:
        return None
    source, named = section.get("source_profile"), section.get("credential_source")
    reason = f"profile {around.profile!r} assumes {section['role_arn']} from {source or named}"
    failed = _source_trouble(around, source, named)
    return Found(reason, failed, static_profile=None if failed else static_source(around.profiles, around.profile))


def _source_trouble(around: Surroundings, source: str | None, named: str | None) -> str | None:
    if source and named:
        return "both source_profile and credential_source are given"
    if named:
        return (
            None if named in _CREDENTIAL_SOURCES else f"credential_source {named!r} is none of {', '.join(_CREDENTIAL_SOURCES)}"
        )
    if not source:
        return "neither source_profile nor credential_source is given"
    profiles, seen = around.profiles, [around.profile]
    while source:
        if source not in profiles:
            return f"source_profile {source!r} does not exist"
        if source in seen:
            own_keys = source == seen[-1] and "aws_access_key_id" in profiles[source]
            return None if own_keys else f"source_profile {source!r} leads back to itself"
        seen.append(source)
        source = None if "aws_access_key_id" in profiles[source] else profiles[source].get("source_profile")
    return None


def probe_web_identity(around: Surroundings) -> Found | None:
    """A token file and a role: IRSA's two variables, or the same in a profile."""
    path, role = around.web_identity("web_identity_token_file"), _role(around)
    if not path:
        return None
    reason = f"token file {path}, role {role}"
    if not role:
        return Found(reason, "a token file is configured but no role: AWS_ROLE_ARN or role_arn is missing")
    failed, odd = token_trouble(path)
    return Found(reason, failed, odd)


def _role(around: Surroundings) -> str | None:
    variable = None if around.profile_given else around.environ.get("AWS_ROLE_ARN")
    return variable if variable is not None else around.section.get("role_arn")


def probe_sso(around: Surroundings) -> Found | None:
    """An IAM Identity Center profile and the token that `aws sso login` left."""
    section = dict(around.section)
    if not any(name in section for name in _SSO_NEEDED[:2]):
        return None
    session = section.get("sso_session")
    reason = f"profile {around.profile!r} signs in with SSO{f' session {session}' if session else ''}"
    if session:
        known = around.config.get("sso_sessions", {}).get(session)
        if known is None:
            return Found(reason, f"sso-session {session!r} does not exist")
        section.update(known)
    missing = [name for name in _SSO_NEEDED if name not in section]
    if missing:
        return Found(reason, f"incomplete: {', '.join(missing)} missing")
    return Found(reason, _sso_token_trouble(around, session or section["sso_start_url"]))


def _sso_token_trouble(around: Surroundings, name: str) -> str | None:
    token = around.cached_token("~/.aws/sso/cache", sso_cache_key(name))
    if token is None or "accessToken" not in token or "expiresAt" not in token:
        return "no token in the cache: run `aws sso login`"
    left = _seconds_left(str(token["expiresAt"]))
    if left is None:
        return "the cached token has no readable expiry: run `aws sso login`"
    if left <= 0 and not token.get("refreshToken"):
        return "the cached token is expired: run `aws sso login`"
    return None


def probe_shared_credentials(around: Surroundings) -> Found | None:
    """Static keys in the shared credentials file."""
    section = around.credentials.get(around.profile)
    return _static(section if isinstance(section, dict) else {}, f"keys of profile {around.profile!r} in the credentials file")


def probe_login(around: Surroundings) -> Found | None:
    """A session of `aws login`."""
    session = around.section.get("login_session")
    if session is None:
        return None
    reason = f"profile {around.profile!r} uses `aws login`"
    if importlib.util.find_spec("awscrt") is None:
        return Found(reason, "needs the package awscrt: pip install 'botocore[crt]'")
    directory = around.environ.get("AWS_LOGIN_CACHE_DIRECTORY", "~/.aws/login/cache")
    if around.cached_token(directory, login_cache_key(session)) is None:
        return Found(reason, "no token in the cache: run `aws login`")
    return Found(reason)


def probe_process(around: Surroundings) -> Found | None:
    """A program that prints credentials; it is looked up, never run."""
    command = around.section.get("credential_process")
    if command is None:
        return None
    reason = f"profile {around.profile!r} names a credential_process"
    try:
        program = shlex.split(command)[0]
    except (ValueError, IndexError):
        return Found(reason, "credential_process is no command line")
    if shutil.which(program) is None:
        return Found(reason, f"the program {program} is not there or cannot be run")
    return Found(reason)


def probe_config_file(around: Surroundings) -> Found | None:
    """Static keys in the configuration file."""
    section = around.config.get("profiles", {}).get(around.profile, {})
    return _static(section, f"keys of profile {around.profile!r} in the config file")


def probe_ec2_file(around: Surroundings) -> Found | None:
    """The key file of the first EC2 tools."""
    path = around.environ.get("AWS_CREDENTIAL_FILE")
    if path is None:
        return None
    reason = f"AWS_CREDENTIAL_FILE is {path}"
    try:
        lines = Path(path).expanduser().read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return Found(reason, "that file cannot be read")
    names = {line.split("=", 1)[0].strip() for line in lines if "=" in line}
    if "AWSAccessKeyId" not in names:
        return None
    return Found(reason, None if "AWSSecretKey" in names else "half a pair: AWSSecretKey is missing")


def probe_boto_config(around: Surroundings) -> Found | None:
    """The configuration file of boto 2."""
    from botocore.configloader import raw_config_parse
    from botocore.exceptions import BotoCoreError

    named = around.environ.get("BOTO_CONFIG")
    for path in [named] if named is not None else ["/etc/boto.cfg", "~/.boto"]:
        if not Path(path).expanduser().is_file():
            continue
        try:
            section = raw_config_parse(path).get("Credentials", {})
        except (BotoCoreError, OSError, ValueError):
            return Found(path, f"{path} cannot be read")
        found = _static(section, f"keys in {path}")
        if found is not None:
            return found
    return None


def _static(section: Mapping[str, Any], reason: str) -> Found | None:
    if "aws_access_key_id" not in section:
        return None
    return Found(reason, None if "aws_secret_access_key" in section else "half a pair: aws_secret_access_key is missing")


def probe_container(around: Surroundings) -> Found | None:
    """The agent of ECS or of EKS Pod Identity."""
    environ = around.environ
    relative, full = environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if relative is None and full is None:
        return None
    reason = f"agent at {full or relative}" if relative is None else f"agent at 169.254.170.2{relative}"
    if relative is None and not _agent_allowed(full or ""):
        return Found(
            reason, f"Unsupported host {urlsplit(full or '').hostname!r}: only loopback and AWS's agents answer over http"
        )
    path = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    failed, odd = token_trouble(path) if path is not None else (None, None)
    if odd:  # the token goes into a header, where a newline is not legal
        failed = f"{odd}, which no header may hold"
    return Found(reason, failed)


def _agent_allowed(url: str) -> bool:
    parts = urlsplit(url)
    try:
        loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        loopback = False
    return parts.scheme == "https" or loopback or parts.hostname in _AGENT_HOSTS


def probe_instance(around: Surroundings) -> Found | None:
    """The metadata service of EC2, which is there to be asked unless it is turned off."""
    environ = around.environ
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    endpoint = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT")
    reason = f"metadata service at {endpoint or 'its usual address'}"
    if endpoint and not urlsplit(endpoint).hostname:
        return Found(reason, "AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL")
    mode = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") or around.section.get("ec2_metadata_service_endpoint_mode")
    if mode and mode.lower() not in ("ipv4", "ipv6"):
        return Found(reason, f"the endpoint mode {mode!r} is neither ipv4 nor ipv6")
    return Found(reason)


def _seconds_left(when: str) -> float | None:
    text = when.removesuffix("UTC") + "+00:00" if when.endswith("UTC") else when
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()


PROBES: dict[str, Callable[[Surroundings], Found | None]] = {
    "env": probe_env,
    "assume-role": probe_assume_role,
    "assume-role-with-web-identity": probe_web_identity,
    "sso": probe_sso,
    "shared-credentials-file": probe_shared_credentials,
    "login": probe_login,
    "custom-process": probe_process,
    "config-file": probe_config_file,
    "ec2-credentials-file": probe_ec2_file,
    "boto-config": probe_boto_config,
    "container-role": probe_container,
    "iam-role": probe_instance,
}
"""Probe by the SDK's name of the provider, in the SDK's order."""
