"""The fault panel: what it injects while a scene plays, that it ends again, and that it is the demo's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sqs_core.demo.chaos import Fault
from sqs_core.demo.emulator import Emulator
from sqs_core.demo.engine import DemoEngine
from sqs_core.demo.faults import ELSEWHERE, EXPIRED, FAULT_KINDS, GONE
from sqs_core.demo.kinds import FROZEN
from sqs_core.demo.scenes import SCENES
from sqs_core.errors import ConfigurationError
from sqs_tui.commands import BY_ID, Situation, help_commands, palette_commands
from sqs_tui.screens.faults import FaultsScreen
from terminals import Terminal
from test_deck import FakeDeck
from tui_harness import dashboard
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.model import ConsumerSnapshot


@pytest.fixture
def playing(ministack: str) -> Iterator[DemoEngine]:
    """Scene `steady`, on an emulator of the session."""
    engine = DemoEngine(SCENES["steady"], 4.0, emulator=_running(ministack), region="eu-faults-1")
    engine.start()
    wait_until(lambda: engine.finished_messages() > 0)
    yield engine
    engine.take_away()


def _running(endpoint_url: str) -> Emulator:
    """One that somebody else starts and stops."""
    emulator = Emulator()
    emulator._port = int(endpoint_url.rpartition(":")[2])
    return emulator


def _seen(engine: DemoEngine) -> ConsumerSnapshot:
    return engine.stage.seen("orders")


def test_a_fault_strikes_while_it_is_injected_and_no_longer(playing: DemoEngine) -> None:
    faults, proxy = playing.stage.faults, playing.stage.proxy
    faults.inject("throttled", "ReceiveMessage", 50)
    faults.inject("throttled", "ReceiveMessage", 100)
    assert ", ".join(faults.active) == "throttled ReceiveMessage 100%"
    wait_until(lambda: _seen(playing).totals.poll_errors > 0)
    assert proxy.struck[Fault.ERROR] > 0
    faults.inject(GONE, "*", 100)
    assert faults.active[-1] == GONE
    faults.end()
    assert len(faults.active) == 0
    handled, struck = playing.finished_messages(), proxy.struck[Fault.ERROR]
    wait_until(lambda: playing.finished_messages() > handled + 10)
    assert proxy.struck[Fault.ERROR] == struck


def test_a_killed_worker_is_replaced_and_its_message_handled(playing: DemoEngine) -> None:
    playing.stage.faults.kill_worker("orders")
    wait_until(lambda: any(event.code == "thread.died" for event in playing.events.snapshot()))
    wait_until(lambda: _seen(playing).workers.live == _seen(playing).workers.target)
    wait_until(lambda: _seen(playing).totals.redelivered > 0)


def test_a_poller_that_is_frozen_is_shown_as_stuck_until_it_thaws(playing: DemoEngine) -> None:
    faults = playing.stage.faults

    def hung() -> list[str]:
        return [thread.name for thread in _seen(playing).threads if thread.state == "hung" and thread.error == FROZEN]

    faults.turn_poller("orders")
    wait_until(lambda: len(hung()) == 1)
    assert faults.active == (f"{hung()[0]} of orders frozen",)
    handled = _seen(playing).totals.handled
    faults.turn_poller("orders")
    wait_until(lambda: not hung() and _seen(playing).totals.handled > handled + 5)
    assert not playing.stage.faults.active
    faults.turn_poller("orders")
    wait_until(lambda: len(hung()) == 1)
    faults.end()
    wait_until(lambda: not hung())
    faults.turn_poller("orders")
    wait_until(lambda: len(hung()) == 1)
    playing.drain()
    wait_until(playing.ended)
    assert playing.clean(), "what was frozen for show holds up no end"


def test_expired_credentials_are_refused_and_shown_with_the_reason_until_fresh_ones_come(playing: DemoEngine) -> None:
    faults = playing.stage.faults

    def warnings() -> str:
        report = playing.snapshot().credentials
        return " ".join(report.warnings) if report else ""

    faults.turn_credentials()
    assert faults.active == (EXPIRED,)
    wait_until(lambda: "refuses these keys as expired or unknown (ExpiredToken)" in warnings())
    assert any("ExpiredToken" in event.text for event in playing.events.snapshot() if event.code == "poll.error")
    handled = playing.finished_messages()
    faults.turn_credentials()
    wait_until(lambda: playing.finished_messages() > handled + 10)
    wait_until(lambda: not warnings())
    assert not playing.stage.faults.active


def test_where_no_fresh_credentials_can_be_had_those_of_before_are_used_and_shown(
    playing: DemoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = playing.known_session()

    def denied() -> None:
        playing.forget_session()
        raise ConfigurationError("STS says no")

    monkeypatch.setattr(playing.stage, "find_credentials_anew", denied)
    playing.stage.faults.turn_credentials()
    playing.stage.faults.turn_credentials()
    wait_until(lambda: "STS says no; those of before are used" in str(playing.stage.teller.current))
    assert playing.known_session() is before
    assert before is not None


def test_only_what_is_the_scenes_own_is_frozen_or_expires(playing: DemoEngine) -> None:
    playing.add_consumer("orders-dlq", "builtin:noop")
    with pytest.raises(ConfigurationError, match="the pollers of orders-dlq are not the scene's"):
        playing.stage.faults.turn_poller("orders-dlq")
    with pytest.raises(ConfigurationError, match="the workers of orders-dlq are not the scene's"):
        playing.stage.faults.kill_worker("orders-dlq")
    with pytest.raises(ConfigurationError, match="has not begun yet"):
        DemoEngine(SCENES["steady"]).stage.faults.turn_credentials()


def test_before_it_begins_the_demo_names_its_own_emulator_and_no_other() -> None:
    assert DemoEngine(SCENES["steady"]).endpoint == DemoEngine(SCENES["wrong-identity"]).endpoint == "the demo's emulator"


def test_what_is_no_fault_is_refused(playing: DemoEngine) -> None:
    with pytest.raises(ConfigurationError, match="'earthquake' is no fault: choose one of throttled, denied"):
        playing.stage.faults.inject("earthquake", "*", 100)
    with pytest.raises(ConfigurationError, match="has not begun yet"):
        DemoEngine(SCENES["steady"]).stage.faults.inject("reset", "*", 100)


def test_every_fault_of_the_proxy_can_be_injected() -> None:
    assert {kind.rule.fault for kind in FAULT_KINDS if kind.rule is not None} == set(Fault)


class FakeFaults:
    """Injects nothing and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.active: tuple[str, ...] = ()

    def inject(self, *what: Any) -> None:
        self.told.append(what)
        self.active = (f"{what[0]} {what[1]}",)

    def end(self) -> None:
        self.told.append("end")
        self.active = ()

    def kill_worker(self, queue: str) -> None:
        raise ConfigurationError(f"no [/x] worker of {queue}")

    def turn_poller(self, queue: str) -> None:
        self.told.append(f"poller of {queue}")

    def turn_credentials(self) -> None:
        self.told.append("credentials")


