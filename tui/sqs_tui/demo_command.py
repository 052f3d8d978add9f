"""`sqs-tui demo`: the list of scenes, a scene without a screen, or the dashboard over all of them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError
from sqs_core.state_directory import temporary_state
from sqs_tui.event_writer import EventWriter, log_through
from sqs_tui.flags import dashboard_options
from sqs_tui.recording_flags import recorded
from sqs_tui.run import leave, no_screen, note_warnings, only_headless, open_log, require_terminal, silenced

if TYPE_CHECKING:
    from typing import IO

    from sqs_core.demo.engine import DemoEngine
    from sqs_core.demo.scene import Scene


def run_demo(flags: dict[str, Any]) -> int:
    """Returns the exit code; refusals raise `ConfigurationError`."""
    from sqs_core.demo.scenes import find_scene

    if flags["list_scenes"]:
        _list_scenes(as_json=flags["as_json"])
        return 0
    if flags["as_json"]:
        raise ConfigurationError("--json goes with --list; a scene's report is JSON already, with --headless")
    scene = find_scene(flags["scene"])
    with temporary_state():
        if flags["headless"]:
            no_screen(flags)
            return _rehearse(scene, flags, open_log(flags))
        require_terminal("demo --headless --duration 10 shows it without one")
        only_headless(flags, "duration")
        return _play(scene, flags, open_log(flags))


def _list_scenes(*, as_json: bool) -> None:
    from sqs_core.demo.scenes import SCENES

    rows = [{"name": scene.name, "summary": scene.summary, "teaches": scene.teaches} for scene in SCENES.values()]
    if as_json:
        sys.stdout.write(json.dumps({"schema": 1, "scenes": rows}) + "\n")
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        sys.stdout.write(f"{row['name']:<{width}}  {row['summary']}\n{'':<{width}}  teaches: {row['teaches']}\n")


def _rehearse(scene: type[Scene], flags: dict[str, Any], log: list[IO[str]]) -> int:
    from sqs_core.demo.engine import DemoEngine
    from sqs_tui.headless import run_headless

    writer = EventWriter([sys.stderr, *log])
    engine = DemoEngine(scene, flags["speed"], flags["seed"], writer, unattended=True)
    around = recorded(engine, lambda: engine.events, flags, lambda: _said(engine))
    try:
        return run_headless(engine, writer, None, flags["duration"], lambda: _observed(engine), around)
    finally:
        engine.close()


def _said(engine: DemoEngine) -> str:
    """The scene, and what just happened in it, for a recording; with a colon, `token-rotation` would name a secret."""
    line = engine.stage.teller.current
    return f"{engine.scene.name} · {line.text if line else engine.scene.watch}"


def _observed(engine: DemoEngine) -> dict[str, Any]:
    findings = [{"name": finding.name, "true": finding.true, "figure": finding.figure} for finding in engine.findings]
    return {"scene": engine.scene.name, "observed": engine.observations, "findings": findings}


def _play(scene: type[Scene], flags: dict[str, Any], log: list[IO[str]]) -> int:
    from sqs_core.demo.deck import Deck
    from sqs_core.demo.engine import DemoEngine
    from sqs_tui.app import run_dashboard
    from sqs_tui.silence import PauseWhileSilent

    writer = EventWriter(log)
    with silenced(log):
        log_through(writer)
        deck = Deck(lambda chosen: DemoEngine(chosen, flags["speed"], flags["seed"], writer), scene)
        options = replace(dashboard_options(flags), deck=deck, leave_when_failed=True)
        note_warnings(deck.engine.events, options)
        try:
            with recorded(deck, lambda: deck.engine.events, flags, lambda: _said(deck.engine)):
                code = run_dashboard(deck, options, PauseWhileSilent(deck, lambda: deck.engine.events))
            return leave(deck.engine, code, flags, f"sqs-tui, scene {deck.engine.scene.name}")
        finally:
            deck.close()
