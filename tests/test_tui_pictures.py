"""A few pictures of the layout; UPDATE_SNAPSHOTS=1 accepts what is drawn now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sqs_core.model import RunState, ThreadState
from sqs_tui.picture import steady_svg
from tui_canned import NOW, consumer, detail, held, message_id, pod_snapshot, poller, snapshot, worker
from tui_fakes import FakeFacade
from tui_harness import Dashboard, dashboard, plain_environment  # noqa: F401 - a fixture

PICTURES = Path(__file__).parent / "pictures"


def compare(name: str, running: Dashboard) -> None:
    """Compare with the accepted picture; on a difference the new one is left beside it."""
    svg = steady_svg(running.app.export_screenshot(title="sqs-tui"))
    accepted, actual = PICTURES / f"{name}.svg", PICTURES / f"{name}.actual.svg"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        PICTURES.mkdir(exist_ok=True)
        accepted.write_text(svg, encoding="utf-8")
    if not accepted.exists() or accepted.read_text(encoding="utf-8") != svg:
        actual.write_text(svg, encoding="utf-8")
        pytest.fail(f"{name} is drawn differently; look at {actual}, then accept it with UPDATE_SNAPSHOTS=1")


@pytest.mark.parametrize(
    ("name", "size", "theme"),
    [
        ("small", (80, 24), "textual-dark"),
        ("medium", (120, 40), "textual-dark"),
        ("large", (200, 50), "textual-dark"),
        ("plain", (80, 24), "ansi-dark"),
    ],
)
async def test_the_dashboard(name: str, size: tuple[int, int], theme: str) -> None:
    async with dashboard(size=size, theme=theme) as running:
        compare(name, running)


async def test_a_message() -> None:
    facade = FakeFacade(details={message_id(1): detail(1)})
    async with dashboard(facade, size=(80, 24)) as running:
        await running.press("i", "enter")
        compare("message", running)


async def test_an_identity() -> None:
    async with dashboard(FakeFacade(pod_snapshot()), size=(120, 40)) as running:
        await running.press("I")
        compare("identity", running)


async def test_a_drain() -> None:
    async with dashboard(FakeFacade(deadline_seconds=25.0), size=(80, 24)) as running:
        await running.press("q")
        busy = worker(1, ThreadState.HANDLING, NOW - 3, message_id=message_id(1))
        one = consumer(state=RunState.DRAINING, threads=(poller(1), busy), in_flight=(held(1),))
        running.facade.now = snapshot(one, state=RunState.DRAINING)
        await running.frame()
        compare("drain", running)
