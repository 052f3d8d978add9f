"""Runs the dashboard on a fake façade, headless, with the guard thread and with toasts and tooltips on."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from sqs_tui.dashboard import DashboardApp
from sqs_tui.departure import Departure
from sqs_tui.leaving import ended_by_leaving
from sqs_tui.options import DashboardOptions
from tui_canned import NOW
from tui_fakes import FakeFacade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from textual.pilot import Pilot

    from sqs_core.model import Snapshot
    from sqs_tui.commands import Pane
    from sqs_tui.screens.main import MainScreen

# A frame is drawn when a test asks for one, not by the timer.
NEVER_FPS = 0.001


@dataclass
class Dashboard:
    """A running dashboard and what a test does to it."""

    app: DashboardApp
    pilot: Pilot[int]
    facade: FakeFacade
    given_up: list[int] = field(default_factory=list)

    @property
    def main(self) -> MainScreen:
        """The dashboard's own screen, whatever is open over it."""
        return self.app._main

    async def press(self, *keys: str) -> None:
        """Press keys and let everything settle."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def frame(self) -> None:
        """Draw a frame and let it settle."""
        self.app.refresh_frame()
        await self.pilot.pause()

    def text(self) -> str:
        """All that is on the screen, as text."""
        screen = self.app.screen
        lines = screen._compositor.render_strips(screen.size)
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines)

    def ids(self, pane: Pane) -> list[str | None]:
        """The message ids a pane shows."""
        return [row.message_id for row in self.main.table(pane).rows]


@asynccontextmanager
async def dashboard(
    facade: FakeFacade | None = None, *, size: tuple[int, int] = (120, 40), theme: str | None = "textual-dark", **options: Any
) -> AsyncIterator[Dashboard]:
    """A dashboard that has drawn its first frames."""
    facade = facade or FakeFacade()
    given_up: list[int] = []
    chosen = DashboardOptions(**{"fps": NEVER_FPS, "theme": theme, "clock": lambda: NOW, **options})
    departure = Departure(ended_by_leaving(facade, chosen), given_up.append)
    departure._had_terminal = False
    app = DashboardApp(facade, chosen, departure)
    departure.start()
    try:
        async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
            await pilot.pause()
            running = Dashboard(app, pilot, facade, given_up)
            await running.frame()
            yield running
    finally:
        departure.close()


async def screens_of(snapshots: Sequence[Snapshot]) -> list[str]:
    """For each snapshot what somebody reads who looks at the dashboard and at the identity, without the line breaks."""
    texts = []
    async with dashboard(size=(220, 60)) as running:
        for each in snapshots:
            running.facade.now = each
            await running.frame()
            text = running.text()
            await running.press("I")
            text += running.text()
            await running.press("escape")
            texts.append(" ".join(text.split()))
    return texts


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would change a picture: imported by each test module that runs the dashboard."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
