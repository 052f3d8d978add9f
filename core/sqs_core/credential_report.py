"""What faces are told about the identity in use."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def key_hint(key_id: str) -> str:
    """The last four of an access key id; nothing of one that is too short to be AWS's."""
    return key_id[-4:] if len(key_id) > 8 else ""


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

    def grouped_chain(self) -> Iterator[tuple[list[str], str, str]]:
        """Methods, status and reason; providers that follow each other and share both are one."""
        for (status, reason), rows in groupby(self.chain, lambda row: (row.status, row.reason)):
            yield [row.method for row in rows], status, reason
