"""The command in a terminal of its own: what it draws, how it leaves, and that it leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from terminals import COMMAND, LEAVE_ALT_SCREEN, Terminal, emulator_of, processes

if TYPE_CHECKING:
    from servers import QueueFactory


def started_demo(terminal: Terminal) -> set[str]:
    """Wait until a demo consumes; its emulator's pids."""
    terminal.until(b"running")
    started = emulator_of(terminal)
    assert len(started) >= 2, "the control: a guard and an emulator run meanwhile"
    return started


def test_demo_leaves_within_five_seconds_and_nothing_behind() -> None:
    with Terminal(["demo"], 120, 40) as terminal:
        terminal.until(b"steady")
        started = started_demo(terminal)
        terminal.press(b"q")
        assert terminal.ended(5.0) == 0
        assert LEAVE_ALT_SCREEN in terminal.seen
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
    assert not started & set(processes())


def test_a_key_before_the_start_is_through_leaves_cleanly() -> None:
    with Terminal(["demo"]) as terminal:
        terminal.until(b"orders")
        terminal.press(b"q")
        assert terminal.ended(8.0) == 0


def test_second_press_leaves_at_once(localstack: str, queue_factory: QueueFactory) -> None:
    queue = queue_factory()
    with Terminal(["consume", queue.name, "--handler", "builtin:noop", "--endpoint-url", localstack]) as terminal:
        terminal.until(b"running")
        terminal.read(1.0)
        terminal.press(b"q")
        terminal.until(b"raining")
        terminal.press(b"q")
        assert terminal.ended(1.5) == 1


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


def test_a_locale_without_utf8_still_gets_borders() -> None:
    with Terminal(["demo"], PYTHONUTF8="0", LC_ALL="C", PYTHONIOENCODING="latin-1") as terminal:
        terminal.until("╭".encode())
        assert b"\\u25" not in terminal.seen
        terminal.press(b"q")
        assert terminal.ended(8.0) == 0


@pytest.mark.parametrize("arguments", [["demo"], ["consume", "orders", "--handler", "builtin:noop"], ["inspect"], []])
def test_without_a_terminal_one_line_names_headless(arguments: list[str]) -> None:
    done = subprocess.run(
        [COMMAND, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "--headless" in done.stderr


def test_a_dumb_terminal_is_refused() -> None:
    with Terminal(["demo"], TERM="dumb") as terminal:
        assert terminal.ended(10.0) == 2
        assert b"TERM=dumb" in terminal.seen


def test_unknown_queue_becomes_a_line_in_the_shell(localstack: str) -> None:
    with Terminal(["consume", "no-such-queue", "--handler", "builtin:noop", "--endpoint-url", localstack], 200, 50) as terminal:
        assert terminal.ended(20.0) == 2
        after = terminal.seen.rpartition(LEAVE_ALT_SCREEN)[2]
        assert b"sqs-tui: queue 'no-such-queue' does not exist" in after
