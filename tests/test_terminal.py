"""The command in a terminal of its own: what it draws, how it leaves, and that it leaves nothing behind."""

from __future__ import annotations

import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from terminals import COMMAND, LEAVE_ALT_SCREEN, Shell, Terminal, emulator_of, processes
from waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from servers import QueueFactory


def started_demo(terminal: Terminal) -> set[str]:
    """Wait until a demo consumes; its emulator's pids."""
    terminal.until(b"running")
    started = emulator_of(terminal)
    assert len(started) >= 2, "the control: a guard and an emulator run meanwhile"
    return started


def test_demo_leaves_within_five_seconds_and_nothing_behind_but_a_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Terminal(["demo", "--log-file", str(log)], 120, 40) as terminal:
        terminal.until(b"steady")
        started = started_demo(terminal)
        terminal.press(b"q")
        assert terminal.ended(5.0) == 0
        said = terminal.seen.partition(LEAVE_ALT_SCREEN)[2].decode()
    assert "cut short" not in said
    figures = r"sqs-tui, scene steady: handled \d+, failed \d+, given back \d+, in flight at exit 0.*; log: "
    assert re.search(f"{figures}{re.escape(str(log))}\r\n", said)
    assert not started & set(processes())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_drain_and_restore_the_screen(number: signal.Signals) -> None:
    with Terminal(["demo"]) as terminal:
        started = started_demo(terminal)
        terminal.process.send_signal(number)
        assert terminal.ended(8.0) == 0
        assert LEAVE_ALT_SCREEN in terminal.seen
    assert not started & set(processes())


def test_a_lost_terminal_ends_the_process() -> None:
    with Terminal(["demo"]) as terminal:
        started = started_demo(terminal)
        terminal.hang_up()
        terminal.process.wait(15)
    wait_until(lambda: not started & set(processes()))


def test_a_key_before_the_start_is_through_leaves_cleanly() -> None:
    with Terminal(["demo"]) as terminal:
        terminal.until(b"orders")
        terminal.press(b"q")
        assert terminal.ended(8.0) == 0


@pytest.mark.parametrize(("color", "finer"), [("16", (b"38;5;", b"38;2;")), ("256", (b"38;2;",))])
def test_no_finer_colours_than_asked_for(color: str, finer: tuple[bytes, ...]) -> None:
    command = ["consume", "orders", "--handler", "builtin:noop", "--endpoint-url", "http://127.0.0.1:9", "--color", color]
    with Terminal(command, COLORTERM="truecolor") as terminal:
        terminal.until(b"orders")
        terminal.press(b"q")
        terminal.ended(10.0)
    assert not [each for each in finer if each in terminal.seen]


def test_second_press_leaves_at_once(localstack: str, queue_factory: QueueFactory) -> None:
    queue = queue_factory()
    with Terminal(["consume", queue.name, "--handler", "builtin:noop", "--endpoint-url", localstack]) as terminal:
        terminal.until(b"running")
        terminal.read(1.0)
        terminal.press(b"q")
        terminal.until(b"raining")
        terminal.press(b"q")
        assert terminal.ended(1.5) == 1
        assert b"; the drain was cut short" in terminal.seen


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (200, 50), (20, 5)])
def test_draws_at_any_size_in_16_colours(columns: int, rows: int) -> None:
    with Terminal(["demo"], columns, rows, TERM="xterm", COLORTERM="") as terminal:
        terminal.until(b"running" if columns >= 80 else b"small")
        terminal.resize(100, 30)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.until(b"running")
        assert b"\x1b[38;2;" not in terminal.seen, "a 16-colour terminal got true colours"
        terminal.press(b"q")
        assert terminal.ended(8.0) == 0


@pytest.mark.parametrize("line", ["unset TERM COLORTERM; exec sqs-tui demo", "TERM= COLORTERM= exec sqs-tui demo"])
def test_a_terminal_that_is_not_named_gets_16_colours(line: str) -> None:
    with Shell(line) as terminal:
        terminal.until(b"running")
        assert b"\x1b[38;2;" not in terminal.seen
        terminal.press(b"q")
        assert terminal.ended(8.0) == 0


