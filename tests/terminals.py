"""The command on a pseudo-terminal of its own, and terminals that answer, are silent, or take nothing any more."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

from waiting import wait_until

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("sqs-tui")
LEAVE_ALT_SCREEN = b"\x1b[?1049l"
SLOWEST_SECONDS = 30.0


class Terminal:
    """A command on a pseudo-terminal. `seen` is all that it wrote.

    A reader that falls behind holds up who writes, so what comes is put together only when somebody looks at it.
    """

    COMMAND = COMMAND

    def __init__(self, arguments: Sequence[str], columns: int = 80, rows: int = 24, **environment: str) -> None:
        self._pieces: list[bytes] = []
        self._lock = threading.Lock()
        master, slave = pty.openpty()
        self._master = master
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [self.COMMAND, *arguments], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
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

    @property
    def seen(self) -> bytes:
        with self._lock:
            if len(self._pieces) != 1:
                self._pieces = [b"".join(self._pieces)]
            return self._pieces[0]

    @seen.setter
    def seen(self, seen: bytes) -> None:
        with self._lock:
            self._pieces = [seen]

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
            with self._lock:
                self._pieces.append(chunk)
            return bool(chunk)
        return True

    def read_for(self, seconds: float) -> None:
        """Take in what comes for so long, as long as the other side lives."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            assert self.read(left), "ended meanwhile"

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
    listing = subprocess.run(["ps", "-eo", "pid,ppid,stat,args"], capture_output=True, text=True, check=True, timeout=30).stdout
    rows = [line.split(None, 3) for line in listing.splitlines()[1:]]
    return {row[0]: (row[1], row[3]) for row in rows if not row[2].startswith("Z")}


def emulator_of(terminal: Terminal) -> set[str]:
    """The pids of the guard that a demo started and of the emulator under it."""
    everything = processes()
    guards = {pid for pid, (parent, _) in everything.items() if parent == str(terminal.process.pid)}
    return guards | {pid for pid, (parent, _) in everything.items() if parent in guards}


class FlowingTerminal(Terminal):
    """The dashboard over a stand-in engine through which so many messages a second seem to go."""

    COMMAND = Path(sys.executable)

    def __init__(self, messages_per_second: int, fps: int, columns: int = 80, rows: int = 24, *pools: int) -> None:
        script = [str(HERE / "flowing.py"), str(messages_per_second), str(fps), *map(str, pools)]
        super().__init__(script, columns, rows, COLORTERM="")


class Shell(Terminal):
    """A line of shell on a terminal, where `sqs-tui` is the command."""

    COMMAND = Path("/bin/sh")

    def __init__(self, line: str, columns: int = 80, rows: int = 24, **environment: str) -> None:
        path = os.pathsep.join([str(COMMAND.parent), os.environ["PATH"]])
        super().__init__(["-c", line], columns, rows, PATH=path, **environment)


class AnsweringTerminal(Terminal):
    """A terminal with a mind of its own: a thread reads all the time and answers each question.

    `answer` None makes it silent; an answer of several parts comes in pieces, `gap_seconds` apart. While `deaf` is set it
    does not even read. `questions` counts.
    """

    QUESTION = b"\x1b[6n"

    def __init__(self, arguments: Sequence[str], columns: int = 80, rows: int = 24, **environment: str) -> None:
        super().__init__(arguments, columns, rows, **environment)
        self.answer: Sequence[bytes] | None = (b"\x1b[24;80R",)
        self.gap_seconds = 0.0
        self.deaf = False
        self.questions = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def __exit__(self, *unused: object) -> None:
        self._ending.set()
        self._thread.join(10)
        super().__exit__(*unused)

    def wait_for(self, text: bytes) -> None:
        """Until a text has been drawn."""
        wait_until(lambda: text in self.seen, SLOWEST_SECONDS)

    def drawn_after(self, start: int) -> bytes:
        """What was written since `seen` had that length."""
        return self.seen[start:]

    def waiting_bytes(self) -> int:
        """What was written and not read yet."""
        return int.from_bytes(fcntl.ioctl(self._master, termios.FIONREAD, b"\0" * 4), sys.byteorder)

    def leave_within(self, seconds: float) -> int:
        """The exit code; nobody has to read for it."""
        return self.process.wait(seconds)

    def _live(self) -> None:
        answered_to = 0
        while not self._ending.is_set():
            if self.deaf:
                self._ending.wait(0.02)
            elif not self.read(0.02):
                return
            while (at := self.seen.find(self.QUESTION, answered_to)) >= 0:
                answered_to = at + len(self.QUESTION)
                self.questions += 1
                for number, piece in enumerate(self.answer or ()):
                    if number:
                        self._ending.wait(self.gap_seconds)
                    self.press(piece)
