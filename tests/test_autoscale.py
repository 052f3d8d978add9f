"""The autoscaler: what it decides after what it saw, that it does not flap, and that it leaves alone what a hand has set."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest

from fakes import FakeClock
from sqs_core.autoscale import Pace, Resize, Sight, decide
from sqs_core.consumer import QueueConsumer
from sqs_core.errors import ConfigurationError
from sqs_core.events import EventLog
from sqs_core.handlers import make_handler
from sqs_core.matching import Query
from sqs_core.model import Autoscale, ConsumerSnapshot, Depth, PoolName, Role, RunState
from sqs_core.queue_facts import QueueFacts
from sqs_core.remote.records import from_plain
from sqs_core.settings import ConsumerSettings, parse_queue
from sqs_core.views import consumer_snapshot
from sqs_core.wire import to_plain
from sqs_tui.cli import cli
from sqs_tui.filtering import workers_title
from sqs_tui.run import consumer_settings
from stepped import SteppedPool
from tui_canned import NOW, consumer

PACE = Pace(look_seconds=0.5, grow_after_seconds=3.0, shrink_after_seconds=30.0)


def sights(seconds: float, workers: int, busy: int, waiting: int) -> list[Sight]:
    return [Sight(look / 2, workers, busy, waiting) for look in range(int(seconds * 2) + 1)]


@pytest.mark.parametrize(
    ("seen", "target"),
    [
        ([], None),
        (sights(3, 4, 4, 1), 8),
        (sights(3, 20, 20, 9), 24),  # not past the bound
        (sights(3, 24, 24, 99), None),
        (sights(2.5, 4, 4, 99), None),  # not long enough
        (sights(60, 4, 4, 0), None),  # busy, and nothing waits
        (sights(60, 4, 3, 99), None),  # messages wait, though a worker is free: more of them would not help
        ([*sights(3, 4, 4, 9)[:-2], Sight(2.5, 4, 3, 9), Sight(3, 4, 4, 9)], 8),  # one was between two messages
        (sights(30, 24, 8, 0), 12),
        (sights(30, 3, 1, 5), 2),  # not past the bound
        (sights(30, 2, 0, 0), None),
        (sights(29, 24, 0, 0), None),
        (sights(60, 24, 9, 0), None),
    ],
)
def test_it_grows_where_all_are_busy_and_messages_wait_and_shrinks_where_a_third_would_do(
    seen: list[Sight], target: int | None
) -> None:
    resize = decide(2, 24, PACE, seen)
    assert (resize and resize.target) == target


def test_it_says_why() -> None:
    assert decide(2, 24, PACE, sights(3, 4, 4, 1)) == Resize(8, "for 3 s every worker was busy and messages waited")
    assert decide(2, 24, PACE, sights(30, 9, 1, 1)) == Resize(4, "for 30 s a third of the workers would have done")


@pytest.mark.parametrize("load", range(2, 30))
def test_under_a_steady_load_it_comes_to_rest(load: int) -> None:
    """As many workers as `load` are kept busy; whatever the pool begins with, after some resizes there are no more."""
    for workers in (2, 7, 24):
        resizes = 0
        while resize := decide(2, 24, PACE, sights(30, workers, min(load, workers), int(load > workers))):
            workers, resizes = resize.target, resizes + 1
            assert resizes < 6
        assert workers >= min(load, 24)


class Running:
    """A consumer without threads, whose load and clock go as a test says, and which is supervised ten times a second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time, self.busy, self.answers = FakeClock(), 0, True
        clock = self.time.clock()
        self.events = EventLog(clock)
        settings = ConsumerSettings(workers=4, autoscale=(2, 24))
        self.consumer = QueueConsumer(parse_queue("orders"), make_handler("builtin:noop", None), settings, self.events, clock)
        pools: Any = {role: SteppedPool(role.value, MagicMock, None, None) for role in (Role.WORKER, Role.ACKER, Role.POLLER)}
        pools[Role.WORKER].resize(4)
        self.pool = pools[Role.WORKER]
        monkeypatch.setattr(self.consumer, "_pools", pools)
        monkeypatch.setattr(self.consumer._threads, "step", lambda _: None)
        monkeypatch.setattr(self.consumer.holding, "busy_locked", lambda: min(self.busy, self.pool.target))
        self.consumer.state = RunState.RUNNING

    def live(self, seconds: float) -> None:
        end = self.time.now + seconds
        while self.time.now < end:
            self.time.advance(0.1)
            if self.answers:
                self.consumer.facts = QueueFacts(depth=Depth(9, 0, 0, None, self.time.now))
            self.consumer.supervise()

    def resized(self) -> str:
        return " | ".join(event.text for event in self.events.snapshot() if event.code == "consumer.resized")


