"""Every scene of the demo, played to its end with nobody at the keys: what it claims must be seen."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from textwrap import wrap
from typing import TYPE_CHECKING

import pytest

from sqs_core.demo.actions import ACTIONS
from sqs_core.demo.emulator import Emulator
from sqs_core.demo.performing import perform
from sqs_core.demo.scenes import SCENES, find_scene
from sqs_core.errors import ConfigurationError
from sqs_core.masking import mask_secrets
from sqs_tui.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from sqs_core.demo.performing import Performance
    from sqs_core.demo.scene import Scene

LIMIT_SECONDS, FIRST_LIMIT_SECONDS = 60.0, 40.0
SPEED, SLOWER, AT_ONCE = 4.0, 1.0, 4
"""They mostly wait. What a busy machine is too late for at the first speed is played again at the second."""
SWITCHING = 2.0, 1
"""Speed and number of scenes that one process still keeps up with."""
LONGEST_WAIT_SECONDS = 110.0
"""For those before it too; a little less than any test may take."""


@pytest.fixture(scope="module")
def performances(
    request: pytest.FixtureRequest, unless_switching: Callable[[tuple[float, int], tuple[float, int]], tuple[float, int]]
) -> Iterator[Mapping[str, Future[Performance]]]:
    """The scenes that were asked for, several at once on one emulator: each has a region, and so queues, of its own."""
    calls = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    wanted = {call.params["scene"] for call in calls if call is not None and "scene" in call.params}
    speed, at_once = unless_switching((SPEED, AT_ONCE), SWITCHING)
    with Emulator() as emulator, ThreadPoolExecutor(at_once) as pool:

        def play(name: str) -> Performance:
            word = "".join(filter(str.isalpha, name))
            limit_seconds = FIRST_LIMIT_SECONDS if speed > SLOWER else LIMIT_SECONDS
            seen = perform(SCENES[name], speed=speed, emulator=emulator, region=f"eu-{word}-1", limit_seconds=limit_seconds)
            if seen.told and all(finding.true for finding in seen.findings):
                return seen
            print(f"{name} at speed {speed:g}: told {seen.told}, {seen.findings}, {seen.lines}", file=sys.__stderr__)
            return perform(SCENES[name], speed=SLOWER, emulator=emulator, region=f"eu-{word}-2", limit_seconds=LIMIT_SECONDS)

        yield {name: pool.submit(play, name) for name in SCENES if name in wanted}


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_shows_what_it_claims(scene: str, performances: Mapping[str, Future[Performance]]) -> None:
    seen = performances[scene].result(LONGEST_WAIT_SECONDS)
    assert seen.told, seen.lines
    assert seen.findings
    assert [finding for finding in seen.findings if not finding.true] == [], seen.lines
    assert [line for line in seen.story if len(line) > 101] == [], "more than a line on 120 columns, behind its time"
    assert [line for line in seen.story if mask_secrets(line) != line] == [], "it reads as a secret"


@pytest.mark.parametrize("kind", SCENES.values())
def test_a_scene_says_what_it_is_about_in_a_few_words(kind: type[Scene]) -> None:
    assert kind.name == kind.name.lower()
    assert all(mask_secrets(text) == text for text in (kind.summary, kind.watch, kind.teaches)), "it reads as a secret"
    assert len(kind.summary) <= 90, "it is the scene's first line, and a line on 120 columns"
    assert len(wrap(kind.watch, 71, break_on_hyphens=False)) <= 2, "more than its place on 80 columns"
    assert len(kind.watch) <= 111, "more than a line on 120 columns"
    assert sum(len(offer.words) + 5 for offer in kind.actions) - 3 <= 73, "more than a line of keys on 80 columns"
    known = {action.id for action in ACTIONS}
    assert {offer.action for offer in kind.actions} <= known
    assert all(callable(getattr(kind, f"do_{offer.action}")) for offer in kind.actions)


def test_the_list_tells_what_each_scene_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--list"], standalone_mode=False) == 0
    text = capsys.readouterr().out
    assert all(f"{scene.name} " in text and scene.summary in text and scene.teaches in text for scene in SCENES.values())
    assert cli.main(["demo", "--list", "--json"], standalone_mode=False) == 0
    assert [scene["name"] for scene in json.loads(capsys.readouterr().out)["scenes"]] == list(SCENES)
    with pytest.raises(ConfigurationError, match="--json goes with --list"):
        cli.main(["demo", "--json"], standalone_mode=False)


def test_a_wrong_name_is_answered_with_near_ones() -> None:
    with pytest.raises(ConfigurationError, match="--scene 'timeout-poll' is no scene: did you mean timeout-vs-long-poll"):
        find_scene("timeout-poll")
    with pytest.raises(ConfigurationError, match="--list names them all"):
        find_scene("xyz")
