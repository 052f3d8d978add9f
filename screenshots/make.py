"""Draws the pictures of README and docs: `python screenshots/make.py [FOLDER]`.

The dashboard is drawn from recordings of the demo's scenes, which `record.py` makes, and other screens from canned snapshots. The
SVGs are the same bytes every time. A PNG of each is made as well where Chromium or resvg-py is found.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / each) for each in ("core", "tui", "tests", "screenshots")]
os.environ.update(TEXTUAL_ANIMATIONS="none", TEXTUAL_COLOR_SYSTEM="truecolor")
os.environ.pop("NO_COLOR", None)

from fleet_canned import FakeFleet, member  # noqa: E402 - the paths come first
from fleet_screen import fleet_screen  # noqa: E402
from scene_pictures import NEVER_FPS, draw_scene, settle  # noqa: E402
from shots import SHOTS  # noqa: E402
from sqs_core.bench import BenchView, JobState, JobView, LookState  # noqa: E402 - the paths come first
from sqs_core.message import Message  # noqa: E402
from sqs_core.model import RunState, Snapshot, ThreadState  # noqa: E402
from sqs_core.move_plan import Plan  # noqa: E402
from sqs_core.peek import Peeked, Rung  # noqa: E402
from sqs_core.plan_text import plan_lines  # noqa: E402
from sqs_core.words import LinkPhase  # noqa: E402
from sqs_tui.dashboard import DashboardApp  # noqa: E402
from sqs_tui.departure import Departure  # noqa: E402
from sqs_tui.options import DashboardOptions  # noqa: E402
from sqs_tui.picture import steady_svg  # noqa: E402
from tui_canned import NOW, consumer, detail, held, message_id, poller, snapshot, worker  # noqa: E402
from tui_fakes import FakeFacade  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scene_pictures import Size
    from sqs_core.remote.fleet import Fleet

SECONDS_BEFORE = 90
PER_SECOND = 41
SIZES = ((80, 24), (120, 40))
SCREENS: dict[str, tuple[str, ...]] = {
    "message": ("i", "enter"),
    "drain": ("q",),
    "bench": ("x", "space", "space", "R"),
    "fleet": ("down", "down"),
}
"""Screens that no recording can show, since nothing runs behind one, with the keys that lead to them."""
RECORDED = {
    "dashboard": ("steady", ()),
    "identity": ("token-rotation", ("I",)),
    "groups": ("fifo-blocked", ("L",)),
    "failures": ("poison", ("e",)),
}
"""The dashboard as it is without the demo's caption: the scene whose recording it is drawn from, and keys."""
NAMES = (*SCREENS, *RECORDED, *(f"scenes/{scene}" for scene in SHOTS))
"""Of each there is a picture in each size: `NAME-80x24` and `NAME-120x40`."""
PODS = ("4kx2l", "8fw5d", "b7m9s", "gq2vt", "h5n8c", "jz6rp", "ksd4w")


def past() -> Iterator[Snapshot]:
    """The seconds before the picture, so that rates and curves have something to show."""
    lively = consumer()
    for second in range(-SECONDS_BEFORE, 1):
        wave = 9 + 4 * math.sin(second / 6) + second * 7 % 5
        latency = replace(
            lively.latency_ms,
            poll=replace(lively.latency_ms.poll, p50=wave if second else 12.0, count=10_000 + second),
            queue=replace(lively.latency_ms.queue, p50=420 + 160 * math.sin(second / 11) + second * 31 % 60),
        )
        totals = replace(
            lively.totals,
            received=lively.totals.received + second * PER_SECOND,
            deleted=lively.totals.deleted + second * (PER_SECOND - 2),
        )
        # Their leases are as long in the past as now: what a full lease looks like is learned from them.
        leases = tuple(replace(each, lease_expires_at=each.lease_expires_at + second) for each in lively.in_flight)
        one = replace(lively, latency_ms=latency, totals=totals, in_flight=leases)
        yield snapshot(one, *snapshot().consumers[1:], at=NOW + second)


def draining() -> Snapshot:
    """What a drain looks like half way."""
    busy = tuple(worker(n, ThreadState.HANDLING, NOW - 4 + n, message_id=message_id(n), handled=130) for n in (1, 2, 3))
    idle = tuple(worker(n, ThreadState.STOPPING, NOW - 2, handled=120 + n) for n in range(4, 9))
    one = consumer(
        state=RunState.DRAINING,
        threads=(poller(1, since=NOW - 8), poller(2, ThreadState.STOPPING, NOW - 2), *busy, *idle),
        in_flight=tuple(held(n) for n in (1, 2, 3)),
        workers=replace(consumer().workers, busy=3),
        buffer=replace(consumer().buffer, size=0),
    )
    return snapshot(one, state=RunState.DRAINING)