def test_each_resize_is_told_with_its_reason_and_followed_by_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(monkeypatch)
    running.busy = 99
    running.live(4)
    assert running.resized() == "workers: 4 → 8: for 3 s every worker was busy and messages waited"
    running.live(2)
    assert running.pool.target == 8
    running.live(9)
    assert running.pool.target == 24
    running.busy = 0
    running.live(32)
    assert running.pool.target == 12
    running.live(26)
    assert running.pool.target == 12


def test_a_size_set_by_hand_is_left_alone_for_a_while_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(monkeypatch)
    running.busy = 99
    running.consumer.resize(PoolName.WORKERS, 5)
    assert running.resized() == "workers: 4 → 5: by hand, so autoscale rests for 300 s"
    running.live(299)
    assert running.pool.target == 5
    assert consumer_snapshot(running.consumer).autoscale == Autoscale(2, 24, 1_000_300.0)
    running.live(6)
    assert running.pool.target == 10
    assert consumer_snapshot(running.consumer).autoscale == Autoscale(2, 24, None)
    running.consumer.resize(PoolName.POLLERS, 5)
    running.live(4)
    assert running.pool.target == 20, "pollers are no business of it"


def test_a_consumer_that_receives_nothing_on_purpose_is_not_resized(monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(monkeypatch)
    running.consumer.pause()
    running.live(60)
    assert running.pool.target == 4


def test_what_was_seen_before_a_pause_says_nothing_about_now(monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(monkeypatch)
    running.live(10)
    running.consumer.pause()
    running.live(60)
    running.consumer.resume()
    running.live(4)
    assert running.resized() == "", "idle for ten seconds, and then nothing was seen"


def test_a_depth_that_could_not_be_read_again_is_no_reason_to_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(monkeypatch)
    running.live(1)
    running.busy, running.answers = 99, False
    running.time.advance(9)
    running.live(30)
    assert running.resized() == ""


def test_the_screen_and_the_snapshot_say_what_it_does() -> None:
    for scale, said in (
        (None, "Workers  5 of 8 busy"),
        (Autoscale(2, 24), "Workers  5 of 8 busy · autoscale 2–24"),
        (Autoscale(2, 24, NOW), "Workers  5 of 8 busy · by hand: autoscale rests until 10:00:00"),
    ):
        seen = consumer(autoscale=scale)
        assert workers_title(seen, seen, Query("")) == said
        assert from_plain(ConsumerSnapshot, to_plain(seen)).autoscale == scale


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("8", "--autoscale '8' is not MIN:MAX, such as 2:24"),
        ("2:", "--autoscale '2:' is not MIN:MAX"),
        ("0:4", "--autoscale MIN 0 is not between 1 and 512"),
        ("4:4", "--autoscale MAX 4 is not between 5 and 512: MAX must be more than MIN"),
        ("4:900", "--autoscale MAX 900 is not between 5 and 512"),
    ],
)
def test_bounds_that_cannot_be_are_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        cli.main(["consume", "orders", "--handler", "builtin:noop", "--autoscale", text, "--headless"], standalone_mode=False)
    assert said in str(refusal.value)


def test_the_pool_begins_as_near_to_its_size_as_the_bounds_allow() -> None:
    for workers, expected in (("1", 2), ("8", 8), ("99", 24)):
        arguments = ["orders", "--handler", "builtin:noop", "--workers", workers, "--autoscale", "2:24"]
        flags = cli.commands["consume"].make_context("consume", arguments).params
        assert consumer_settings(flags).workers == expected
    with pytest.raises(ConfigurationError, match="--workers 8 is not between 2 and 4: the bounds of autoscale"):
        ConsumerSettings(autoscale=(2, 4))
