"""The fleet's screen while a test runs it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqs_tui.departure import Departure
from sqs_tui.fleet_app import FleetApp
from sqs_tui.leaving import OnlyLeaving
from sqs_tui.options import DashboardOptions
from tui_canned import NOW
from tui_harness import NEVER_FPS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from textual.pilot import Pilot

    from sqs_core.remote.fleet import Fleet
    from sqs_core.remote.sources import Candidate


class FleetScreenDriver:
    """What a test sees of it and does to it."""

    def __init__(self, app: FleetApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    def text(self) -> str:
        """All that is on the screen."""
        screen = self.app.screen
        lines = screen._compositor.render_strips(screen.size)
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines)

    def rows(self) -> list[str]:
        """The keys of the members, in order."""
        return [row.key for row in self.app._home.table.rows]

    async def press(self, *keys: str) -> None:
        """Press keys and let everything settle."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def draw(self) -> None:
        """Draw a frame and let it settle."""
        self.app.refresh_frame()
        await self.pilot.pause()


@asynccontextmanager
async def fleet_screen(
    fleet: Fleet, found: Sequence[Candidate] = (), *, size: tuple[int, int] = (120, 40), theme: str = "textual-dark", **more: Any
) -> AsyncIterator[FleetScreenDriver]:
    """A screen that has drawn its first frames; others are drawn when a test asks for them."""
    options = DashboardOptions(fps=NEVER_FPS, theme=theme, clock=lambda: NOW, attached=True, **more)
    app = FleetApp(fleet, found, options, Departure(OnlyLeaving(), lambda _: None))
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await pilot.pause()
        running = FleetScreenDriver(app, pilot)
        await running.draw()
        yield running
