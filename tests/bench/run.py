"""The benchmark: one command, one table, and its results as JSON.

`python run.py [--quick] [--output FILE] [--page]`. Everything runs on this machine's loopback. Ratios are of one run, taken in
turns, because plain times of a machine that does other things too mean little. `--page` draws docs/performance.md again.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent)]

from bench_localstack import end_to_end  # noqa: E402 - found by the line above
from bench_memory import memory  # noqa: E402 - as above
from bench_peers import closely, compare  # noqa: E402 - as above
from bench_screen import beside, everything  # noqa: E402 - as above
from bench_shapes import drains, in_flight, queues, sizes, workers  # noqa: E402 - as above
from report import terminal_table, write_page  # noqa: E402 - as above
from rig import stub_server  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig import StubServer

PACKAGES = ("boto3", "textual", "fanferro", "aiobotocore", "uvloop")


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    peers: tuple[int, int]
    closely: tuple[int, int]
    sizes: tuple[int, int]
    growth: tuple[int, int]
    drain: int
    screen: tuple[float, int, int]
    beside: tuple[int, int]
    memory: tuple[int, int]
    localstack: int


QUICK = Extent((3_000, 1), (3_000, 1), (1_000, 1), (1_000, 1), 2_000, (3.0, 8, 2), (6_000, 1), (2_000, 8_000), 0)
FULL = Extent((12_000, 7), (30_000, 9), (6_000, 1), (5_000, 1), 10_000, (12.0, 30, 15), (60_000, 17), (20_000, 80_000), 2_000)
LONG_MEMORY = (100_000, 1_000_000)
"""For a transport that takes a minute for as many."""


def run(extent: Extent) -> dict[str, Any]:
    """Measure all of it, one thing after the other."""
    results: dict[str, Any] = {"about": about()}
    long = extent is FULL
    parts: dict[str, Callable[[StubServer], Any]] = {
        "peers": lambda server: compare(server, *extent.peers),
        "closely": lambda server: closely(server, *extent.closely),
        "sizes": lambda server: sizes(server, *extent.sizes),
        "workers": lambda server: workers(server, *extent.growth),
        "queues": lambda server: queues(server, *extent.growth),
        "in_flight": lambda server: in_flight(server, *extent.growth),
        "drains": lambda server: drains(server, extent.drain),
        "screen": lambda server: everything(server, *extent.screen),
        "beside": lambda server: beside(server, *extent.beside),
        "memory": lambda server: memory(server, *(LONG_MEMORY if long else extent.memory)),
    }
    with stub_server() as server:
        for name, measure in parts.items():
            began = time.monotonic()
            results[name] = measure(server)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    results["localstack"] = end_to_end(extent.localstack) if extent.localstack else {"skipped": "left out of a quick run"}
    return results


def about() -> dict[str, Any]:
    """Where, when and with what."""
    versions = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if node := shutil.which("node"):
        versions["Node"] = subprocess.run(
            [node, "--version"], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    cores = len(os.sched_getaffinity(0))
    machine = f"{cores} cores of {_processor()}, {platform.system()} {platform.release()}"
    command = " ".join(["tests/bench/run.py", *sys.argv[1:]])
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    load = round(os.getloadavg()[0], 2)
    return {"date": date, "command": command, "machine": machine, "load_at_start": load, "versions": versions}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> None:
    """Measure, print the table, and write the results."""
    parser = argparse.ArgumentParser(description="what a message costs, and what the dashboard does")
    parser.add_argument("--quick", action="store_true", help="everything but LocalStack, small: a look, not a measurement")
    parser.add_argument("--output", type=Path, default=HERE.parents[1] / ".cache" / "benchmark.json")
    parser.add_argument("--page", action="store_true", help="draw docs/performance.md again from the results")
    chosen = parser.parse_args()
    results = run(QUICK if chosen.quick else FULL)
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(terminal_table(results))
    print(f"\nresults: {chosen.output}")
    if chosen.page:
        write_page(results)


if __name__ == "__main__":
    main()
