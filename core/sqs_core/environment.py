"""Which environment this is, what decided it, and what it allows.

The rule: local unless APP_ENV (or the flag) is exactly production, staging or integration.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

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


@dataclass(frozen=True, slots=True)
class EnvironmentChoice:
    """The environment, who decided it, and a warning worth showing or None.

    `decided_by` is `--env`, `APP_ENV` or `default`; with `=` and the word behind it where that is no environment's name.
    """

    environment: Environment
    decided_by: str
    warning: str | None = None


_NAMES = frozenset(environment.value for environment in Environment)
_LOOK_ALIKES = {
    "prod": Environment.PRODUCTION, "prd": Environment.PRODUCTION, "live": Environment.PRODUCTION,
    "stage": Environment.STAGING, "stg": Environment.STAGING, "preprod": Environment.STAGING,
    "int": Environment.INTEGRATION,
}  # fmt: skip


def choose_environment(flag: str | None, environ: Mapping[str, str] = os.environ) -> EnvironmentChoice:
    """Decide the environment from the flag, else APP_ENV, else local. Never fails: an unknown word is local, with a warning."""
    name, decided_by = (flag, "--env") if flag is not None else (environ.get("APP_ENV", ""), "APP_ENV")
    if not name:
        return EnvironmentChoice(Environment.LOCAL, "default", _kubernetes_warning(environ))
    if name in _NAMES:
        environment = Environment(name)
        warning = None if environment.deployed else _kubernetes_warning(environ)
        return EnvironmentChoice(environment, decided_by, warning)
    meant = _meant(name)
    spelled = f"; {meant} is spelled {meant}" if meant else "; known are local, integration, staging, production"
    return EnvironmentChoice(Environment.LOCAL, f"{decided_by}={name}", f"{decided_by}={name} is treated as local{spelled}")


def _meant(name: str) -> Environment | None:
    word = name.strip().lower()
    return Environment(word) if word in _NAMES else _LOOK_ALIKES.get(word)


def _kubernetes_warning(environ: Mapping[str, str]) -> str | None:
    if "KUBERNETES_SERVICE_HOST" not in environ:
        return None
    return "this is a Kubernetes pod in local mode; set APP_ENV=staging (or integration, production) to use the pod's role"
