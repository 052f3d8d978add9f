"""The dashboard in a process of its own, on a real terminal: signals, silence, colours, crash reports."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator


ROOT = Path(__file__).parents[1]
LONGEST_READ_SECONDS = 5.0


SCRIPT = """
    import sys, time
    sys.path[:0] = ["core", "tui", "tests"]
    from dataclasses import replace
    from sqs_core.model import RunState
    from sqs_tui.app import run_dashboard
    from sqs_tui.options import DashboardOptions
    from tui_canned import *
    from tui_fakes import FakeFacade

    class Engine(FakeFacade):
        def snapshot(self):
            if MODE == "crash" and self.named("start"):
                aws_secret_access_key = "PLANTED" + "SECRET"
                return replace(super().snapshot(), consumers=None)
            return super().snapshot()
        def drain(self):
            super().drain()
            self.set_state(RunState.DRAINING)
            if MODE == "quick":
                self.now = snapshot(quiet_consumer(state=RunState.STOPPED), state=RunState.STOPPED)
        def stop_now(self):
            print("STOPPED", file=open(MARK, "a"))

    if MODE == "crash":
        from sqs_tui.dashboard import DashboardApp
        def broken(app):
            aws_secret_access_key = "PLANTED" + "SECRET"
            raise RuntimeError("broken \\x1b]52;c;x\\x07 on purpose")
        DashboardApp._start = broken
    facade = Engine(snapshot(quiet_consumer(), events=()), deadline_seconds=25.0)
    sys.exit(run_dashboard(facade, DashboardOptions(clock=lambda: NOW)))
"""


class Terminal:
    """The dashboard in a process of its own, on a real pty."""

    def __init__(self, mode: str, mark: Path, **environment: str) -> None:
        self.master, slave = pty.openpty()
        script = f"MODE = {mode!r}\nMARK = {str(mark)!r}\n" + textwrap.dedent(SCRIPT)
        clean = {
            name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLORTERM", "TEXTUAL_COLOR_SYSTEM"}
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=ROOT,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**clean, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        os.close(slave)
        self.output = b""

    def read(self, seconds: float) -> bytes:
        """What comes within so many seconds of silence."""
        got = b""
        until = time.monotonic() + LONGEST_READ_SECONDS
        while time.monotonic() < until and select.select([self.master], [], [], seconds)[0]:
            try:
                got += os.read(self.master, 65536)
            except OSError:
                break
        self.output += got
        return got

    def wait_for(self, text: bytes, seconds: float = 15) -> None:
        """Until the terminal has been sent a text."""
        until = time.monotonic() + seconds
        while text not in self.output:
            assert time.monotonic() < until, self.output[-2000:]
            self.read(0.05)

    def exit_code(self, seconds: float = 10) -> int:
        """The exit code, reading along."""
        until = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < until, "still running"
            self.read(0.05)
        self.read(0.05)
        return self.process.returncode

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self.master)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "mark"


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def test_sigterm_drains_restores_the_terminal_and_ends_with_0(terminals: list[Terminal], mark: Path) -> None:
    terminal = Terminal("quick", mark)
    terminals.append(terminal)
    terminal.wait_for(b"running")
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.exit_code() == 0
    assert b"\x1b[?1049l" in terminal.output
    assert not mark.exists()


def test_a_second_sigint_leaves_within_a_second_with_1(terminals: list[Terminal], mark: Path) -> None:
    terminal = Terminal("slow", mark)
    terminals.append(terminal)
    terminal.wait_for(b"running")
    terminal.process.send_signal(signal.SIGINT)
    terminal.wait_for(b"draining")
    asked = time.monotonic()
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.exit_code() == 1
    assert time.monotonic() - asked < 1.5
    assert mark.read_text(encoding="utf-8") == "STOPPED\n"


def test_a_closed_terminal_drains_and_ends(terminals: list[Terminal], mark: Path) -> None:
    terminal = Terminal("quick", mark)
    terminals.append(terminal)
    terminal.wait_for(b"running")
    os.close(terminal.master)
    terminal.master = os.open(os.devnull, os.O_RDONLY)
    assert terminal.process.wait(10) == 0


def test_an_idle_dashboard_sends_nothing(terminals: list[Terminal], mark: Path) -> None:
    terminal = Terminal("idle", mark)
    terminals.append(terminal)
    terminal.wait_for(b"running")
    terminal.read(0.6)
    assert not select.select([terminal.master], [], [], 1.5)[0]


def test_sixteen_colours_get_the_plain_theme_and_a_foreign_locale_keeps_its_boxes(terminals: list[Terminal], mark: Path) -> None:
    terminal = Terminal("quick", mark, TERM="xterm", PYTHONIOENCODING="latin-1")
    terminals.append(terminal)
    terminal.wait_for(b"running")
    terminal.read(0.3)
    assert "╭".encode() in terminal.output
    assert b"\\u" not in terminal.output
    assert b";5;" not in terminal.output
    assert b"38;2;" not in terminal.output
    # Backgrounds of its own are what makes other themes illegible here.
    assert not re.search(rb"[;\[](40|100)m", terminal.output)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.exit_code() == 0


def test_a_crash_report_holds_no_local_variables(terminals: list[Terminal], mark: Path) -> None:
    terminal = Terminal("crash", mark)
    terminals.append(terminal)
    assert terminal.exit_code(20) == 1
    said = terminal.output.rsplit(b"\x1b[?1049l", 1)[1]
    assert b"RuntimeError: broken" in said
    assert "⟨1B⟩]52".encode() in said
    assert b"PLANTEDSECRET" not in terminal.output
    assert mark.read_text(encoding="utf-8") == "STOPPED\n"


def test_the_module_that_starts_the_dashboard_leaves_the_colour_system_to_be_set() -> None:
    code = (
        "import sys; sys.path[:0]=['core','tui']; import sqs_tui.app; print([m for m in sys.modules if m.startswith('textual')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
