"""What the dashboard costs: CPU at 64 workers and 1,000 messages in flight, the wait for a key, idle bytes, the first frame."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contenders import engine
from rig import Load, cpu_seconds, environment, measure, pinned

from flowing import Flowing
from terminals import FlowingTerminal, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rig import StubServer

HERE = Path(__file__).parent
FPS = 4
SIZE = (120, 40)
WORKERS = 64
WAITING = 936
CALM_RATE = 640
FULL_RATE = 10_000
SETTLE_SECONDS = 3.0
SNAPSHOTS = 12
BETWEEN_KEYS_SECONDS = 0.3
KEYS = (("freeze", b"f", b"FROZEN"), ("unfreeze", b"f", b"Freeze"), ("help", b"?", b"Pause or resume"))
"""What is pressed, and what is on the screen then that was not."""
QUICKEST_FRAME_SECONDS = 0.005


def load(seconds: float) -> dict[str, float]:
    """CPU of the screen in shares of a core, with 64 workers and 1,000 messages in flight: without what the stand-in takes."""
    with FlowingTerminal(CALM_RATE, FPS, *SIZE, WORKERS, WAITING) as terminal:
        found = _running(terminal, seconds)
    stand_in = _stand_in_share()
    return found | {"stand_in_share": round(stand_in, 4), "screen_share": round(found["cpu_share"] - stand_in, 4)}


def _stand_in_share() -> float:
    """What making the shown snapshots takes of a core, which is no part of the screen."""
    engine = Flowing(CALM_RATE, WORKERS, WAITING)
    used = []
    for _ in range(SNAPSHOTS):
        time.sleep(1 / FPS)
        began = time.thread_time()
        engine.snapshot()
        used.append(time.thread_time() - began)
    return statistics.median(used) * FPS


def idle(seconds: float) -> dict[str, float]:
    """The same where nothing happens."""
    with FlowingTerminal(0, FPS, *SIZE) as terminal:
        return _running(terminal, seconds)


def _running(terminal: Terminal, seconds: float) -> dict[str, float]:
    terminal.until(b"running")
    terminal.read_for(SETTLE_SECONDS)
    pid, written, used, began = terminal.process.pid, len(terminal.seen), cpu_seconds(terminal.process.pid), time.monotonic()
    terminal.read_for(seconds)
    elapsed = time.monotonic() - began
    share = (cpu_seconds(pid) - used) / elapsed
    return {"cpu_share": round(share, 4), "bytes_per_second": round((len(terminal.seen) - written) / elapsed, 1)}


def keys(presses: int) -> dict[str, Any]:
    """Milliseconds from a key to the screen that it asked for, by key and of all, while 10,000 messages a second go through."""
    waits: dict[str, list[float]] = {what: [] for what, _, _ in KEYS}
    with FlowingTerminal(FULL_RATE, FPS, *SIZE, WORKERS) as terminal:
        terminal.until(b"running")
        terminal.read_for(SETTLE_SECONDS)
        for number in range(presses):
            for what, key, text in KEYS:
                # At another moment of the frame each time.
                terminal.read_for(BETWEEN_KEYS_SECONDS + 0.037 * (number % 7))
                waits[what].append(1000 * _answer_seconds(terminal, key, text))
            terminal.read_for(BETWEEN_KEYS_SECONDS)
            terminal.press(b"\x1b")
    every = [wait for each in waits.values() for wait in each]
    p95 = statistics.quantiles(every, n=20)[18]
    return {"p50_ms": round(statistics.median(every), 1), "p95_ms": round(p95, 1), "max_ms": round(max(every), 1)} | {
        f"{what}_p50_ms": round(statistics.median(each), 1) for what, each in waits.items()
    }


def _answer_seconds(terminal: Terminal, key: bytes, text: bytes) -> float:
    seen = len(terminal.seen)
    began = time.monotonic()
    terminal.press(key)
    while text not in terminal.seen[seen:]:
        assert time.monotonic() - began < SETTLE_SECONDS, f"{key!r} did not bring {text!r}: {terminal.seen[seen:][-500:]!r}"
        assert terminal.read(QUICKEST_FRAME_SECONDS), "ended meanwhile"
    return time.monotonic() - began


class Application(Terminal):
    """Any command on a terminal, on the cores of the contenders."""

    COMMAND = Path(sys.executable)

    def __init__(self, command: list[str]) -> None:
        first, *rest = pinned(command)
        assert first == str(self.COMMAND) or not rest
        columns, rows = SIZE
        super().__init__(rest, columns, rows, **environment())


def first_frames(server: StubServer, pairs: int) -> dict[str, float]:
    """Milliseconds from the start of the process to the first frame, against a bare application's; pairs take turns."""
    consume = engine("engine", on_screen=True).command(server.endpoint_url)
    bare = [sys.executable, str(HERE / "bare_textual.py")]
    times: dict[str, list[float]] = {"dashboard": [], "bare": []}
    cases: dict[str, Callable[[], float]] = {
        "dashboard": lambda: _first_frame(consume, b"bench-0"),
        "bare": lambda: _first_frame(bare, b"first frame"),
    }
    for pair in range(pairs):
        for name in sorted(cases, reverse=bool(pair % 2)):
            times[name].append(cases[name]())
    ratio = statistics.median(ours / theirs for ours, theirs in zip(times["dashboard"], times["bare"], strict=True))
    return {f"{name}_ms": round(1000 * statistics.median(each), 1) for name, each in times.items()} | {"ratio": round(ratio, 3)}


def _first_frame(command: list[str], text: bytes) -> float:
    began = time.monotonic()
    with Application(command) as terminal:
        terminal.until(text)
        return time.monotonic() - began


def beside(server: StubServer, messages: int, pairs: int) -> dict[str, Any]:
    """Messages a second with the dashboard and headless, and the middle of the pairs' ratios.

    Many seconds for each: a load that is through within a few frames says little about frames. Both have rested before it.
    """
    rates: dict[bool, list[float]] = {True: [], False: []}
    for pair in range(pairs):
        for on_screen in sorted(rates, reverse=bool(pair % 2)):
            command = engine("engine", on_screen=on_screen).command(server.endpoint_url)
            cost = measure(server, command, Load(messages), on_screen=on_screen, settle=True)
            rates[on_screen].append(round(cost.rate))
    ratio = middle([shown / alone for shown, alone in zip(rates[True], rates[False], strict=True)])
    return {"messages": messages, "with_dashboard": rates[True], "headless": rates[False], "ratio": round(ratio, 3)}


def middle(values: Sequence[float]) -> float:
    """The mean of the middle half: nearly as steady as the mean of all, and as deaf as the median to a run that went wrong."""
    ordered = sorted(values)
    cut = len(ordered) // 4
    return statistics.fmean(ordered[cut : len(ordered) - cut])


def everything(server: StubServer, seconds: float, presses: int, pairs: int) -> dict[str, Any]:
    """All of it but `beside`."""
    return {"load": load(seconds), "idle": idle(seconds), "keys": keys(presses), "first_frame": first_frames(server, pairs)}
