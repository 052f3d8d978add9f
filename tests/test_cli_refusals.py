"""Wrong input on the command line: one line that names what, which value and what to do, and exit code 2."""

from __future__ import annotations

import io
import sys

import pytest

from sqs_tui.cli import main
from sqs_tui.theme_choice import THEME_NAMES

CONSUME = ("consume", "orders", "--headless", "--handler", "builtin:noop")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--theme", "pink", "demo"), ("--theme 'pink' is no theme", *THEME_NAMES, "nord")),
        (("send", "orders", "--body", "x", "--yes", "--theme", "pink"), ("--theme 'pink' is no theme",)),
        (("--theme", "pink"), ("--theme 'pink' is no theme",)),
        (("send", "orders"), ("say what to send: either --body TEXT or --file PATH",)),
        (("send", "orders", "--body", "x", "--attr", "colour"), ("is not NAME=VALUE",)),
        (("send", "orders", "--body", "x"), ("pass --yes",)),
        (("play", "nowhere.jsonl"), ("'nowhere.jsonl'",)),
        (("play", "README.md"), ("'README.md'",)),
        ((*CONSUME, "--processes", "zero"), ("--processes zero is not a whole number from 1 to 64",)),
        ((*CONSUME, "--processes", "65"), ("--processes 65 is not a whole number from 1 to 64",)),
        ((*CONSUME, "--workers", "x"), ("--workers x is not a whole number",)),
        ((*CONSUME, "--duration", "0"), ("--duration 0 is not a number above 0",)),
        ((*CONSUME, "--capture-share", "2"), ("--capture-share 2 is not a number above 0 and up to 1",)),
        ((*CONSUME, "--read-timeout", "nan"), ("--read-timeout nan is not a number",)),
        ((*CONSUME[:-1], "http:/x"), ("handler 'http:/x' is malformed (no host", "http://localhost:8080/orders")),
    ],
)
def test_wrong_input_is_one_line(
    arguments: tuple[str, ...],
    said: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["sqs-tui", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(SystemExit) as ended:
        main()
    out, errors = capsys.readouterr()
    assert (ended.value.code, out, errors.count("\n")) == (2, "", 1), errors
    assert "no terminal" not in errors
    for part in said:
        assert part in errors
