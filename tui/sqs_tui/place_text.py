"""Where a deed would be done, in words for the question about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_tui.safe_text import one_line

if TYPE_CHECKING:
    from sqs_core.facade import EngineFacade


def where(facade: EngineFacade) -> str:
    """The environment, the account where it is known, and the endpoint."""
    snapshot = facade.snapshot()
    account = snapshot.credentials.account if snapshot.credentials else None
    parts = [snapshot.engine.environment.upper(), f"account {account}" if account else "", snapshot.engine.endpoint]
    return one_line(", ".join(part for part in parts if part))