def test_a_locale_without_utf8_still_gets_borders() -> None:
    with Terminal(["demo"], PYTHONUTF8="0", LC_ALL="C", PYTHONIOENCODING="latin-1") as terminal:
        terminal.until("╭".encode())
        assert b"\\u25" not in terminal.seen
        terminal.press(b"q")
        assert terminal.ended(8.0) == 0


@pytest.mark.parametrize("arguments", [["demo"], ["consume", "orders", "--handler", "builtin:noop"], ["inspect"]])
def test_without_a_terminal_one_line_names_headless(arguments: list[str]) -> None:
    done = subprocess.run(
        [COMMAND, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "--headless" in done.stderr


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("TERM=dumb exec sqs-tui demo", "TERM=dumb cannot draw a dashboard"),
        ("TERM=unknown exec sqs-tui inspect", "TERM=unknown cannot draw a dashboard"),
        ("exec sqs-tui demo <&-", "no terminal on stdin"),
        ("exec sqs-tui inspect </dev/null", "no terminal on stdin"),
        ("true | sqs-tui demo", "no terminal on stdin"),
    ],
)
def test_what_cannot_be_drawn_on_is_refused_in_one_line(line: str, named: str) -> None:
    with Shell(line) as terminal:
        assert terminal.ended(20.0) == 2
        assert terminal.seen.startswith(f"sqs-tui: {named}".encode())
        assert terminal.seen.count(b"\n") == 1
        assert b"\x1b" not in terminal.seen


def test_a_screen_that_would_go_to_a_file_is_refused(tmp_path: Path) -> None:
    with Shell(f"exec sqs-tui demo 2>{tmp_path}/errors") as terminal:
        assert terminal.ended(20.0) == 2
        assert terminal.seen == b""
    assert (tmp_path / "errors").read_text(encoding="utf-8").startswith("sqs-tui: no terminal on stderr")


@pytest.mark.parametrize("line", ["2>&-", "<&- >&- 2>&-"])
def test_without_anywhere_to_say_why_the_code_says_it(line: str) -> None:
    with Shell(f"exec sqs-tui demo {line}") as terminal:
        assert terminal.process.wait(20.0) == 2


@pytest.mark.parametrize("line", [">/dev/null", ">&-"])
def test_stdout_may_be_anything(line: str) -> None:
    with Shell(f"exec sqs-tui demo {line}") as terminal:
        terminal.until(b"running")
        terminal.press(b"q")
        assert terminal.ended(10.0) == 0


@pytest.mark.parametrize(("columns", "rows"), [(0, 0), (1, 1), (20, 5)])
def test_a_size_that_comes_late_is_drawn(columns: int, rows: int) -> None:
    with Terminal(["demo"], columns, rows) as terminal:
        terminal.until(b"\x1b[?1049h")
        terminal.read(0.1)
        terminal.resize(120, 40)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.until(b"running")
        terminal.until(b"\x1b[40;")
        terminal.press(b"q")
        assert terminal.ended(10.0) == 0


def test_a_hangup_that_is_ignored_still_ends_with_the_terminal() -> None:
    with Shell("trap '' HUP; exec sqs-tui demo") as terminal:
        started = started_demo(terminal)
        terminal.hang_up()
        assert terminal.process.wait(20) == 0
    wait_until(lambda: not started & set(processes()))


def test_a_hangup_ends_a_viewer(ministack: str) -> None:
    with Terminal(["inspect", "--endpoint-url", ministack]) as terminal:
        terminal.until(b"running")
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.ended(8.0) == 0
        assert LEAVE_ALT_SCREEN in terminal.seen


def test_unknown_queue_becomes_a_line_in_the_shell(localstack: str) -> None:
    with Terminal(["consume", "no-such-queue", "--handler", "builtin:noop", "--endpoint-url", localstack], 200, 50) as terminal:
        assert terminal.ended(20.0) == 2
        after = terminal.seen.rpartition(LEAVE_ALT_SCREEN)[2]
        assert b"sqs-tui: queue 'no-such-queue' does not exist" in after
