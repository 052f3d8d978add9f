"""What the soak run would say of a process in which something grows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sqs_core.events import MAXIMUM_EVENTS

if TYPE_CHECKING:
    from types import ModuleType

PATH = Path(__file__).with_name("bench") / "soak.py"
MINUTES, SAMPLES_A_MINUTE = 20, 12


@pytest.fixture(scope="module")
def soak() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("soak", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["soak"] = module
    spec.loader.exec_module(module)
    return module


def judged(soak: Any, **growing: float) -> list[str]:
    """The problems of a run in which these grow by so much a minute, and all else stays."""
    still = {"memory_bytes": 70 * 2**20, "descriptors": 25, "threads": 32, "snapshot_seconds": 0.001, "events": MAXIMUM_EVENTS}
    samples = []
    for number in range(MINUTES * SAMPLES_A_MINUTE):
        minute = number / SAMPLES_A_MINUTE
        values = {name: value + growing.get(name, 0) * minute for name, value in still.items()}
        samples.append(soak.Sample(at=minute * 60, handled=number, held=0, **values))
    run = soak.Soak(rate=1, minutes=MINUTES, every_seconds=1.0)
    run.samples = samples
    run._check(soak.slope_a_minute(samples, "memory_bytes"), samples[int(len(samples) * soak.WARM_UP_SHARE) :])
    return list(run.problems)


def test_a_run_in_which_nothing_grows_has_no_problem(soak: ModuleType) -> None:
    assert judged(soak) == []
    assert judged(soak, memory_bytes=100_000) == [], "an allocator is not a leak"


@pytest.mark.parametrize(
    ("grows", "by", "said"),
    [
        ("memory_bytes", 4 * 2**20, "memory grows by 4.00 MiB a minute"),
        ("descriptors", 10, "descriptors grew"),
        ("threads", 10, "threads grew"),
        ("events", 1, "the event log is not bounded"),
        ("snapshot_seconds", 0.1, "a snapshot takes too long"),
    ],
)
def test_what_grows_is_named(grows: str, by: float, said: str, soak: ModuleType) -> None:
    (problem,) = judged(soak, **{grows: by})
    assert problem.startswith(said)