def dead_letters() -> BenchView:
    """A bench with a plan that asks."""
    kinds = ("payment", "refund", "payment", "shipment")
    rows = tuple(
        Peeked(
            Message(
                message_id(number),
                json.dumps({"type": kinds[number % 4], "order": f"A-{1040 + number}", "total": 12.5 + number}),
                "",
                "orders-dead",
                {},
                {"ApproximateReceiveCount": str(3 + number % 2), "SentTimestamp": str(int((NOW - 4000 + 61 * number) * 1000))},
            ),
            Rung.BACK_DOOR,
            visible=True,
            receives_left=None,
        )
        for number in range(1, 25)
    )
    plan = Plan("orders-dead", 24, "each message seen is received once more, and hidden from others meanwhile", whole=True)
    plan.seen, plan.moves, plan.left_alone = 24, {"orders": 2}, 22
    job = JobView("Put back 2 of orders-dead", JobState.ASKING, tuple(plan_lines(plan)), total=2)
    return BenchView("orders-dead", LookState.SHOWN, "", rows, Rung.BACK_DOOR, 24, NOW, job)


def pods() -> FakeFleet:
    """A deployment of ten in which not all is well."""
    lively = [member(f"orders-7d4f9c-{name}", handled=9_100 + 37 * at, rate=20.0 + at % 3) for at, name in enumerate(PODS)]
    lacking = "sqs-tui is not in the container app: bring in the single file, and name it with --remote-command"
    crashing = "CrashLoopBackOff: back-off 40s restarting failed container"
    return FakeFleet(
        *lively,
        member("orders-7d4f9c-q9z4x", handled=1_204, rate=2.0),
        replace(
            member("orders-6b8d57-m2c7p", LinkPhase.LOST, word="no sqs-tui", problem=lacking, age_seconds=None), figures=None
        ),
        member("orders-7d4f9c-w6t8n", LinkPhase.LOST, word="CrashLoopBackOff", problem=crashing, age_seconds=41.0),
    )


async def draw(name: str, sizes: Sequence[Size] = SIZES) -> dict[str, str]:
    """The pictures of one of `NAMES` as SVGs by the names of their files, without the suffix."""
    folder, _, scene = name.rpartition("/")
    if folder:
        drawn = await draw_scene(scene, sizes)
    elif name in RECORDED:
        scene, keys = RECORDED[name]
        drawn = await draw_scene(scene, sizes, keys, captioned=False)
    else:
        drawn = await (draw_fleet(sizes) if name == "fleet" else draw_dashboard(name, sizes))
    return {f"{name}-{width}x{height}": svg for (width, height), svg in drawn.items()}


async def draw_fleet(sizes: Sequence[Size]) -> dict[Size, str]:
    """The fleet's pictures."""
    async with fleet_screen(cast("Fleet", pods()), size=sizes[0]) as screen:
        await screen.press(*SCREENS["fleet"])
        drawn = {}
        for size in sizes:
            if screen.app.size != size:
                await screen.pilot.resize_terminal(*size)
            await screen.pilot.pause()
            await screen.draw()
            drawn[size] = steady_svg(screen.app.export_screenshot(title="sqs-tui"))
        return drawn


async def draw_dashboard(name: str, sizes: Sequence[Size]) -> dict[Size, str]:
    """The pictures of the dashboard over canned snapshots."""
    facade = FakeFacade(snapshot(), details={message_id(1): detail(1)})
    facade.bench.now = dead_letters()
    app = DashboardApp(
        facade,
        DashboardOptions(fps=NEVER_FPS, theme="textual-dark", scene="lively", clock=lambda: NOW),
        Departure(facade, lambda _: None),
    )
    async with app.run_test(size=sizes[0]) as pilot:
        if name != "bench":  # which covers what the past would be seen in
            for facade.now in past():
                app.refresh_frame()
        await pilot.press(*SCREENS[name])
        if name == "drain":
            app.refresh_frame()
            facade.now, facade.deadline_seconds = draining(), 21.0
            app.refresh_frame()
        return await settle(app, pilot, sizes)


def rasterise(svg: Path) -> bool:
    """Make a PNG beside the SVG; False where nothing on this machine can."""
    png = svg.with_suffix(".png")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium:
        width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text(encoding="utf-8"))[0]
        size = f"--window-size={math.ceil(float(width))},{math.ceil(float(height))}"
        quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        with tempfile.TemporaryDirectory() as profile:
            flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *quiet, f"--user-data-dir={profile}"]
            command = [chromium, *flags, size, f"--screenshot={png}", svg.as_uri()]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        return True
    try:
        import resvg_py  # type: ignore[import-not-found]
    except ImportError:
        return False
    # It draws no text at all where the family of the picture is not there.
    png.write_bytes(bytes(resvg_py.svg_to_bytes(svg_path=str(svg), monospace_family="DejaVu Sans Mono")))
    return True


def main() -> None:
    """Draw all pictures that have changed into a folder, this one unless another is named."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        for stem, picture in asyncio.run(draw(name)).items():
            svg = (folder / f"{stem}.svg").resolve()
            if svg.with_suffix(".png").exists() and svg.exists() and svg.read_text(encoding="utf-8") == picture:
                continue
            svg.parent.mkdir(parents=True, exist_ok=True)
            svg.write_text(picture, encoding="utf-8")
            print(f"{svg}{'' if rasterise(svg) else '  (no PNG: install chromium or resvg-py)'}")


if __name__ == "__main__":
    main()
