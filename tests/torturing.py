"""How hard the reliability tests try: a fast slice in every run, the full figures and one table with `--torture`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Size = TypeVar("Size")
_PROPERTY = "torture"
_CHILDREN = Path(__file__).with_name("switching")


@dataclass(frozen=True)
class Row:
    """A line of the table: how often something was tried, how often all ended as promised, what was lost or came twice."""

    scenario: str
    tried: int
    survived: int
    lost: int | None = None
    duplicates: int | None = None
    note: str = ""

    def with_more(self, other: Row) -> Row:
        """The same scenario, tried there too."""
        return Row(
            self.scenario,
            self.tried + other.tried,
            self.survived + other.survived,
            _sum(self.lost, other.lost),
            _sum(self.duplicates, other.duplicates),
            "; ".join(filter(None, (self.note, other.note))),
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two options of these tests."""
    parser.addoption("--torture", action="store_true", help="the full figures instead of the fast slice, and their table")
    parser.addoption("--switch-interval", type=float, help="seconds between switches of threads, for the whole run")


@pytest.fixture(scope="session", autouse=True)
def switch_interval(request: pytest.FixtureRequest) -> Iterator[None]:
    """What `--switch-interval` asks for, here and in the processes that tests start; those print stacks when they crash."""
    wanted, before = request.config.getoption("--switch-interval"), sys.getswitchinterval()
    if wanted is None:
        yield
        return
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SWITCH_INTERVAL_SECONDS", str(wanted))
        environment.setenv("PYTHONFAULTHANDLER", "1")
        environment.setenv("PYTHONPATH", str(_CHILDREN), prepend=os.pathsep)
        sys.setswitchinterval(wanted)
        yield
        sys.setswitchinterval(before)


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> Callable[[Size, Size], Size]:
    """Chooses between the size of the fast slice and the full one."""
    full = request.config.getoption("--torture")
    return lambda fast, whole: whole if full else fast


@pytest.fixture(scope="session")
def unless_switching(request: pytest.FixtureRequest) -> Callable[[Size, Size], Size]:
    """Chooses between the usual size and that of a run with `--switch-interval`, in which a process does little but switch."""
    switching = request.config.getoption("--switch-interval") is not None
    return lambda usual, then: then if switching else usual


@pytest.fixture
def table(record_property: Callable[[str, object], None]) -> Callable[[Row], None]:
    """Puts a line into the table."""
    return lambda row: record_property(_PROPERTY, json.dumps(asdict(row)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The table, where anything was measured and the run was asked for it."""
    if not terminalreporter.config.getoption("--torture"):
        return
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    rows = [
        Row(**json.loads(value))
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == _PROPERTY
    ]
    terminalreporter.section("faults and scenarios")
    for line in table_lines(rows):
        terminalreporter.write_line(line)


def table_lines(rows: list[Row]) -> list[str]:
    """The table in Markdown; rows of the same scenario are one line."""
    lines = ["| fault or scenario | tried | survived | lost | duplicates | |", "|---|---:|---:|---:|---:|---|"]
    for row in _merged(rows):
        lost, duplicates = ("" if value is None else value for value in (row.lost, row.duplicates))
        lines.append(f"| {row.scenario} | {row.tried:,} | {row.survived:,} | {lost} | {duplicates} | {row.note} |")
    return lines


def _merged(rows: list[Row]) -> list[Row]:
    merged: dict[str, Row] = {}
    for row in rows:
        known = merged.get(row.scenario)
        merged[row.scenario] = row if known is None else known.with_more(row)
    return sorted(merged.values(), key=lambda row: row.scenario)
