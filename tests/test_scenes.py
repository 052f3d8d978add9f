"""Every scene of the demo, played to its end with nobody at the keys: what it claims must be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sqs_core.demo.emulator import Emulator
from sqs_core.demo.performing import perform
from sqs_core.demo.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_SECONDS = 60.0
USUAL_SPEED = 4.0
SPEEDS = {"steady": 6.0}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One for all scenes: each has a region, and so queues, of its own."""
    with Emulator() as running:
        yield running


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_shows_what_it_claims(name: str, emulator: Emulator) -> None:
    region = f"eu-{''.join(filter(str.isalpha, name))}-1"
    seen = perform(
        SCENES[name], speed=SPEEDS.get(name, USUAL_SPEED), emulator=emulator, region=region, limit_seconds=LIMIT_SECONDS
    )
    assert seen.told, seen.lines
    assert seen.findings
    assert [finding for finding in seen.findings if not finding.true] == [], seen.lines
