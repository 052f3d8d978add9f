"""Ask each configured provider for credentials, which may use the network or run a program: only when somebody asked for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqs_core.bounded import within
from sqs_core.credential_chain import NOT_ASKED
from sqs_core.credential_report import key_hint
from sqs_core.errors import describe
from sqs_core.masking import mask_secrets, remember_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.model import CredentialReport, ProviderRow

PROVIDER_SECONDS = 10.0
_ASKED = ("found", "shadowed", "not-tried", "failed")


def ask_providers(report: CredentialReport, providers: dict[str, Callable[[], Any]]) -> CredentialReport:
    """The report with what each provider answered in its row. `providers` maps the SDK's names to what loads credentials.

    Skipped providers are not asked: a rule keeps them out. Nor is the one in use: it has answered. Each gets 10 s.
    """
    rows = tuple(
        _asked(row, providers[row.method], report.provider)
        if row.status in _ASKED and row.method in providers and row.method != report.provider
        else row
        for row in report.chain
    )
    return replace(report, chain=rows)


def _asked(row: ProviderRow, load: Callable[[], Any], in_use: str) -> ProviderRow:
    def answer() -> str | None:
        found = load()
        if found is None:
            return None
        frozen = found.get_frozen_credentials()
        remember_secrets(frozen.secret_key, frozen.token)
        return key_hint(frozen.access_key or "")

    reason = row.reason.partition(NOT_ASKED)[0]
    try:
        hint = within(PROVIDER_SECONDS, answer)
    except Exception as error:  # noqa: BLE001 - a provider raises what it likes, and that is what was asked for
        return replace(row, status="failed", reason=mask_secrets(f"{reason}; asked: {describe(error)}"))
    if hint is None:
        return replace(row, status="failed", reason=f"{reason}; asked: it has no credentials")
    status = "not-tried" if in_use == "none" else "shadowed"
    return replace(row, status=status, reason=f"{reason}; asked: it gives {f'key …{hint}' if hint else 'a key'}")
