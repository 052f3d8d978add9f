"""The pictures of the README are what the code draws."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tui_harness import plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(__file__).resolve().parents[1] / "screenshots"


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshot_maker", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = dict(os.environ)
    try:
        spec.loader.exec_module(module)
    finally:  # what it sets for itself is not for the commands that other tests run
        os.environ.clear()
        os.environ.update(before)
    return module


maker = _maker()


@pytest.mark.parametrize("name", maker.PICTURES)
async def test_a_picture_is_what_the_code_draws(name: str) -> None:
    kept = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert await maker.draw(name) == kept, f"{name} is drawn differently: look at it after `make screenshots`, and keep it"


def test_no_picture_is_left_over() -> None:
    assert {svg.stem for svg in FOLDER.glob("*.svg")} == set(maker.PICTURES)
