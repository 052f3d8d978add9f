"""The producer panel: what is turned goes to the producer and to handlers, and a burst comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from sqs_core import queue_watch
from sqs_core.demo.load_desk import KNOBS
from sqs_core.demo.scenes import SCENES
from sqs_core.errors import ConfigurationError
from test_deck import FakeDeck
from test_faults import playing as playing
from tui_harness import dashboard
from waiting import wait_until

if TYPE_CHECKING:
    from sqs_core.demo.engine import DemoEngine


def test_what_is_turned_is_what_is_sent(playing: DemoEngine) -> None:
    stage, desk = playing.stage, playing.stage.desk
    desk.turn("rate", 1)
    assert (desk.value("rate"), stage.producer.rate_per_second) == (20, 20 * stage.speed)
    for _ in KNOBS[0].values:
        desk.turn("rate", -1)
    assert stage.producer.rate_per_second == 0
    desk.turn("size", 1)
    assert stage.producer.padding_bytes == 1000
    desk.turn("groups", -1)
    assert stage.producer.groups == 6
    desk.turn("failures", 1)
    assert stage.load.failure_share == 0.1
    sent = stage.producer.sent
    desk.burst()
    wait_until(lambda: stage.producer.sent >= sent + 100)
    assert "sent" in desk.sent()


def test_when_something_is_said_the_depths_are_read_anew(playing: DemoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_watch, "REFRESH_SECONDS", 3600.0)
    wait_until(partial(_read_since, playing, 0.0))
    for text in ("reads now, and then not for an hour", "reads now, too"):
        said_at = playing.clock.wall()
        playing.stage.say(text)
        wait_until(partial(_read_since, playing, said_at))


def _read_since(engine: DemoEngine, at: float) -> bool:
    depths = [consumer.depth for consumer in engine.snapshot().consumers]
    return all(depth is not None and depth.at > at for depth in depths)


def test_too_much_for_the_producer_is_refused_and_changes_nothing(playing: DemoEngine) -> None:
    playing.stage.speed = 100.0
    with pytest.raises(ConfigurationError, match="rate_per_second is 2000; it must be 0 to 1000"):
        playing.stage.desk.turn("rate", 1)
    assert playing.stage.desk.value("rate") == SCENES["steady"].load.rate_per_second


@dataclass
class FakeDesk:
    """Turns nothing and remembers what it was told."""

    told: list[Any] = field(default_factory=list)

    def value(self, knob: str) -> int:
        return 12 + len(knob)

    def turn(self, knob: str, by: int) -> None:
        self.told.append((knob, by))

    def burst(self) -> None:
        self.told.append("burst")

    def sent(self) -> str:
        return "7 orders sent, 1 error: [/x]\x1b]0;owned\x07"


async def test_the_panel_turns_what_is_under_the_cursor_and_a_key_bursts() -> None:
    deck: Any = FakeDeck()
    deck.desk = FakeDesk()
    async with dashboard(deck=deck) as running:
        await running.press("B", "P")
        assert "orders                                 16 a second" in running.text()
        assert "7 orders sent, 1 error: [/x]" in running.text()
        assert "\x1b" not in running.text()
        await running.press("right", "j", "left", "B", "escape")
        assert deck.desk.told == ["burst", ("rate", 1), ("size", -1), "burst"]
