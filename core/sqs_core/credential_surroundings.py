"""What of credentials this machine has, read without a network call and without running a program.

Values of secrets are looked at for being there and nothing else; they are kept only to be masked in whatever is shown.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqs_core.credentials import KEY_PAIR
from sqs_core.masking import remember_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqs_core.settings import ConnectionSettings

_SECRET_SETTINGS = ("aws_secret_access_key", "aws_session_token", "aws_security_token")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Environment and shared files. `profile` is the section in use; `profile_given` says that `--profile` chose it."""

    environ: Mapping[str, str] = field(repr=False)
    profile: str = "default"
    profile_given: bool = False
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    file_error: str | None = None

    @property
    def profiles(self) -> dict[str, dict[str, Any]]:
        """Sections of both files by profile; keys of the credentials file win, as in the SDK."""
        merged = {name: dict(section) for name, section in self.config.get("profiles", {}).items()}
        for name, section in self.credentials.items():
            if isinstance(section, dict):
                merged.setdefault(name, {}).update(section)
        return merged

    @property
    def section(self) -> dict[str, Any]:
        """The settings of the profile in use."""
        return self.profiles.get(self.profile, {})

    @property
    def endpoint_url(self) -> str | None:
        """The address of SQS that the profile sets, in its services or for all of AWS."""
        section = self.section
        service = self.config.get("services", {}).get(str(section.get("services")), {}).get("sqs")
        own = service.get("endpoint_url") if isinstance(service, dict) else None
        found = own or section.get("endpoint_url")
        return found if isinstance(found, str) else None

    def web_identity(self, name: str) -> str | None:
        """A web identity setting: the variable, else the profile's; `--profile` leaves the variables out."""
        variable = None if self.profile_given else self.environ.get(f"AWS_{name.upper()}")
        return variable if variable is not None else self.section.get(name)

    def cached_token(self, directory: str, key: str) -> dict[str, Any] | None:
        """A token cache of the AWS CLI under `~/.aws`; None where it is missing or unreadable. `key` as the CLI hashes it."""
        try:
            parsed = json.loads((Path(os.path.expandvars(directory)).expanduser() / f"{key}.json").read_text())
        except (OSError, ValueError):
            return None
        return parsed if isinstance(parsed, dict) else None


def read_surroundings(connection: ConnectionSettings, environ: Mapping[str, str]) -> Surroundings:
    """Read environment and, where the policy allows it, the shared files. Never raises."""
    if not connection.environment.deployed:
        return Surroundings({name: environ[name] for name in KEY_PAIR if name in environ})
    from botocore.configloader import load_config, raw_config_parse

    profile = connection.profile or environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE") or "default"
    errors: list[str] = []
    config_file = environ.get("AWS_CONFIG_FILE", "~/.aws/config")
    credentials_file = environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    if connection.config_file is not None:
        config_file, credentials_file = connection.config_file, os.devnull
    config, keys = _parsed(load_config, config_file, errors), _parsed(raw_config_parse, credentials_file, errors)
    around = Surroundings(environ, profile, connection.profile is not None, config, keys, errors[0] if errors else None)
    remember_secrets(*(around.section.get(name) for name in _SECRET_SETTINGS))
    return around


def _parsed(parse: Any, path: str, errors: list[str]) -> dict[str, Any]:
    from botocore.exceptions import BotoCoreError, ConfigNotFound

    try:
        return dict(parse(path))
    except ConfigNotFound:
        return {}
    except (BotoCoreError, OSError, ValueError) as error:
        errors.append(f"{path} cannot be read: {type(error).__name__}")
        return {}


def sso_cache_key(name: str) -> str:
    """The AWS CLI's name for the cached token of an SSO session or start URL."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def login_cache_key(session: str) -> str:
    """The AWS CLI's name for the cached token of `aws login`."""
    return hashlib.sha256(session.encode()).hexdigest()


def token_trouble(path: str) -> tuple[str | None, str | None]:
    """What is wrong with a token file: `(why it cannot work, what is odd about it)`, each None where all is well."""
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        return f"the token file {path} cannot be read: {getattr(error, 'strerror', None) or 'not text'}", None
    remember_secrets(text.strip())
    if not text.strip():
        return f"the token file {path} is empty", None
    if len(text) < 4:
        return f"the token file {path} is too short to hold a token", None
    return None, f"the token file {path} ends in a newline" if text[-1] in "\r\n" else None
