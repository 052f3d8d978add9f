"""What the dashboard writes to its terminal and what it costs to draw: bytes and CPU a second, by load, size and frame rate.

`PYTHONPATH=tests python tests/bench/bench_bytes.py [--seconds N]`. The engine is a stand-in that costs next to nothing, so
that the CPU is the viewer's; the load is what its snapshots tell. CPU time is read from /proc.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from terminals import FlowingTerminal

LOADS = ((0, "nothing happens"), (50, "50 messages/s"), (1_000, "1,000 messages/s"))
SIZES = ((80, 24), (120, 40))
RATES_PER_SECOND = (1, 4)
GOAL_IDLE_BYTES = 200
WARM_UP_SECONDS = 2.0


def cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(load: int, fps: int, size: tuple[int, int], seconds: float) -> tuple[float, float]:
    """Bytes and CPU milliseconds a second."""
    with FlowingTerminal(load, fps, *size) as terminal:
        terminal.until(b"running")
        terminal.read_for(WARM_UP_SECONDS)
        pid, written, used, began = terminal.process.pid, len(terminal.seen), cpu_seconds(terminal.process.pid), time.monotonic()
        terminal.read_for(seconds)
        elapsed = time.monotonic() - began
        return (len(terminal.seen) - written) / elapsed, (cpu_seconds(pid) - used) * 1000 / elapsed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="bytes and CPU a second of the dashboard")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each case is measured")
    seconds = parser.parse_args().seconds
    print(f"the dashboard on a terminal of 256 colours, {seconds:g} s a case; idle goal <= {GOAL_IDLE_BYTES} bytes/s")
    print(f"{'load':18}  {'size':7}  {'fps':>3}  {'bytes/s':>8}  {'CPU ms/s':>8}")
    for load, name in LOADS:
        for size in SIZES:
            for fps in RATES_PER_SECOND:
                written, used = measure(load, fps, size, seconds)
                verdict = "" if load or written <= GOAL_IDLE_BYTES else "  MISSED"
                print(f"{name:18}  {size[0]}x{size[1]:<4}  {fps:>3}  {written:>8,.0f}  {used:>8.1f}{verdict}", flush=True)


if __name__ == "__main__":
    main()
