"""What faces are told about the identity in use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One credential provider: botocore's method name and found, shadowed, not-configured, not-tried, failed or skipped."""

    method: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """Which identity is in use and why. It has no field that could hold a secret; `key_hint` is the key id's last four.

    `provider` is the SDK's method name, `dummy` for the emulators' pair, `none` while there are no credentials. Times are
    seconds since the epoch; `last_refresh_at` is when this process last saw new keys. `chain` is in the SDK's order.
    """

    provider: str
    key_hint: str
    account: str | None = None
    role_arn: str | None = None
    expires_at: float | None = None
    warnings: tuple[str, ...] = ()
    chain: tuple[ProviderRow, ...] = ()
    arn: str | None = None
    session_name: str | None = None
    last_refresh_at: float | None = None
