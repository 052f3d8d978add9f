"""The deck: choosing a scene in the dashboard, its caption, and its keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqs_core.demo.actions import BY_ID
from sqs_core.demo.deck import Caption
from sqs_core.demo.scenes import SCENES
from sqs_core.demo.telling import Line
from sqs_core.model import Level, ThreadState
from sqs_tui.screens.deck import DeckScreen
from terminals import Terminal, emulator_of, processes
from tui_canned import NOW, consumer, event, poller, snapshot, worker
from tui_fakes import FakeFacade
from tui_harness import dashboard
from waiting import wait_until

if TYPE_CHECKING:
    from sqs_core.demo.scene import Scene

HOSTILE = "lease of 3f2c lost [/x]\x1b]0;owned\x07 \u202eafter 34 s"
SIZES = ((80, 24), (120, 40))


@dataclass
class FakeDeck:
    """Plays nothing and remembers what it was told."""

    name: str = "timeout-vs-long-poll"
    said: str = "1 order died unseen"
    told: list[tuple[str, str]] = field(default_factory=list)

    @property
    def scenes(self) -> tuple[type[Scene], ...]:
        return tuple(SCENES.values())

    @property
    def playing(self) -> type[Scene]:
        return SCENES[self.name]

    def title(self) -> str:
        return f"{self.name}, producing 1/s"

    def caption(self) -> Caption:
        offers = tuple((BY_ID[offer.action], offer.words) for offer in self.playing.actions)
        return Caption(self.name, self.playing.watch, offers, Line(NOW, self.said, told=True))

    def choose(self, name: str) -> None:
        self.told.append(("choose", name))
        self.name = name

    def act(self, action: str) -> None:
        self.told.append(("act", action))


async def test_the_caption_says_what_to_watch_what_to_press_and_what_happened() -> None:
    for size in SIZES:
        deck: Any = FakeDeck()
        async with dashboard(size=size, deck=deck) as running:
            text = running.text()
            for said in (
                "Watch  Same orders for both.",
                "Try    M a timeout",
                "1 order died unseen",
                "scene timeout-vs-long-poll",
            ):
                assert said in text
            assert "M Mend" in text
            assert "worker-1" in text, "there is still room for what the scene is about"
            await running.press("C")
            assert "Watch" not in running.text()
            assert "1 order died unseen" in running.text()
            await running.press("C", "M", "H")
            assert deck.told == [("act", "mend")], "H does nothing here"


async def test_beside_a_caption_on_a_small_screen_trouble_is_one_line_that_says_it_was_cut() -> None:
    text = (
        "ReceiveMessage: AccessDenied — not authorized to sqs:ReceiveMessage; check the credentials in use and the queue's policy"
    )
    backing_off = consumer(threads=(poller(1, ThreadState.BACKING_OFF), worker(1)))
    facade = FakeFacade(snapshot(backing_off, events=(event(text, Level.ERROR, "poll.error"),)))
    deck: Any = FakeDeck()
    async with dashboard(facade, size=SIZES[0], deck=deck) as running:
        lines = running.text().splitlines()
        place = next(number for number, line in enumerate(lines) if "Trouble" in line)
        assert lines[place + 1].rstrip("│ ").endswith("…")
        assert lines[place + 2].startswith("╰")
        await running.press("C")
        await running.frame()
        assert "It keeps trying by itself." in running.text(), "there is room again"


async def test_a_frozen_view_keeps_its_caption() -> None:
    deck: Any = FakeDeck()
    async with dashboard(deck=deck) as running:
        await running.press("f")
        deck.said = "something new"
        await running.frame()
        assert "1 order died unseen" in running.text()
        await running.press("f")
        assert "something new" in running.text()


async def test_the_mouse_is_as_good_as_the_keys() -> None:
    deck: Any = FakeDeck()
    async with dashboard(size=(120, 40), deck=deck) as running:
        await running.pilot.click("#caption", offset=(12, 1))
        assert deck.told == [("act", "mend")]
        await running.pilot.click("#caption", offset=(12, 0))
        assert "Watch" not in running.text()
        await running.pilot.click("#caption", offset=(12, 0))
        await running.pilot.click("#caption", offset=(running.text().splitlines()[2].index("D scenes"), 1))
        assert isinstance(running.app.screen, DeckScreen)
        await running.pilot.click("#deck", offset=(5, 3))
        assert deck.told[-1] == ("choose", "hot-loop")
        assert "scene hot-loop" in running.text()


async def test_a_scene_is_chosen_and_begun_again_by_keys_and_help_knows_them() -> None:
    deck: Any = FakeDeck()
    async with dashboard(size=(100, 140), deck=deck) as running:
        await running.press("D")
        assert all(name in running.text() for name in SCENES)
        assert f"Teaches: {SCENES[deck.name].teaches[:40]}" in running.text()
        await running.press("j", "enter")
        await running.press("D", "r")
        await running.press("D", "escape")
        assert deck.told == [("choose", "hot-loop"), ("choose", "hot-loop")]
        await running.press("question_mark")
        assert all(said in running.text() for said in ("Choose a scene of the demo", "Mend, or break again", "Fold or unfold"))


async def test_keys_that_come_faster_than_the_deck_goes_choose_once() -> None:
    deck: Any = FakeDeck()
    async with dashboard(deck=deck) as running:
        await running.press("D")
        screen = running.app.screen
        assert isinstance(screen, DeckScreen)
        screen._choose("hot-loop")
        screen._choose("poison")
        await running.frame()
        assert deck.told == [("choose", "hot-loop")]
        assert running.app.screen is running.main


async def test_what_happened_is_foreign_text() -> None:
    deck: Any = FakeDeck(said=HOSTILE)
    for keys in ((), ("C",)):
        async with dashboard(deck=deck) as running:
            await running.press(*keys)
            text = running.text()
            assert "lost [/x]" in text
            assert "⟨1B⟩" in text
            assert "\x1b" not in text
            assert "\u202e" not in text


async def test_without_a_demo_there_is_none_of_it() -> None:
    async with dashboard(size=(100, 140)) as running:
        await running.press("D", "C", "M")
        assert running.app.screen is running.main
        await running.press("question_mark")
        assert "Choose a scene" not in running.text()


def test_another_scene_takes_the_place_of_the_first_and_its_server() -> None:
    with Terminal(["demo", "--scene", "steady"], 120, 40) as terminal:
        terminal.until(b"it begins")
        first = emulator_of(terminal)
        terminal.press(b"D")
        terminal.until(b"Teaches")
        terminal.press(b"jj\r")
        terminal.until(b"hangs up before SQS answers loses messages")
        terminal.until(b"orders-hasty")
        wait_until(lambda: not first & set(processes()))
        started = emulator_of(terminal)
        terminal.press(b"q")
        assert terminal.ended(5.0) == 0
    assert not started & set(processes())
