"""Which environment this is, what decided it, and what it allows.

The rule: local unless APP_ENV (or the flag) is exactly production, staging or integration. A flag that is none of the four, and
a variable that seems to mean a deployed one, are local with the writes locked.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

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
    `doubt` is why it is not sure that local was meant; empty where it is.
    """

    environment: Environment
    decided_by: str
    warning: str | None = None
    doubt: str = ""


_NAMES = frozenset(environment.value for environment in Environment)
_LOOK_ALIKES = {
    "prod": Environment.PRODUCTION, "prd": Environment.PRODUCTION, "live": Environment.PRODUCTION,
    "stage": Environment.STAGING, "stg": Environment.STAGING, "preprod": Environment.STAGING,
    "int": Environment.INTEGRATION,
}  # fmt: skip
_ALIKE = 0.75
"""So much alike, of 1, are a name and the same with a letter or two too few, too many or exchanged."""


def choose_environment(flag: str | None, environ: Mapping[str, str] = os.environ) -> EnvironmentChoice:
    """Decide the environment from the flag, else APP_ENV, else local. Never fails: an unknown word is local, with a warning."""
    name, decided_by = (flag, "--env") if flag is not None else (environ.get("APP_ENV", ""), "APP_ENV")
    if not name and flag is None:
        return EnvironmentChoice(Environment.LOCAL, "default", _kubernetes_warning(environ))
    if name in _NAMES:
        environment = Environment(name)
        warning = None if environment.deployed else _kubernetes_warning(environ)
        return EnvironmentChoice(environment, decided_by, warning)
    meant, decided_by = _meant(name), f"{decided_by}={name}"
    spelled = f"{meant} is spelled {meant}" if meant else f"known are {', '.join(Environment)}"
    doubt = _doubt(decided_by, meant, asked_for=flag is not None)
    return EnvironmentChoice(Environment.LOCAL, decided_by, f"{decided_by} is treated as local; {spelled}", doubt)


def _doubt(decided_by: str, meant: Environment | None, *, asked_for: bool) -> str:
    """APP_ENV is not ours alone, and `development` is a usual word in it; who passes a flag meant one of the four."""
    if meant is not None and meant.deployed:
        return f"{decided_by} may mean {meant}: say which with --env {meant} or --env local"
    return f"{decided_by} is no environment: say which with --env {'|'.join(Environment)}" if asked_for else ""


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
