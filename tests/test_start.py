"""`sqs-tui` alone: what it offers, and that it runs the very command that it names."""

from __future__ import annotations

import os
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sqs_core.remote.protocol import CONTROLS, Hello
from sqs_core.remote.targets import Found
from sqs_tui.departure import Departure
from sqs_tui.leaving import OnlyLeaving
from sqs_tui.options import DashboardOptions
from sqs_tui.start_app import StartApp
from sqs_tui.start_choices import Around, Presence, start_choices
from sqs_tui.start_looking import Looking, answers
from terminals import COMMAND, LEAVE_ALT_SCREEN, Shell, Terminal
from tui_canned import NOW
from tui_harness import NEVER_FPS, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot

ENDPOINT = "http://localhost:4566"


def running(pid: int, *queues: str, control: bool = False) -> Found:
    capabilities = tuple(CONTROLS) if control else ()
    return Found(Path("/run/x.sock"), Hello(1, 1, "0", pid, "here", NOW, "local", queues, capabilities))


class StillLooking(Looking):
    """Finds what a test puts there."""

    def start(self) -> None:
        pass


@asynccontextmanager
async def started(around: Around, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[StartApp, Pilot[int]]]:
    options = DashboardOptions(fps=NEVER_FPS, theme="dark")
    app = StartApp(StillLooking(around), options, Departure(OnlyLeaving(), lambda _: None))
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await pilot.pause()
        yield app, pilot


def text_of(app: StartApp) -> str:
    lines = app.screen._compositor.render_strips(app.screen.size)
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines)


def commands(around: Around) -> dict[str, str]:
    return {choice.key: choice.command for choice in start_choices(around) if choice.possible and choice.key}


def test_each_choice_is_a_command_that_could_have_been_typed() -> None:
    alone = {"d": "sqs-tui demo", "l": f"sqs-tui --endpoint-url {ENDPOINT}", "h": "sqs-tui --help", "q": ""}
    assert commands(Around(ENDPOINT)) == alone
    assert commands(Around(ENDPOINT, consumers=())) == alone
    assert commands(Around(ENDPOINT, consumers=(running(7),)))["a"] == "sqs-tui attach 7"
    assert commands(Around(ENDPOINT, consumers=(running(7), running(8))))["a"] == "sqs-tui attach 7 8"
    assert commands(Around("", "staging"))["l"] == "sqs-tui --env staging"


async def test_what_is_found_is_said_and_the_cursor_stays_on_its_choice() -> None:
    async with started(Around(ENDPOINT)) as (app, pilot):
        text = text_of(app)
        for said in ("LocalStack at http://localhost:4566  … looking", "Attach to a running consumer  … looking", "sqs-tui demo"):
            assert said in text
        await pilot.press("j", "j")
        here = running(4711, "[/orders]\x1b", control=True)
        app._looking.around = Around(ENDPOINT, presence=Presence.MISSING, consumers=(here, running(12, "other")))
        app.refresh_frame()
        await pilot.pause()
        text = text_of(app)
        for said in ("✗ not found: start it", "the 2 consumers that run here", "Attach to [/orders]⟨1B⟩  local, since",
                     "takes commands", "view only", "sqs-tui attach 4711"):  # fmt: skip
            assert said in text
        await pilot.press("enter")
        assert app.chosen == ("--help",)


@pytest.mark.parametrize(
    ("key", "chosen"), [("d", ("demo",)), ("question_mark", ("--help",)), ("q", None), ("a", ("attach", "7"))]
)
async def test_a_key_chooses(key: str, chosen: tuple[str, ...] | None) -> None:
    async with started(Around(ENDPOINT, consumers=(running(7, "orders"),))) as (app, pilot):
        await pilot.press(key)
        app.refresh_frame()
        await pilot.pause()
        assert (app.chosen, app.return_value) == (chosen, 0)


async def test_the_mouse_chooses_and_what_is_not_there_cannot_be_chosen() -> None:
    async with started(Around(ENDPOINT, consumers=())) as (app, pilot):
        await pilot.press("a")
        await pilot.click("#start", offset=(8, 4))
        assert app.chosen is None
        await pilot.click("#start", offset=(8, 0))
        assert app.chosen == ("demo",)


def test_something_that_speaks_http_is_told_from_nothing(ministack: str) -> None:
    assert answers(ministack)
    assert not answers("http://127.0.0.1:9")


def test_the_help_is_run_as_if_it_had_been_typed() -> None:
    with Terminal([], 120, 40, TMPDIR=os.environ["HOME"]) as terminal:  # of root, the consumers of all users are found
        terminal.until(b"none runs on this machine")
        terminal.press(b"h")
        assert terminal.ended(10.0) == 0
        after = terminal.seen.rpartition(LEAVE_ALT_SCREEN)[2].replace(b"\r\n", b"\n")
        typed = subprocess.run(
            [COMMAND, "--help"], capture_output=True, check=True, timeout=30, env={**os.environ, "COLUMNS": "120"}
        )
        said, _, printed = after.partition(b"$ sqs-tui --help\n")
        assert b"Usage:" not in said
        assert printed.strip() == typed.stdout.strip()


def test_colours_that_are_not_wanted_are_not_wanted_afterwards_either() -> None:
    with Shell("exec sqs-tui", NO_COLOR="1") as terminal:
        terminal.until(b"Demo")
        terminal.press(b"l")
        terminal.until(b"nothing answers")
        terminal.press(b"q")
        assert terminal.ended(8.0) == 0
        for colour in terminal.seen.split(b"38;2;")[1:]:
            red, green, blue = colour.split(b"m")[0].split(b";")[:3]
            assert red == green == blue


def test_without_a_terminal_it_is_refused_in_one_line() -> None:
    for more in ([], ["--read-only"]):
        done = subprocess.run([COMMAND, *more], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
        assert "no terminal on stdin" in done.stderr


def test_where_something_answers_its_queues_are_shown(ministack: str) -> None:
    host = ministack.removeprefix("http://")
    with Terminal([], 120, 40, LOCALSTACK_HOST=host, TMPDIR=os.environ["HOME"]) as terminal:
        terminal.until(b"Queues")
        terminal.press(b"q")
        assert terminal.ended(8.0) == 0
    assert b"Attach to a running" not in terminal.seen


def test_in_a_deployed_environment_nothing_local_is_offered() -> None:
    with Terminal([], 120, 40, APP_ENV="staging", AWS_REGION="eu-west-1", TMPDIR=os.environ["HOME"]) as terminal:
        terminal.until(b"STAGING")
        terminal.press(b"q")
        assert terminal.ended(8.0) == 0
    assert b"Demo" not in terminal.seen
