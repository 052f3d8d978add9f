"""A recording on the dashboard: its keys, its line, and that it is nothing but a recording."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from recordings import lines, moments, recording_file
from sqs_core.errors import ConfigurationError
from sqs_core.model import Level, RunState
from sqs_core.playback import Playback
from sqs_core.recording import Recording
from sqs_tui.commands import Group, Situation, help_commands, palette_commands
from sqs_tui.play_command import run_play
from sqs_tui.play_commands import PLAY_COMMANDS
from sqs_tui.trends import SERIES_SECONDS
from terminals import Terminal
from tui_canned import consumer, event, finished
from tui_harness import Dashboard, dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from sqs_core.model import Snapshot
    from tui_fakes import FakeFacade

FLAGS: dict[str, Any] = {
    "at": None, "speed": 1.0, "screenshot": "out.svg", "size": None, "fps": None, "theme": None, "color": None,
    "watch_terminal": None, "terminal_limits": None,
}  # fmt: skip


@asynccontextmanager
async def played(
    path: Path, snapshots: Sequence[Snapshot], size: tuple[int, int] = (120, 40), note: str | None = None, **how: Any
) -> AsyncIterator[Dashboard]:
    """The dashboard over a recording that stands at its beginning unless told otherwise."""
    recording = Recording(recording_file(path, snapshots, note))
    playback = Playback(recording, **{"standing": True, **how})
    shown: dict[str, Any] = {"attached": True, "view_only": True, "playback": playback, "clock": playback.wall}
    shown["past"] = playback.past(SERIES_SECONDS)
    try:
        async with dashboard(cast("FakeFacade", playback), size=size, **shown) as running:
            yield running
    finally:
        recording.close()


def line(running: Dashboard) -> str:
    """The line of the recording, one above the keys."""
    return running.text().splitlines()[-2]


async def test_the_line_says_where_it_is_and_the_keys_move_it(tmp_path: Path) -> None:
    async with played(tmp_path / "talk.jsonl", moments(121), (80, 24), at_seconds=30.0) as running:
        assert "recording talk.jsonl" in running.text().splitlines()[0]
        assert all(word in line(running) for word in ("‖ paused  0:30.0 / 2:00.0  speed 1×", "2026-03-01 10:00:30 UTC"))
        for keys, there in (("]", "0:35.0"), ("[", "0:30.0"), (",", "0:29.0"), (".", "0:30.0"), ("}", "1:30.0"), ("{", "0:30.0")):
            await running.press(keys)
            assert there in line(running), keys
        await running.press(">", ">", "<")
        assert "speed 2×" in line(running)
        await running.press("space")
        assert "▶ playing" in line(running)
        await running.press("}", "}", "}")
        assert "■ ended  2:00.0 / 2:00.0" in line(running)
        await running.press("0")
        assert "0:00." in line(running)


async def test_rates_are_those_of_the_moment_that_is_shown(tmp_path: Path) -> None:
    async with played(tmp_path / "talk.jsonl", moments(121), at_seconds=90.0) as running:
        for key in ("[", "}", "0"):
            assert "in 10/s" in running.text(), "10 a second, all along"
            await running.press(key)
        assert "in 10/s" not in running.text(), "nothing is known before the beginning"


async def test_what_would_change_anything_is_refused_in_words(tmp_path: Path) -> None:
    async with played(tmp_path / "talk.jsonl", moments(3)) as running:
        for key, title in (
            ("p", "Pause or resume"),
            ("+", "Add a thread"),
            ("x", "Dead letters"),
            ("Q", "Queues of the endpoint"),
        ):
            await running.press(key)
            said = [str(toast.message) for toast in running.app._notifications]
            assert any("This is a recording" in text and title in text for text in said), (key, said)
        await running.press("m", "enter")
        assert len(running.app.screen_stack) == 1
        await running.press("q")
        assert running.app.return_value == 0


async def test_a_toast_leaves_the_line_of_the_recording_and_the_keys_to_be_seen(tmp_path: Path) -> None:
    async with played(tmp_path / "talk.jsonl", moments(121), (80, 24), note="all is well") as running:
        before = running.text().splitlines()[-3:]
        await running.press("p")
        await running.pilot.pause()
        assert "This is a recording" in running.text()
        assert running.text().splitlines()[-3:] == before


async def test_a_drain_that_was_recorded_is_none_of_ours(tmp_path: Path) -> None:
    draining = [replace(each, engine=replace(each.engine, state=RunState.DRAINING)) for each in moments(3)]
    async with played(tmp_path / "talk.jsonl", draining) as running:
        assert "Draining" in running.text()
        assert "press q" not in running.text()


async def test_trouble_that_was_recorded_does_not_go_on(tmp_path: Path) -> None:
    refused = event("nothing answers", Level.ERROR)
    first = replace(moments(1)[0], consumers=(consumer(state=RunState.STARTING),), events=(refused,))
    async with played(tmp_path / "talk.jsonl", [first]) as running:
        assert "✗ nothing answers" in running.text()
        assert "It keeps trying" not in running.text()


async def test_a_lens_offers_no_message_of_a_recording(tmp_path: Path) -> None:
    async with played(tmp_path / "talk.jsonl", moments(3)) as running:
        await running.press("e")
        assert "esc closes ─" in running.text()
        await running.press("enter", "escape")
        assert (len(running.app.screen_stack), list(running.app._notifications)) == (1, [])


async def test_hostile_text_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    bad = "[/red]\x1b[31m\x9b[b]no"
    one = consumer(handler=bad, history=(finished(1, preview=bad, error=bad),))
    first = replace(moments(1)[0], consumers=(one,), events=(event(bad),))
    async with played(tmp_path / "[b]x[", [first, replace(first, at=first.at + 1)], note=bad) as running:
        await running.press(".")
        text = running.text()
        assert text.splitlines()[-3].strip() == "[/red]⟨1B⟩[31m⟨9B⟩[b]no", "what was said of the moment"
        assert "recording [b]x[" in text.splitlines()[0]
        assert "⟨1B⟩" in text
        assert "\x1b" not in text


def test_the_keys_are_in_the_help_and_the_palette_of_a_recording_alone() -> None:
    situation = Situation(playing=True, attached=True, view_only=True)
    assert set(PLAY_COMMANDS) <= set(palette_commands(situation))
    assert help_commands(situation)[0] == (Group.RECORDING, list(PLAY_COMMANDS)), "first of all"
    assert not set(PLAY_COMMANDS) & set(palette_commands(Situation()))
    assert Group.RECORDING not in dict(help_commands(Situation()))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"at": 2.5}, r"--at 2.5 is beyond the end of .*: it has 2.0 s"),
        ({"size": "80"}, "--size 80 is not COLUMNSxLINES"),
        ({"size": "9999x24"}, "--size 9999x24 is not"),
        ({"size": "80x24", "screenshot": None}, "--size 80x24 goes with --screenshot"),
    ],
)
def test_flags_that_do_not_fit_are_refused(flags: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = recording_file(tmp_path / "talk.jsonl", moments(3))
    with pytest.raises(ConfigurationError, match=said):
        run_play(str(path), {**FLAGS, **flags})


def test_a_picture_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    path = recording_file(tmp_path / "talk.jsonl", moments(3))
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="exists: choose another name"):
        run_play(str(path), {**FLAGS, "screenshot": str(path)})
    assert path.read_bytes() == before


def test_it_plays_on_a_terminal_to_its_end_and_a_cut_off_line_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_bytes(b"".join(lines(moments(4)))[:-9])
    with Terminal(["play", str(path), "--speed", "50", "--fps", "10"]) as terminal:
        terminal.until(b"was cut off and is left out")
        terminal.until(b"ended")
        terminal.press(b"q")
        assert terminal.ended(20) == 0
