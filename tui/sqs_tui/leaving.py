"""Leaving a screen over engines of other processes: whichever way out is taken, they go on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqs_core.words import RunState

if TYPE_CHECKING:
    from sqs_core.facade import EngineFacade
    from sqs_core.model import Snapshot
    from sqs_tui.departure import Drainable
    from sqs_tui.options import DashboardOptions


def ended_by_leaving(facade: EngineFacade, options: DashboardOptions) -> Drainable:
    """What the ways out of a dashboard end: the engine, unless that is of another process."""
    return OnlyLeaving() if options.attached else facade


class OnlyLeaving:
    """Stands for the engine where the way out is guarded: it has ended as soon as it is told to, and nobody else hears of it."""

    def drain(self) -> None:
        """Nothing to wait for."""

    def stop_now(self) -> None:
        """As above."""

    def drain_deadline_seconds(self) -> float | None:
        """At once."""
        return 0.0

    def snapshot(self) -> Snapshot:
        """An engine that has stopped with nothing held."""
        from sqs_core.views import bare_snapshot

        return bare_snapshot(RunState.STOPPED, time.time())
