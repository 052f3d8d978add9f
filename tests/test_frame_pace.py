"""Frames are left out while the process is busy and drawing is dear, and never where somebody asked for so many."""

from __future__ import annotations

import pytest

from sqs_tui.frame_pace import BUSY_CORES, DRAWING_CORES, STILL_SECONDS, FramePace

TICK_SECONDS = 0.25


class Machine:
    """A clock that goes on by a tick each time it is read, threads that take a share of that time, and frames at a price."""

    def __init__(self, cores: float, frame_seconds: float = 0.0) -> None:
        self.cores = cores
        self.frame_seconds = frame_seconds
        self.at_seconds = self.used_seconds = self.drawing_seconds = 0.0

    def clock(self) -> float:
        self.at_seconds += TICK_SECONDS
        self.used_seconds += TICK_SECONDS * self.cores
        return self.at_seconds

    def pace(self, *, yields: bool = True) -> FramePace:
        return FramePace(
            yields=yields,
            clock=self.clock,
            used=lambda: self.used_seconds + self.drawing_seconds,
            drawing=lambda: self.drawing_seconds,
        )

    def draw(self, pace: FramePace, ticks: int) -> list[bool]:
        """At which ticks a frame was drawn, and paid."""
        drawn: list[bool] = []
        for _ in range(ticks):
            drawn.append(pace.due())
            self.drawing_seconds += self.frame_seconds * drawn[-1]
        return drawn


@pytest.mark.parametrize("frame_seconds", [0.01, 5.0])
def test_every_frame_is_drawn_while_there_is_little_to_do(frame_seconds: float) -> None:
    machine = Machine(BUSY_CORES * 0.9, frame_seconds)
    assert machine.draw(machine.pace(), 8) == [True] * 8


@pytest.mark.parametrize("cores", [BUSY_CORES * 1.1, 1.0, 8.0])
@pytest.mark.parametrize(("share_of_a_tick", "every"), [(0.9, 1), (1.1, 2), (1.9, 2), (2.1, 3), (2.9, 3), (3.1, 4), (300.0, 4)])
def test_a_frame_is_drawn_when_the_last_one_is_paid_for_while_the_process_is_busy(
    cores: float, share_of_a_tick: float, every: int
) -> None:
    machine = Machine(cores, share_of_a_tick * DRAWING_CORES * TICK_SECONDS)
    seen = machine.draw(machine.pace(), 1 + 3 * every)
    assert seen == [True] + ([False] * (every - 1) + [True]) * 3


def test_nobody_waits_longer_than_a_second_for_one() -> None:
    assert STILL_SECONDS <= 1.0
    machine = Machine(1.0, frame_seconds=60.0)
    seen = machine.draw(machine.pace(), 40)
    assert max(len(run) for run in "".join("x" if drawn else "." for drawn in seen).split("x")) * TICK_SECONDS < 1.0


def test_who_asked_for_frames_gets_them() -> None:
    machine = Machine(1.0, frame_seconds=60.0)
    assert machine.draw(machine.pace(yields=False), 6) == [True] * 6


def test_all_are_drawn_again_when_it_is_calm() -> None:
    machine = Machine(1.0, frame_seconds=60.0)
    pace = machine.pace()
    assert machine.draw(pace, 3) == [True, False, False]
    machine.cores = 0.1
    assert machine.draw(pace, 3) == [True] * 3
