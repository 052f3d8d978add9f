"""A scene played to its end with nobody at the keys, and what was observed."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.demo.engine import DemoEngine
from sqs_core.report import make_report

if TYPE_CHECKING:
    from sqs_core.demo.emulator import Emulator
    from sqs_core.demo.scene import Finding, Scene

_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Performance:
    """`told` says that the story came to its end in time; `lines` are what was said, `story` what of it the scene said."""

    told: bool
    findings: tuple[Finding, ...]
    lines: tuple[str, ...]
    story: tuple[str, ...]
    report: dict[str, Any]


def perform(
    scene: type[Scene],
    *,
    speed: float = 1.0,
    seed: int = 1,
    emulator: Emulator | None = None,
    region: str | None = None,
    limit_seconds: float = 60.0,
) -> Performance:
    """Play a scene until its story is over or `limit_seconds` have passed, and judge it. Everything has ended when it returns."""
    engine = DemoEngine(scene, speed, seed, unattended=True, emulator=emulator, region=region)
    started, pause = time.monotonic(), threading.Event()
    try:
        engine.start()
        while not engine.told.wait(_LOOK_SECONDS) and time.monotonic() - started < limit_seconds and not engine.ended():
            pass
        told = engine.told.is_set()
        engine.drain()
        while not engine.ended():
            pause.wait(_LOOK_SECONDS)
        report = make_report(engine.snapshot(), time.monotonic() - started)
    finally:
        engine.close()
    lines = engine.stage.teller.lines
    said, story = tuple(line.text for line in lines), tuple(line.text for line in lines if line.told)
    return Performance(told, tuple(engine.findings), said, story, report | {"observed": engine.observations})
