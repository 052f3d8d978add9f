"""Frames are left out while the process is busy, never two in a row, and never where somebody asked for so many."""

from __future__ import annotations

import pytest

from sqs_tui.frame_pace import BUSY_CORES, FramePace

TICK_SECONDS = 0.25


class Machine:
    """A clock that goes on by a tick each time it is read, and a process that takes a share of that time."""

    def __init__(self, cores: float) -> None:
        self.cores = cores
        self.at_seconds = 0.0
        self.used_seconds = 0.0

    def clock(self) -> float:
        self.at_seconds += TICK_SECONDS
        self.used_seconds += TICK_SECONDS * self.cores
        return self.at_seconds


def drawn(machine: Machine, ticks: int, *, yields: bool = True) -> list[bool]:
    pace = FramePace(yields=yields, clock=machine.clock, used=lambda: machine.used_seconds)
    return [pace.due() for _ in range(ticks)]


def test_every_frame_is_drawn_while_there_is_little_to_do() -> None:
    assert drawn(Machine(BUSY_CORES * 0.9), 8) == [True] * 8


@pytest.mark.parametrize("cores", [BUSY_CORES * 1.1, 1.0, 8.0])
def test_every_other_frame_is_drawn_while_the_process_is_busy(cores: float) -> None:
    assert drawn(Machine(cores), 6) == [False, True] * 3


def test_who_asked_for_frames_gets_them() -> None:
    assert drawn(Machine(1.0), 6, yields=False) == [True] * 6


def test_all_are_drawn_again_when_it_is_calm() -> None:
    machine = Machine(1.0)
    pace = FramePace(yields=True, clock=machine.clock, used=lambda: machine.used_seconds)
    assert [pace.due() for _ in range(3)] == [False, True, False]
    machine.cores = 0.1
    assert [pace.due() for _ in range(3)] == [True] * 3
