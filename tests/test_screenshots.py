"""The pictures of README and docs are what the code draws from the recordings that are kept."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sqs_core.demo.scenes import SCENES
from tui_harness import plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(__file__).resolve().parents[1] / "screenshots"
RECORDINGS = sorted((FOLDER / "recordings").iterdir())
ELSEWHERE = {
    "TERM": "dumb", "COLORTERM": "", "TEXTUAL_COLOR_SYSTEM": "standard", "TEXTUAL_THEME": "dracula", "NO_COLOR": "1",
    "COLUMNS": "40", "LINES": "10", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7", "PYTHONPATH": str(FOLDER),
}  # fmt: skip
DRAWN_ELSEWHERE = "scenes/throttled"
DRAW = """
import asyncio, sys
import make
sys.stdout.buffer.write(asyncio.run(make.draw(sys.argv[1]))[f"{sys.argv[1]}-80x24"].encode())
"""


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshot_maker", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    environment, path = dict(os.environ), list(sys.path)
    try:
        spec.loader.exec_module(module)
    finally:  # what it sets for itself is not for the commands that other tests run
        os.environ.clear()
        os.environ.update(environment)
        sys.path[:] = path
    return module


maker = _maker()


@pytest.mark.parametrize("name", maker.NAMES)
async def test_pictures_are_what_the_code_draws(name: str) -> None:
    for stem, drawn in (await maker.draw(name)).items():
        kept = (FOLDER / f"{stem}.svg").read_text(encoding="utf-8")
        assert drawn == kept, f"{stem} is drawn differently: look at it after `make screenshots`, and keep it"


def test_a_picture_is_the_same_whatever_the_terminal_says_of_itself() -> None:
    drawn = subprocess.run(
        [sys.executable, "-c", DRAW, DRAWN_ELSEWHERE],
        env={**os.environ, **ELSEWHERE},
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout.decode()
    assert drawn == (FOLDER / f"{DRAWN_ELSEWHERE}-80x24.svg").read_text(encoding="utf-8")


def test_no_picture_is_left_over() -> None:
    wanted = {f"{name}-{width}x{height}" for name in maker.NAMES for width, height in maker.SIZES}
    assert {str(svg.relative_to(FOLDER).with_suffix("")) for svg in FOLDER.rglob("*.svg")} == wanted
    assert wanted <= {str(png.relative_to(FOLDER).with_suffix("")) for png in FOLDER.rglob("*.png")}


def test_every_scene_is_recorded_and_drawn() -> None:
    assert {path.stem for path in RECORDINGS} == set(SCENES)
    assert {name.removeprefix("scenes/") for name in maker.NAMES if name.startswith("scenes/")} == set(SCENES)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_is_small_and_names_no_machine(path: Path) -> None:
    content = path.read_text(encoding="utf-8")
    assert len(content) <= 150_000
    engines = [line["frame"]["engine"] for line in map(json.loads, content.splitlines()) if "engine" in line.get("frame", {})]
    assert {(engine["host"], engine["pid"]) for engine in engines} == {("demo", 4242)}
    assert "***" not in "".join(line["note"] for line in map(json.loads, content.splitlines()) if "note" in line)
