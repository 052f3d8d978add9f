"""The settings file: what it may say, and that nothing in it is fatal."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sqs_tui.all_commands import ALL_COMMANDS
from sqs_tui.flags import dashboard_options
from sqs_tui.key_choice import key_name, rekeyed
from sqs_tui.user_settings import load_user_settings, read_settings, settings_path
from terminals import Terminal
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

NO_FLAGS = {"fps": None, "theme": None, "color": None, "watch_terminal": None, "terminal_limits": None}


def written(text: str | bytes) -> Path:
    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def keys(command_id: str, wanted: dict[str, str]) -> tuple[str, ...]:
    return next(command.keys for command in rekeyed(ALL_COMMANDS, wanted).commands if command.id == command_id)


def test_without_a_file_nothing_is_said() -> None:
    assert load_user_settings().warnings == ()


def test_what_is_set_is_used_and_flags_go_before_it() -> None:
    written("theme = 'light'\nfps = 2\n")
    options = dashboard_options(NO_FLAGS)
    assert (options.theme, options.fps, options.warnings) == ("light", 2, ())
    options = dashboard_options({**NO_FLAGS, "theme": "ansi", "fps": 9})
    assert (options.theme, options.fps) == ("ansi", 9)


@pytest.mark.parametrize(
    "content",
    [b"theme = ", b"\xff\xfe", b"x" * 70_000, b"[keys]\npause = 'a'\npause = 'b'\n", b"theme = 'a'\x00"],
    ids=["cut", "not UTF-8", "too large", "twice", "NUL"],
)
def test_a_file_that_cannot_be_read_is_one_warning(content: bytes) -> None:
    written(content)
    settings = load_user_settings()
    assert len(settings.warnings) == 1
    assert "ignored" in settings.warnings[0]
    assert (settings.theme, settings.fps, settings.keys) == (None, None, {})


def test_a_folder_in_its_place_and_a_home_that_is_none_are_warnings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings_path().mkdir(parents=True)
    assert "ignored" in load_user_settings().warnings[0]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert load_user_settings().warnings == ()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tehme": "dark"}, "unknown setting 'tehme': theme was meant?"),
        ({"colour": 1}, "unknown setting 'colour': there are theme, fps, keys"),
        ({"theme": 7}, "theme = 7 is no name of a theme"),
        ({"fps": 0}, "fps = 0 is not a whole number from 1 to 10"),
        ({"fps": True}, "fps = True is not"),
        ({"fps": "4"}, "fps = '4' is not"),
        ({"keys": "p"}, "keys = 'p' is no table"),
        ({"keys": {"pause": 1}}, "keys.pause = 1 is no text"),
    ],
)
def test_each_bad_value_is_named_and_the_rest_is_used(values: dict[str, Any], said: str) -> None:
    settings = read_settings({"theme": "light", "fps": 3, "keys": {"help": "h"}, **values}, "settings.toml")
    assert len(settings.warnings) == 1
    assert said in settings.warnings[0]
    kept = {"theme": settings.theme == "light", "fps": settings.fps == 3, "keys": dict(settings.keys) == {"help": "h"}}
    assert all(kept[name] for name in kept if name not in values)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"puase": "P"}, "keys.puase: no such command"),
        ({"purge": "P"}, "keys.purge: this command's key cannot be changed"),
        ({"queue": "P"}, "keys.queue: this command's key cannot be changed"),
        ({"pause": "ctrl+c"}, "ctrl+c is taken"),
        ({"pause": "hyper+p"}, "'hyper+p' is no key"),
        ({"pause": "ü"}, "'ü' is no key"),
        ({"pause": "w"}, "keys.pause: w is the key of workers too; p stays"),
        ({"pause": "q"}, "keys.pause: q is the key of quit too; p stays"),
        ({"bench_move": "G"}, "keys.bench_move: G is the key of bottom too; M stays"),
    ],
)
def test_a_key_that_cannot_be_is_told_of_and_the_old_one_stays(wanted: dict[str, str], said: str) -> None:
    result = rekeyed(ALL_COMMANDS, wanted)
    assert len(result.warnings) == 1
    assert said in result.warnings[0]
    assert result.commands == ALL_COMMANDS


def test_keys_are_given_exchanged_and_shared_by_screens_that_never_meet() -> None:
    assert keys("pause", {"pause": "T"}) == ("T",)
    assert (keys("pause", {"pause": "w", "workers": "p"}), keys("workers", {"pause": "w", "workers": "p"})) == (("w",), ("p",))
    assert keys("fleet_drain", {"fleet_drain": "x"}) == ("x",)
    assert keys("quit", {"quit": "Z"}) == ("Z", "ctrl+c", "ctrl+q")
    shown = {command.id: command.key for command in rekeyed(ALL_COMMANDS, {"quit": "Z"}).commands}
    assert shown["fleet_quit"] == "Z"


def test_keys_have_textuals_names() -> None:
    from textual.keys import _character_to_key

    for code in range(33, 127):
        assert key_name(chr(code)) == _character_to_key(chr(code))


async def test_warnings_are_toasts_and_no_markup() -> None:
    async with dashboard(warnings=("keys.[/x]: no such command",)) as running:
        assert [(note.message, note.severity) for note in running.app._notifications] == [
            ("keys.[/x]: no such command", "warning")
        ]


def test_the_file_is_used_by_the_command_and_warned_of_on_the_screen_and_in_the_log(tmp_path: Path) -> None:
    written("them = 'dark'\n[keys]\nhelp = 'h'\nbrowse = 'Z'\nquit = 'h'\n")
    log = tmp_path / "log"
    where = {"XDG_CONFIG_HOME": os.environ["XDG_CONFIG_HOME"]}
    with Terminal(["inspect", "--endpoint-url", "http://127.0.0.1:9", "--log-file", str(log)], 120, 40, **where) as terminal:
        terminal.until(b"unknown setting")
        terminal.press(b"h")
        terminal.until(b"esc closes")
        terminal.press(b"\x1b")
        terminal.press(b"\x03")
        assert terminal.ended(8.0) == 0
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [each["text"] for each in told if each["code"] == "settings.ignored"] == [
        f"{settings_path()}: unknown setting 'them': theme was meant?",
        "keys.quit: h is the key of help too; q stays",
    ]


def test_the_document_names_every_command_whose_key_can_be_changed() -> None:
    text = (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")
    free = [command for command in ALL_COMMANDS if not rekeyed(ALL_COMMANDS, {command.id: "f12"}).warnings]
    assert [command.id for command in free if f"`{command.id}` {command.key}" not in text] == []


def test_the_example_of_the_document_is_good() -> None:
    text = (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")
    settings = read_settings(tomllib.loads(text.partition("```toml\n")[2].partition("```")[0]), "example")
    assert (settings.warnings, rekeyed(ALL_COMMANDS, settings.keys).warnings) == ((), ())
    assert len(settings.keys) == 3
