"""The dashboard over an engine of another process: says to whom and how old, offers what is possible, leaves without a drain."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from sqs_core.facade import Link
from sqs_core.model import Level, RunState
from sqs_core.words import LinkPhase
from sqs_tui.commands import BY_ID
from sqs_tui.departure import Departure
from sqs_tui.leaving import OnlyLeaving
from tui_canned import consumer, detail, event, message_id, snapshot
from tui_fakes import FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

LIVE = Link("pod/orders-7d4f9", LinkPhase.LIVE, 0.2, "", control=True, dropped=0)
SIZES = [(80, 24), (120, 40), (200, 50)]


def far(link: Link = LIVE, **parts: object) -> FakeFacade:
    """A façade of an engine of another process."""
    return FakeFacade(snapshot(consumer(), **parts), far=link)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZES)
async def test_the_screen_says_to_whom_it_is_attached(size: tuple[int, int]) -> None:
    async with dashboard(far(), size=size, attached=True) as running:
        header = running.text().splitlines()[0]
        assert "attached to pod/orders-7d4f9" in header
        assert "● running" in header
        assert "view only" not in header


async def test_a_view_only_consumer_offers_no_commands() -> None:
    async with dashboard(far(replace(LIVE, control=False)), attached=True) as running:
        text = running.text()
        assert "view only" in text.splitlines()[0]
        assert "p Pause" not in text
        await running.press("p", "plus", "R")
        assert [call for call in running.facade.calls if call[0] != "start"] == []


@pytest.mark.parametrize("size", SIZES)
async def test_old_data_says_how_old_it_is(size: tuple[int, int]) -> None:
    stalled = replace(LIVE, phase=LinkPhase.STALLED, age_seconds=12.4)
    async with dashboard(far(stalled), size=size, attached=True) as running:
        text = running.text()
        assert "no answer from pod/orders-7d4f9 for 12 s: what you see is that old" in " ".join(text.split())
        assert "▲ stalled, running 12 s ago" in text
        running.facade.far = LIVE
        await running.frame()
        assert "no answer" not in running.text()


async def test_a_consumer_that_is_gone_says_why_and_that_it_is_looked_for() -> None:
    lost = replace(LIVE, phase=LinkPhase.LOST, age_seconds=3.0, problem="the consumer has ended")
    async with dashboard(far(lost, state=RunState.STOPPED), attached=True) as running:
        text = running.text()
        assert "✗ pod/orders-7d4f9: the consumer has ended" in text
        assert "It keeps trying by itself." in text
        assert running.app.is_running, "an end is shown, and not left"


async def test_what_a_consumer_says_of_itself_is_drawn_as_text() -> None:
    hostile = replace(LIVE, phase=LinkPhase.LOST, target="[b]x[/", problem="[/red]\x1b[31m\x9b no")
    async with dashboard(far(hostile), attached=True) as running:
        text = running.text()
        assert "[b]x[/" in text
        assert "\x1b" not in text
        assert "⟨1B⟩" in text


async def test_what_is_not_done_through_a_consumer_is_not_offered() -> None:
    async with dashboard(far(), attached=True) as running:
        situation = running.main.situation
        hidden = {"browse", "dead_letters", "bench", "unlock", "actions", "purge"}
        assert not [each for each in hidden if BY_ID[each].allowed(situation)]
        assert all(BY_ID[each].allowed(replace(situation, attached=False)) for each in hidden)
        assert BY_ID["drain"].allowed(situation)
        assert not BY_ID["drain"].allowed(replace(situation, attached=False))


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_leaving_leaves_at_once_and_drains_nothing(key: str) -> None:
    async with dashboard(far(), attached=True) as running:
        await running.press(key)
        assert running.app.return_code == 0
        assert running.app.return_value == 0
    assert not {"drain", "stop_now"} & {call[0] for call in running.facade.calls}


def test_a_lost_terminal_leaves_too_and_drains_nothing() -> None:
    facade, left = far(), []
    gone = threading.Event()

    def give_up(code: int) -> None:
        left.append(code)
        gone.set()

    departure = Departure(OnlyLeaving(), give_up)
    departure.hang_up()
    departure.start()
    assert gone.wait(10)
    departure.close()
    assert left[0] == 0
    assert not facade.calls


async def test_a_drain_asks_first_and_names_who() -> None:
    async with dashboard(far(), attached=True) as running:
        running.app.action_screen_command("drain")
        await running.pilot.pause()
        assert "pod/orders-7d4f9" in running.text()
        await running.press("enter")
        assert not running.facade.named("drain"), "the safe answer is the default"
        running.app.action_screen_command("drain")
        await running.pilot.pause()
        await running.press("y")
        assert running.facade.named("drain")


async def test_a_drain_that_is_watched_says_that_leaving_does_not_end_it() -> None:
    async with dashboard(far(state=RunState.DRAINING), attached=True) as running:
        text = running.text()
        assert "q leaves, and it goes on draining" in text
        assert "again to leave now" not in text


async def test_a_refusal_of_the_consumers_is_a_toast() -> None:
    async with dashboard(far(), attached=True) as running:
        refusal = event("pause: it is draining already", Level.ERROR, "control.refused")
        running.facade.now = replace(running.facade.now, events=(*running.facade.now.events, refusal))
        await running.frame()
        assert any("draining already" in str(toast.message) for toast in running.app._notifications)


async def test_a_message_is_fetched_without_keeping_the_screen_waiting() -> None:
    facade = far()
    facade.details[message_id(0)] = detail(0)
    async with dashboard(facade, attached=True) as running:
        running.main._runner._open_message("orders", message_id(0))
        for _ in range(100):
            await running.pilot.pause(0.02)
            if message_id(0) in running.text():
                break
        assert len(running.app.screen_stack) > 1
        assert message_id(0) in running.text()
