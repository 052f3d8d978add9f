"""A set of threads that grows, shrinks, and replaces what dies or hangs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from sqs_core import pool as pool_module
from sqs_core.pool import Pool, Slot
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Team:
    """A pool whose threads wait for work; `die` and `hang` are what their next step does."""

    def __init__(self) -> None:
        self.go = threading.Condition()
        self.steps: dict[str, int] = {}
        self.closed: list[str] = []
        self.deaths: list[tuple[str, str]] = []
        self.die: set[str] = set()
        self.hang: set[str] = set()
        self.let_go = threading.Event()
        self.pool = Pool("crew", lambda: self, lambda name, error: self.deaths.append((name, error)), self.wake)

    def wake(self) -> None:
        with self.go:
            self.go.notify_all()

    def step(self, slot: Slot) -> None:
        self.steps[slot.name] = self.steps.get(slot.name, 0) + 1
        if slot.name in self.hang:
            self.let_go.wait(20)
        if slot.name in self.die:
            self.die.discard(slot.name)
            raise SystemExit(1)
        with self.go:
            if not slot.stopping():
                self.go.wait(0.05)

    def close(self, slot: Slot) -> None:
        self.closed.append(slot.name)

    def names(self) -> set[str]:
        return {thread.name for thread in threading.enumerate() if thread.name.startswith("crew-")}


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Team]:
    monkeypatch.setattr(pool_module, "_REPLACE_AFTER_SECONDS", 0.05)
    made = _Team()
    yield made
    made.let_go.set()
    made.pool.close()
    wait_until(lambda: not made.names())


def test_it_grows_at_once_and_shrinks_after_the_current_steps(team: _Team) -> None:
    team.pool.resize(3)
    assert (team.pool.target, team.pool.live) == (3, 3)
    wait_until(lambda: set(team.steps) == {"crew-1", "crew-2", "crew-3"})
    team.pool.resize(1)
    assert team.pool.target == 1
    wait_until(lambda: team.pool.live == 1)
    assert sorted(team.closed) == ["crew-2", "crew-3"]
    team.pool.resize(2)
    assert team.pool.live == 2


def test_a_thread_that_dies_is_told_and_replaced(team: _Team) -> None:
    team.pool.resize(2)
    team.die.add("crew-1")
    wait_until(lambda: team.deaths)
    assert team.deaths[0][0] == "crew-1"
    assert "SystemExit" in team.deaths[0][1]
    wait_until(lambda: team.pool.live == 2)
    assert team.closed == [], "what died did not end on purpose"


def test_a_thread_that_hangs_is_replaced_and_its_name_is_not_given_away(team: _Team) -> None:
    team.hang.add("crew-1")
    team.pool.resize(2)
    wait_until(lambda: team.steps.get("crew-1"))
    team.pool.abandon("crew-1")
    assert team.pool.live == 2
    wait_until(lambda: "crew-3" in team.names())
    team.let_go.set()
    wait_until(lambda: "crew-1" in team.closed)
    assert team.pool.live == 2


def test_abandoning_twice_or_somebody_unknown_does_nothing(team: _Team) -> None:
    team.pool.resize(1)
    team.pool.abandon("crew-7")
    assert team.pool.live == 1


def test_a_closed_pool_starts_nobody(team: _Team) -> None:
    team.pool.resize(2)
    team.pool.close()
    team.pool.resize(5)
    wait_until(lambda: not team.names())
    assert (team.pool.target, team.pool.live) == (0, 0)


def test_resizing_from_many_threads_ends_at_the_last_size(team: _Team) -> None:
    threads = [threading.Thread(target=team.pool.resize, args=(size,)) for size in (1, 9, 3, 16, 2, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    team.pool.resize(4)
    wait_until(lambda: team.pool.live == 4)
    wait_until(lambda: len(team.names()) == 4)
