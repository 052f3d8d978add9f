"""A screen that has been left is gone: what it drew is not kept, and does not hold up the next one."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from textual._styles_cache import StylesCache

from tui_canned import snapshot
from tui_fakes import FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from tui_harness import Dashboard

KEYS = ("question_mark", "at", "L", "ctrl+p")
OPEN = 1
"""The dashboard itself."""


def kept() -> int:
    """How many widgets' drawn lines are remembered."""
    gc.collect()
    return sum(isinstance(each, StylesCache) for each in gc.get_objects())


async def visit(dashboard: Dashboard) -> None:
    """Open each of these screens, and leave it."""
    for key in KEYS:
        await dashboard.press(key)
        assert len(dashboard.app.screen_stack) > OPEN
        await dashboard.press("escape")
    assert len(dashboard.app.screen_stack) == OPEN


async def test_nothing_is_kept_of_screens_that_have_been_left() -> None:
    async with dashboard(FakeFacade(snapshot())) as shown:
        await visit(shown)
        before = kept()
        for _ in range(3):
            await visit(shown)
        assert kept() <= before
