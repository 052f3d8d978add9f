"""The browser of queues as tests run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from queue_canned import details, shop
from sqs_tui.widgets.live_table import LiveTable
from tui_canned import empty_snapshot
from tui_fakes import FakeFacade

if TYPE_CHECKING:
    from sqs_core.queue_listing import QueueListing
    from tui_harness import Dashboard


def looking(of: QueueListing | None = None) -> FakeFacade:
    """An engine that consumes nothing, at an endpoint with these queues."""
    return FakeFacade(empty_snapshot(), of or shop(), queues={"orders": details()})


def top(running: Dashboard) -> object:
    """The screen that is over all others now."""
    return running.app.screen


def table(running: Dashboard) -> LiveTable:
    return running.app.screen.query_one("#browser", LiveTable)
