"""How the browser of queues is drawn: columns by width, nothing more than what is in sight and new, any size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from queue_canned import listing, queue
from test_tui_dashboard import displays
from test_tui_pictures import compare
from tui_browsing import looking, table
from tui_canned import NOW, empty_snapshot
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from textual.strip import Strip


async def test_nothing_is_displayed_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    displayed = displays(monkeypatch)
    async with dashboard(looking()) as running:
        for _ in range(4):
            await running.frame()
        settled = len(displayed)
        for tick in range(20):
            running.facade.now = replace(empty_snapshot(), at=NOW + tick * 0.25)
            await running.frame()
        assert len(displayed) == settled
        running.facade.listing = listing([queue("orders", 7)])
        await running.frame()
        assert len(displayed) > settled


async def test_of_ten_thousand_queues_only_those_in_sight_are_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = listing([queue(f"queue-{n:05}", n % 7) for n in range(10_000)])
    async with dashboard(looking(whole), size=(80, 24)) as running:
        painted: list[int] = []
        original = table(running).render_line

        def render_line(y: int) -> Strip:
            painted.append(y)
            return original(y)

        monkeypatch.setattr(table(running), "render_line", render_line)
        changed = (*whole.queues[:3], queue("queue-00003", 99), *whole.queues[4:-1], queue("queue-09999", 5))
        running.facade.listing = replace(whole, queues=changed)
        await running.frame()
        assert set(painted) == {4}
        await running.press("G")
        assert "queue-09999" in running.text()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_columns_by_width(size: tuple[int, int]) -> None:
    async with dashboard(looking(), size=size) as running:
        text = running.text()
        assert all(title in text for title in ("name", "visible", "in flight", "delayed", "type", "read"))
        assert ("after 5 → orders-dlq" in text) is (size[0] >= 120)
        assert all(
            (title in text) is (size[0] == 200) for title in ("dead letters of", "≥2 queues", "retention", "KMS alias/bill")
        )


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_pictures(size: tuple[int, int]) -> None:
    async with dashboard(looking(), size=size) as running:
        await running.press("down")
        compare(f"queues-{size[0]}", running)
        if size[0] == 80:
            await running.press("enter")
            compare("queue", running)


async def test_any_size_is_drawn() -> None:
    async with dashboard(looking()) as running:
        for width, height in ((59, 14), (20, 5), (60, 15), (120, 40)):
            await running.pilot.resize_terminal(width, height)
            await running.pilot.pause()
            assert ("too small" in running.text()) is (width < 60)
            assert all(len(line) <= width for line in running.text().splitlines())
