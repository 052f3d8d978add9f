"""Each place where foreign text is drawn: the text reaches it, either layer alone makes it harmless, and without both it shows.

The layers are the door, through which foreign text becomes visible, and the filter of every line that goes to a terminal.
"""

from __future__ import annotations

import importlib
import pkgutil
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from fleet_canned import FakeFleet, member
from fleet_screen import fleet_screen
from hostile_deck import HostileDeck
from hostile_screens import take_away
from queue_canned import listing, unreadable
from recordings import moments, recording_file
from sqs_core.bench import BenchView, JobState, JobView, LookState
from sqs_core.errors import ConfigurationError
from sqs_core.playback import Playback
from sqs_core.recording import Recording
from sqs_core.words import LinkPhase
from sqs_tui import screens
from sqs_tui.base_app import BaseApp
from sqs_tui.screens.dialogs import ReadEvent
from sqs_tui.screens.job import JobScreen
from sqs_tui.screens.typed import type_name
from sqs_tui.start_choices import Around
from test_start import running, started
from test_tui_hostile import infested, infested_message, infested_queue
from tui_canned import empty_snapshot
from tui_fakes import FakeBench, FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import App
    from textual.geometry import Region
    from textual.pilot import Pilot

    from sqs_core.remote.fleet import Fleet

PAYLOAD, VISIBLE = "\x9b\u202e\x1b", "⟨9B⟩"
WIDE, SMALL = (160, 40), (80, 24)
MAIN = ("header", "caption", "queues", "identity", "details", "notice", "workers", "in-flight", "history", "pollers", "events")
"""Widgets of the dashboard, each of which draws foreign text."""
PRESSED: dict[str, tuple[str, ...]] = {
    "the identity": ("I",),
    "a message": ("i", "enter"),
    "a message, unwrapped": ("i", "enter", "u"),
    "a message, raw": ("i", "enter", "r"),
    "a question": ("i", "enter", "R"),
    "failures": ("e",),
    "groups": ("L",),
    "what was written": ("at",),
    "the faults": ("F",),
    "the producer": ("P",),
    "the messages of a queue": ("x",),
    "the list of queues over it": ("Q",),
}
QUEUES: dict[str, tuple[str, ...]] = {
    "the list of queues": (),
    "a queue": ("enter",),
    "the choice of a handler": ("escape", "c", "enter"),
}
TOLD: dict[str, tuple[str, ...]] = {
    "a refusal": ("p",),
    "a fault": ("F", "w"),
    "the producer": ("P", "right"),
    "a scene": ("D", "enter"),
    "the caption": ("M",),
}
"""Keys whose refusals are toasts."""
WITHOUT_FOREIGN_TEXT = {"Help", "LensScreen", "DeckScreen"}
"""What the last of them is refused is told when it has gone."""
AS_ANOTHER = {"MemberScreen"}
"""The dashboard's own screen over another connection; `test_hostile_peer.py` walks through it."""
FILTERS = BaseApp.get_line_filters


class Seen:
    """What each place shows before the filter and behind it, and the screens that were seen."""

    def __init__(self, *, twice: bool) -> None:
        self.twice = twice
        self.bare: dict[str, str] = {}
        self.filtered: dict[str, str] = {}
        self.screens: set[str] = set()

    def look(self, name: str, app: App[Any], selector: str | None = None) -> None:
        """Keep what a widget of the topmost screen shows; without a selector its dialog, else the whole screen."""
        screen = app.screen
        self.screens.add(type(screen).__name__)
        shown: Widget = screen.query(selector or ".dialog").first() if selector or screen.query(".dialog") else screen
        self.bare[name] = drawn(screen, shown.region)
        if self.twice:
            forget_drawn(screen)
            with pytest.MonkeyPatch.context() as behind:
                behind.setattr(BaseApp, "get_line_filters", FILTERS)
                self.filtered[name] = drawn(screen, shown.region)
            forget_drawn(screen)


def drawn(screen: Screen[Any], region: Region) -> str:
    """A part of a screen."""
    strips = screen._compositor.render_strips(screen.size)[region.y : region.bottom]
    return "\n".join(strip.crop(region.x, region.right).text for strip in strips)


def forget_drawn(screen: Screen[Any]) -> None:
    """Lines that are kept have been through the filters, or have not."""
    for widget in (screen, *screen.walk_children(Widget)):
        widget._styles_cache.clear()


def hostile_facade() -> FakeFacade:
    """An engine all of whose words are somebody else's."""
    refusal = ConfigurationError(PAYLOAD)
    job = JobView(PAYLOAD, JobState.ASKING, (PAYLOAD,), sends=True)
    bench = FakeBench(BenchView(PAYLOAD, LookState.FAILED, PAYLOAD, job=job), log=[{"queue": PAYLOAD, "who": PAYLOAD}])
    return FakeFacade(
        infested(PAYLOAD),
        listing([unreadable(PAYLOAD, error=PAYLOAD)], error=PAYLOAD),
        {PAYLOAD: infested_message(PAYLOAD)},
        refusals={"pause": refusal, "add_consumer": refusal},
        queues={PAYLOAD: infested_queue(PAYLOAD)},
        bench=bench,
    )


