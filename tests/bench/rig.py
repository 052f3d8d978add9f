"""Runs a consumer in a process of its own on a stub server, and measures it from outside: CPU, requests, rate and memory.

The server has the last core to itself, where there are two; every contender gets the others. A contender consumes a warm-up
first, which pays for imports and connections; then the queues are filled and its CPU clock is read before and after.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
WARM_UP_MESSAGES = 320
LOOK_SECONDS = 0.02
START_SECONDS = 30.0
TIMEOUT_SECONDS = 180.0
HANG_UP_SECONDS = 0.5
"""In which the server sees the connections of an ended consumer close, so that no poll of it takes messages of the next one."""
LAST_WORDS_SECONDS = 5.0
FIRST_FRAMES_SECONDS = 2.0
ROWS_AND_COLUMNS = (40, 120)


@dataclass(frozen=True)
class Load:
    """What is put into the queues."""

    messages: int
    size_bytes: int = 256
    queues: int = 1
    as_json: bool = False


@dataclass(frozen=True)
class Cost:
    """What a contender used: `server_share` is the server's CPU time by the wall's, near 1 where the server was the limit."""

    cpu_us: float
    requests: float
    rate: float
    rss_mib: float
    seconds: float
    server_share: float

    def as_json(self) -> dict[str, float]:
        """Rounded for a file."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


class StubServer:
    """The stub server's control side."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url

    def fill(self, load: Load) -> None:
        """Begin to count again with full queues."""
        self._ask(f"/reset?messages={load.messages}&bytes={load.size_bytes}&queues={load.queues}&json={load.as_json:d}")

    def counters(self) -> dict[str, Any]:
        """What was counted since."""
        return self._ask("/counters")

    def wait_for(self, messages: int, seconds: float, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        """The counters as soon as so many messages are deleted."""
        end = time.monotonic() + seconds
        while (counters := self.counters())["deleted"] < messages:
            if time.monotonic() > end or process.poll() is not None:
                raise RuntimeError(f"deleted {counters['deleted']} of {messages} messages: nothing to compare")
            time.sleep(LOOK_SECONDS)
        return counters

    def _ask(self, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection(urlsplit(self.endpoint_url).netloc, timeout=10)
        try:
            connection.request("GET", path)
            answer: dict[str, Any] = json.load(connection.getresponse())
        finally:
            connection.close()
        return answer


@contextmanager
def stub_server() -> Iterator[StubServer]:
    """The stub server on the last core."""
    command = pinned([sys.executable, str(HERE / "stub_server.py")], server=True)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield StubServer(server.stdout.readline().decode().strip())
        finally:
            server.stdin.close()


def pinned(command: Sequence[str], *, server: bool = False) -> list[str]:
    """The command on the server's core, or on all the others; unchanged where cores cannot be chosen or there is one."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return list(command)
    cores = sorted(os.sched_getaffinity(0))
    mine = cores[-1:] if server else cores[:-1]
    pin = f"import os, sys; os.sched_setaffinity(0, {mine}); os.execvp(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-c", pin, *command]


def tree(pid: int) -> list[int]:
    """A process and those under it."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found.extend(int(child) for child in task.read_text(encoding="ascii").split())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and those under it, from the kernel's clock of each process."""
    return sum(time.clock_gettime((~each << 3) | 2) for each in tree(pid))


def rss_mib(pid: int) -> float:
    """Resident memory of a process and those under it."""
    pages = sum(int(Path(f"/proc/{each}/statm").read_text(encoding="ascii").split()[1]) for each in tree(pid))
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def environment() -> dict[str, str]:
    """Nothing of the surroundings' AWS settings. Python keeps what it compiles, as pip does of what it installs."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "APP_ENV"}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    keys |= {"AWS_EC2_METADATA_DISABLED": "true", "PYTHONDONTWRITEBYTECODE": ""}
    return clean | keys | {"TERM": "xterm-256color", "COLORTERM": ""}


@contextmanager
def contender(command: Sequence[str], *, on_screen: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """A consumer while the block runs; on a terminal that is read all the time, or with nothing to write to."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *ROWS_AND_COLUMNS, 0, 0))
    stream: int = slave if on_screen else subprocess.DEVNULL
    process = subprocess.Popen(
        pinned(command), stdin=stream, stdout=stream, stderr=stream, env=environment(), start_new_session=True
    )
    os.close(slave)
    reader = threading.Thread(target=_read_all, args=(master,), daemon=True)
    reader.start()
    try:
        yield process
    finally:
        end(process)
        reader.join(LAST_WORDS_SECONDS)
        os.close(master)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a contender and those under it, each by its id; nothing it holds is worth waiting for."""
    if process.poll() is None:
        for pid in reversed(tree(process.pid)):
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue
    process.wait(LAST_WORDS_SECONDS)
    time.sleep(HANG_UP_SECONDS)


def _read_all(master: int) -> None:
    try:
        while os.read(master, 65536):
            pass
    except OSError:  # the other end has closed
        return


def measure(server: StubServer, command: Sequence[str], load: Load, *, on_screen: bool = False, settle: bool = False) -> Cost:
    """One run of one contender; it rests before it where it is to `settle`, or is on the screen."""
    warm_up = replace(load, messages=max(WARM_UP_MESSAGES, 10 * load.queues))
    server.fill(warm_up)
    with contender(command, on_screen=on_screen) as process:
        server.wait_for(warm_up.messages // load.queues * load.queues, START_SECONDS, process)
        if on_screen or settle:
            # The first frames belong to the start, which is measured on its own; then it is no longer as warm as the others.
            time.sleep(FIRST_FRAMES_SECONDS)
            server.fill(warm_up)
            server.wait_for(warm_up.messages // load.queues * load.queues, START_SECONDS, process)
        return measure_running(server, process, load)


def measure_running(server: StubServer, process: subprocess.Popen[bytes], load: Load) -> Cost:
    """One more load for a contender that runs."""
    before = cpu_seconds(process.pid)
    server.fill(load)
    messages = load.messages // load.queues * load.queues
    counters = server.wait_for(messages, TIMEOUT_SECONDS, process)
    used = cpu_seconds(process.pid) - before
    return Cost(
        cpu_us=used * 1e6 / messages,
        requests=sum(counters["requests"].values()) / messages,
        rate=messages / counters["busy_seconds"],
        rss_mib=rss_mib(process.pid),
        seconds=counters["busy_seconds"],
        server_share=counters["cpu_seconds"] / counters["busy_seconds"],
    )
