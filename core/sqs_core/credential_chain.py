"""The credential report: which provider is in use, and a row for each that says why it is or is not.

Building it makes no network call and runs no program; it never touches a credentials object, whose properties may do both.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqs_core.credential_probes import PROBES, Found
from sqs_core.credential_surroundings import Surroundings, read_surroundings
from sqs_core.credentials import ALLOW_SHARED, SHARED_KEY_METHODS
from sqs_core.masking import mask_secrets
from sqs_core.model import CredentialReport, ProviderRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqs_core.settings import ConnectionSettings

ADVISORY_SECONDS = 15 * 60
"""From here on the SDK tries to refresh temporary credentials with every request."""
NOT_ASKED = "; asking it would "
_ASKING_COSTS = {"custom-process": "run a program", "container-role": "use the network", "iam-role": "use the network"}
_POD_METHODS = ("assume-role-with-web-identity", "container-role")
_WIDER = ("iam-role", "env", *SHARED_KEY_METHODS)
_LOCAL_RULE = "local reads only AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_NOTHING = {
    "env": "AWS_ACCESS_KEY_ID is not set",
    "iam-role": "AWS_EC2_METADATA_DISABLED is true",
    "container-role": "no AWS_CONTAINER_CREDENTIALS_… variable is set",
}


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What is known of the credentials in use, without a secret. Times in epoch seconds; `error` is of the last refresh.

    `refused` says what the server refuses them, and why.
    """

    method: str
    key_hint: str
    expires_at: float | None = None
    last_refresh_at: float | None = None
    error: str | None = None
    changed: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What STS says of us; `error` is why it said nothing."""

    account: str | None = None
    arn: str | None = None
    error: str | None = None

    @property
    def session_name(self) -> str | None:
        """The session of an assumed role, None for a user."""
        return self.arn.rpartition("/")[2] if self.arn and ":assumed-role/" in self.arn else None

    @property
    def role_arn(self) -> str | None:
        """The role of an assumed role as far as the session's ARN tells: it leaves out the role's path."""
        if self.arn is None or ":assumed-role/" not in self.arn:
            return None
        head, _, tail = self.arn.partition(":assumed-role/")
        return f"{head.replace(':sts:', ':iam:')}:role/{tail.rpartition('/')[0]}"


def build_report(
    connection: ConnectionSettings,
    key: KeyFacts | None,
    identity: Identity,
    now: float,
    environ: Mapping[str, str] = os.environ,
    *,
    exhausted: bool = False,
) -> CredentialReport:
    """The report of this moment. Never raises for what it finds.

    `key` is None while no credentials were found; `exhausted` says that every provider was asked for some.
    """
    around = read_surroundings(connection, environ)
    local = not connection.environment.deployed
    findings = {"env": PROBES["env"](around)} if local else {method: probe(around) for method, probe in PROBES.items()}
    chain = _local_rows(findings["env"], key) if local else _deployed_rows(connection, around, findings, key, exhausted=exhausted)
    warnings = _warnings(connection, around, chain, findings, key, now)
    if identity.error is not None:
        warnings.append(f"account and ARN are not known: {identity.error}")
    return CredentialReport(
        provider=key.method if key else "none",
        key_hint=key.key_hint if key else "",
        account=identity.account,
        role_arn=_configured_role(around, key) or identity.role_arn,
        expires_at=key.expires_at if key else None,
        warnings=tuple(mask_secrets(warning) for warning in warnings),
        chain=tuple(replace(row, reason=mask_secrets(row.reason)) for row in chain),
        arn=identity.arn,
        session_name=identity.session_name,
        last_refresh_at=key.last_refresh_at if key else None,
    )


def _configured_role(around: Surroundings, key: KeyFacts | None) -> str | None:
    """The whole role ARN where the configuration has it: the session's own ARN leaves out the role's path."""
    method = key.method if key else None
    if method == "assume-role-with-web-identity":
        return around.web_identity("role_arn") or around.environ.get("AWS_ROLE_ARN")
    return around.section.get("role_arn") if method == "assume-role" else None


def _local_rows(env: Found | None, key: KeyFacts | None) -> tuple[ProviderRow, ...]:
    rows = [ProviderRow(method, "skipped", _LOCAL_RULE) for method in PROBES if method != "env"]
    first = ProviderRow("env", *_word(env, "found", _NOTHING["env"]))
    if key is not None and key.method == "dummy":
        last = ("found", "no key is set: the emulators' customary pair")
    elif env is None:
        last = ("not-tried", "not asked for yet")
    else:
        last = ("not-tried", "half a key pair is refused") if env.failed else ("shadowed", "the key pair is set")
    return (first, *rows, ProviderRow("dummy", *last))


def _word(finding: Found | None, status: str, nothing: str) -> tuple[str, str]:
    if finding is None:
        return "not-configured", nothing
    return ("failed", finding.failed) if finding.failed else (status, finding.reason)


def _deployed_rows(
    connection: ConnectionSettings,
    around: Surroundings,
    findings: Mapping[str, Found | None],
    key: KeyFacts | None,
    *,
    exhausted: bool,
) -> tuple[ProviderRow, ...]:
    rows: list[ProviderRow] = []
    past_winner = False
    for method, finding in findings.items():
        rule = _rule_against(connection, around, method, finding)
        if key is not None and key.method == method:
            past_winner = True
            rows.append(ProviderRow(method, "found", finding.reason if finding else "in use; no longer configured"))
        elif finding is None:
            rows.append(ProviderRow(method, "not-configured", _NOTHING.get(method, "nothing is configured")))
        elif rule is not None:
            rows.append(ProviderRow(method, "skipped", rule))
        elif finding.failed is not None:
            rows.append(ProviderRow(method, "failed", finding.failed))
        elif exhausted and key is None:
            rows.append(ProviderRow(method, "failed", f"{finding.reason}; it has no credentials"))
        elif method in _ASKING_COSTS and (past_winner or key is None):
            rows.append(ProviderRow(method, "not-tried", f"{finding.reason}{NOT_ASKED}{_ASKING_COSTS[method]}"))
        elif past_winner:
            rows.append(ProviderRow(method, "shadowed", f"{finding.reason}; {key.method if key else ''} comes first"))
        else:
            why = "not exchanged yet" if key is None else f"configured after {key.method} was chosen"
            rows.append(ProviderRow(method, "not-tried", f"{finding.reason}; {why}"))
    return tuple(rows)


def _rule_against(connection: ConnectionSettings, around: Surroundings, method: str, finding: Found | None) -> str | None:
    """The rule that keeps a configured provider out, or None."""
    if finding is None:
        return None
    if method == "env" and around.profile_given:
        return "--profile leaves the environment's keys out"
    if connection.allow_shared_credentials:
        return None
    if method in SHARED_KEY_METHODS:
        return f"static keys in shared files are refused: {ALLOW_SHARED}"
    if finding.static_profile is not None:
        return f"it starts from the static keys of profile {finding.static_profile!r}: {ALLOW_SHARED}"
    return None


def _warnings(
    connection: ConnectionSettings,
    around: Surroundings,
    chain: tuple[ProviderRow, ...],
    findings: Mapping[str, Found | None],
    key: KeyFacts | None,
    now: float,
) -> list[str]:
    warnings = [around.file_error] if around.file_error else []
    if around.endpoint_url and connection.endpoint_url is None:
        warnings.append(f"endpoint_url {around.endpoint_url} of profile {around.profile!r} ignored, use --endpoint-url")
    pod = [method for method in _POD_METHODS if findings.get(method) is not None]
    if key is not None and key.method in _WIDER and pod:
        warnings.append(f"{' and '.join(pod)} configured, but {key.method} is in use: the identity may be wider than meant")
    usable = [row.method for row in chain if row.status in ("found", "shadowed", "not-tried") and row.method != "iam-role"]
    if connection.environment.deployed and len(usable) > 1:
        warnings.append(f"more than one mechanism is configured: {', '.join(usable)}; the first that works is used")
    for method in pod:
        finding = findings[method]
        if finding is not None and (finding.failed or finding.odd):
            warnings.append(f"{method}: {finding.failed or finding.odd}")
    return warnings + (_key_warnings(key, now) if key else [])


def _key_warnings(key: KeyFacts, now: float) -> list[str]:
    warnings = [key.refused] if key.refused else []
    warnings += [key.changed] if key.changed else []
    if key.error is not None and key.expires_at is not None and key.expires_at - now < ADVISORY_SECONDS:
        left = (key.expires_at - now) / 60
        when = f"expire in {left:.0f} min" if left > 0 else "are expired"
        warnings.append(f"the credentials {when} and refreshing them fails: {key.error}")
    return warnings