async def the_dashboard(seen: Seen) -> None:
    """Every screen that can be opened over it."""
    async with dashboard(hostile_facade(), size=WIDE, deck=HostileDeck(said=PAYLOAD)) as shown:
        for each in MAIN:
            seen.look(f"the dashboard's {each}", shown.app, f"#{each}")
    async with dashboard(hostile_facade(), size=SMALL, deck=HostileDeck(said=PAYLOAD)) as shown:
        for name, (first, *others) in PRESSED.items():
            await shown.press(first)
            await shown.frame()
            await shown.press(*others)
            seen.look(name, shown.app)
            await back(shown.app, shown.pilot)
        for name, keys in TOLD.items():
            shown.app.clear_notifications()
            await shown.press(*keys)
            seen.look(f"told of {name}", shown.app, "Toast")
            await back(shown.app, shown.pilot)
        await shown.press("C")
        seen.look("the folded caption", shown.app, "#caption")
        pushed: dict[Screen[Any], tuple[str, ...]] = {
            ReadEvent(shown.facade.now.events[0]): (),
            type_name("Purge", PAYLOAD, Content("")): ("enter",),
            JobScreen(shown.facade.bench, PAYLOAD, canary=True): (),
        }
        for screen, keys in pushed.items():
            shown.app.push_screen(screen)
            await shown.frame()
            await shown.press(*keys)
            seen.look(type(screen).__name__, shown.app)
            await back(shown.app, shown.pilot)


async def the_queues(seen: Seen) -> None:
    """What is seen where nothing is consumed yet."""
    facade = hostile_facade()
    facade.now = empty_snapshot()
    async with dashboard(facade, size=SMALL) as shown:
        for name, keys in QUEUES.items():
            await shown.press(*keys)
            seen.look(name, shown.app)


async def back(app: App[Any], pilot: Pilot[Any]) -> None:
    """To the screen that was there first."""
    while len(app.screen_stack) > 1:
        app.pop_screen()
    await pilot.pause()


async def a_recording(seen: Seen, folder: Path) -> None:
    """Its name, and what is said of the moment."""
    file = recording_file(folder / f"{PAYLOAD}.jsonl", [infested(PAYLOAD), *moments(1)], note=PAYLOAD)
    recording = Recording(file)
    playback = Playback(recording, standing=True, at_seconds=1.0)
    try:
        async with dashboard(cast("FakeFacade", playback), size=SMALL, attached=True, playback=playback) as shown:
            seen.look("the name of a recording", shown.app, "#header")
            seen.look("what is said of a recorded moment", shown.app, "#playback")
            await shown.press("0")
            seen.look("a recorded moment", shown.app, "#workers")
    finally:
        recording.close()


async def the_start(seen: Seen) -> None:
    """What runs here."""
    found = running(7, PAYLOAD)
    found = replace(found, hello=replace(found.hello, environment=PAYLOAD))
    async with started(Around(PAYLOAD, consumers=(found, found)), SMALL) as (app, _):
        seen.look("the start", app)


async def the_fleet(seen: Seen) -> None:
    """Of consumers elsewhere, or of the processes of one command."""
    said: dict[str, Any] = {"queues": (PAYLOAD,), "version": PAYLOAD, "identity": PAYLOAD, "endpoint": PAYLOAD}
    odd = replace(member("x", LinkPhase.LOST, problem=PAYLOAD, word=PAYLOAD, **said), name=PAYLOAD)
    async with fleet_screen(cast("Fleet", FakeFleet(odd, member("y", **said), problem=PAYLOAD)), size=SMALL) as shown:
        seen.look("a fleet", shown.app)
        await shown.press("d")
        seen.look("a member of a fleet", shown.app)
        await shown.press("escape", "asterisk", "D")
        seen.look("a question to a fleet", shown.app)


async def walk(layers: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Seen:
    """Through all of it, with what is left of the layers."""
    take_away(layers, monkeypatch.setattr)
    seen = Seen(twice=layers == "none")
    await the_dashboard(seen)
    await the_queues(seen)
    await a_recording(seen, folder)
    await the_start(seen)
    await the_fleet(seen)
    return seen


def obeyed(texts: dict[str, str]) -> set[str]:
    """The places at which there is something that a terminal would obey, hide or reorder."""
    return {name for name, text in texts.items() if {unicodedata.category(each) for each in set(text) - {"\n"}} & {"Cc", "Cf"}}


async def test_without_the_door_it_shows_everywhere_and_behind_the_filter_nowhere(
    monkeypatch: pytest.MonkeyPatch, clean_environment: Path
) -> None:
    seen = await walk("none", monkeypatch, clean_environment)
    assert set(seen.bare) - obeyed(seen.bare) == set(), "no foreign text comes here: nothing is proved"
    assert obeyed(seen.filtered) == set()


async def test_the_door_alone_holds_and_every_screen_is_seen(monkeypatch: pytest.MonkeyPatch, clean_environment: Path) -> None:
    seen = await walk("door", monkeypatch, clean_environment)
    assert obeyed(seen.bare) == set()
    assert {name for name, text in seen.bare.items() if VISIBLE not in text} == set()
    assert every_screen() - seen.screens == WITHOUT_FOREIGN_TEXT | AS_ANOTHER


def every_screen() -> set[str]:
    """The names of the screens that there are."""
    modules = [importlib.import_module(f"{screens.__name__}.{found.name}") for found in pkgutil.iter_modules(screens.__path__)]
    return {
        name
        for module in modules
        for name, each in vars(module).items()
        if isinstance(each, type) and issubclass(each, Screen) and each.__module__ == module.__name__
    }
