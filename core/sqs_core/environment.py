"""Which environment this is, what decided it, and what it allows.

The rule: local unless APP_ENV (or the flag) is exactly production, staging or integration. A flag that is none of the four is
refused; a variable that seems to mean a deployed environment is local with its writes locked.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Environment(StrEnum):
    """Where the queues are. Everything but `local` is deployed."""

    LOCAL = "local"
    INTEGRATION = "integration"
    STAGING = "staging"
    PRODUCTION = "production"

    @property
    def deployed(self) -> bool:
        """True where credentials are a role's and a mistake is expensive."""
        return self is not Environment.LOCAL


class EnvironmentChoice(NamedTuple):
    """The environment, who decided it, and a warning worth showing or None.

    `decided_by` is `--env`, `APP_ENV` or `default`; with `=` and the word behind it where that is no environment's name.
    `meant` is the deployed environment that such a word seems to mean.
    """

    environment: Environment
    decided_by: str
    warning: str | None = None
    meant: Environment | None = None


_NAMES = frozenset(environment.value for environment in Environment)
_KNOWN = f"known are {', '.join(Environment)}"
_LOOK_ALIKES = {
    "prod": Environment.PRODUCTION, "prd": Environment.PRODUCTION, "live": Environment.PRODUCTION,
    "stage": Environment.STAGING, "stg": Environment.STAGING, "preprod": Environment.STAGING,
    "int": Environment.INTEGRATION,
}  # fmt: skip
_ALIKE = 0.75
"""So much alike, of 1, are a name and the same with a letter or two too few, too many or exchanged."""


def choose_environment(flag: str | None, environ: Mapping[str, str] = os.environ) -> EnvironmentChoice:
    """Decide the environment from the flag, else APP_ENV, else local.

    Raises `ConfigurationError` for a flag that names none. Of APP_ENV, which is not ours alone, an unknown word is local, with a
    warning.
    """
    if flag is not None and flag not in _NAMES:
        raise ConfigurationError(f"--env {flag!r} is no environment: {_KNOWN}{_asked(flag)}")
    name, decided_by = (flag, "--env") if flag is not None else (environ.get("APP_ENV", ""), "APP_ENV")
    if not name:
        return EnvironmentChoice(Environment.LOCAL, "default", _kubernetes_warning(environ))
    if name in _NAMES:
        environment = Environment(name)
        warning = None if environment.deployed else _kubernetes_warning(environ)
        return EnvironmentChoice(environment, decided_by, warning)
    meant = _meant(name)
    spelled = f"; {meant} is spelled {meant}" if meant else f"; {_KNOWN}"
    warning = f"APP_ENV={name} is treated as local{spelled}"
    return EnvironmentChoice(Environment.LOCAL, f"APP_ENV={name}", warning, meant if meant and meant.deployed else None)


def _asked(name: str) -> str:
    meant = _meant(name)
    return f"; {meant} was meant?" if meant else ""


def _meant(name: str) -> Environment | None:
    word = name.strip().lower()
    if word in _LOOK_ALIKES:
        return _LOOK_ALIKES[word]
    near = get_close_matches(word, tuple(Environment), 1, cutoff=_ALIKE)
    return Environment(near[0]) if near else None


def _kubernetes_warning(environ: Mapping[str, str]) -> str | None:
    if "KUBERNETES_SERVICE_HOST" not in environ:
        return None
    return "this is a Kubernetes pod in local mode; set APP_ENV=staging (or integration, production) to use the pod's role"
