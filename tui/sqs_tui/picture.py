"""A picture of the dashboard without a terminal: the same moment and size give the same bytes."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_tui.theme_choice import DARK

if TYPE_CHECKING:
    from sqs_core.facade import EngineFacade
    from sqs_tui.options import DashboardOptions

_NEVER_FPS = 0.001
_TERMINAL_ID = re.compile(r"terminal-\d+-")
_STEADY = {"TEXTUAL_COLOR_SYSTEM": "truecolor", "TEXTUAL_ANIMATIONS": "none"}


def steady_svg(svg: str) -> str:
    """A screenshot without its only random part, the id that Rich gives a terminal and that the SVG's names begin with."""
    return _TERMINAL_ID.sub("terminal-", svg)


async def draw_picture(facade: EngineFacade, options: DashboardOptions, size: tuple[int, int]) -> str:
    """The dashboard as SVG, `size` being columns and lines. Must be called before anything has imported Textual."""
    os.environ.update(_STEADY)
    os.environ.pop("NO_COLOR", None)
    from sqs_tui.dashboard import DashboardApp
    from sqs_tui.departure import Departure
    from sqs_tui.leaving import OnlyLeaving

    app = DashboardApp(
        facade, replace(options, fps=_NEVER_FPS, theme=options.theme or DARK), Departure(OnlyLeaving(), lambda _: None)
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.refresh_frame()
        await pilot.pause()
        return steady_svg(app.export_screenshot(title="sqs-tui"))