async def test_the_panel_injects_what_is_chosen_where_and_how_often() -> None:
    deck: Any = FakeDeck()
    deck.faults = FakeFaults()
    async with dashboard(deck=deck) as running:
        await running.press("F")
        assert "o ReceiveMessage   s 100 % of the requests" in running.text()
        assert "Now: none injected" in running.text()
        await running.press("o", "s", "j", "enter")
        assert deck.faults.told == [("denied", "DeleteMessageBatch", 50)]
        assert "Now: denied DeleteMessageBatch" in running.text()
        await running.press("w")
        assert "no [/x] worker of" in running.text()
        await running.press("p", "x")
        assert deck.faults.told[-2:] == ["poller of orders", "credentials"]
        await running.press("e", "F")
        assert deck.faults.told[-1] == "end"
        assert not isinstance(running.app.screen, FaultsScreen)


async def test_help_and_palette_know_the_key_in_a_demo_and_elsewhere_it_is_refused_with_a_line() -> None:
    for demo in (True, False):
        situation = Situation(demo=demo)
        assert (BY_ID["faults"] in palette_commands(situation)) is demo
        assert any(BY_ID["faults"] in commands for _, commands in help_commands(situation)) is demo
    async with dashboard() as running:
        await running.press("F")
        assert running.app.screen is running.main
        assert [toast.message for toast in running.app._notifications] == [ELSEWHERE]


def test_a_fault_is_injected_and_ended_at_a_terminal() -> None:
    with Terminal(["demo", "--scene", "steady", "--speed", "2"], 120, 40) as terminal:
        terminal.until(b"it begins")
        terminal.press(b"F")
        terminal.until(b"none injected")
        terminal.press(b"\rF")
        terminal.until(b"backing-off")
        terminal.press(b"F")
        terminal.until(b"Now: throttled")
        terminal.press(b"eFq")
        assert terminal.ended(8.0) == 0
