"""The command in a terminal of its own: what it draws, how it leaves, and that it leaves nothing behind."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from servers import QueueFactory

COMMAND = Path(sys.executable).with_name("sqs-tui")
LEAVE_ALT_SCREEN = b"\x1b[?1049l"
SLOWEST_SECONDS = 30.0


class Terminal:
    """A command on a pseudo-terminal. `seen` is all that it wrote."""

    def __init__(
        self,
        arguments: Sequence[str],
        columns: int = 80,
        rows: int = 24,
        *,
        command: str | Path = COMMAND,
        directory: Path | None = None,
        **environment: str,
    ) -> None:
        self.seen = b""
        master, slave = pty.openpty()
        self._master = master
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [command, *arguments], stdin=slave, stdout=slave, stderr=slave, start_new_session=True, cwd=directory,
            env={**os.environ, "TERM": "xterm-256color", **environment},
        )  # fmt: skip
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the terminal's other end, as a lost connection does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def read(self, seconds: float) -> bool:
        """Take in what comes within so long; False when the other side has closed."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if ready:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:
                return False
            self.seen += chunk
            return bool(chunk)
        return True

    def until(self, text: bytes) -> None:
        """Read until a text has been drawn."""
        end = time.monotonic() + SLOWEST_SECONDS
        while text not in self.seen:
            assert time.monotonic() < end, f"{text!r} was not drawn; the end of what was: {self.seen[-2000:]!r}"
            assert self.read(0.1), f"ended before {text!r}: {self.seen[-2000:]!r}"

    def ended(self, within_seconds: float) -> int:
        """The exit code, once it ends; reads on meanwhile, as a terminal does."""
        end = time.monotonic() + within_seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, "still running"
            self.read(0.05)
        while self.read(0.05) and select.select([self._master], [], [], 0)[0]:
            pass
        return self.process.returncode


def processes() -> dict[str, tuple[str, str]]:
    """Live processes: pid → (parent's pid, command line)."""
    listing = subprocess.run(["ps", "-eo", "pid,ppid,stat,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 3) for line in listing.splitlines()[1:]]
    return {row[0]: (row[1], row[3]) for row in rows if not row[2].startswith("Z")}


def emulator_of(terminal: Terminal) -> set[str]:
    """The pids of the guard that a demo started and of the emulator under it."""
    everything = processes()
    guards = {pid for pid, (parent, _) in everything.items() if parent == str(terminal.process.pid)}
    return guards | {pid for pid, (parent, _) in everything.items() if parent in guards}


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
