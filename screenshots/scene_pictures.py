"""Draws what a recorded scene showed at its moment, as the demo's own screen shows it, with the scene's caption."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from shots import RECORDINGS, SHOTS, moment
from sqs_core.demo.actions import BY_ID
from sqs_core.demo.deck import Caption
from sqs_core.demo.scenes import find_scene
from sqs_core.demo.telling import Line
from sqs_core.playback import Playback
from sqs_core.recording import Recording
from sqs_tui.dashboard import DashboardApp
from sqs_tui.departure import Departure
from sqs_tui.leaving import OnlyLeaving
from sqs_tui.options import DashboardOptions
from sqs_tui.picture import steady_svg
from sqs_tui.trends import SERIES_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.pilot import Pilot

    from sqs_core.demo.deck import Deck
    from sqs_core.demo.scene import Scene

NEVER_FPS = 0.001
Size = tuple[int, int]


@dataclass(frozen=True)
class StillDeck:
    """As much of a `Deck` as a picture asks for: the scene, its rate, and the line that was told last."""

    playing: type[Scene]
    rate_per_second: float
    line: Line

    def title(self) -> str:
        """See `Deck`."""
        return f"{self.playing.name}, producing {self.rate_per_second:g}/s"

    def caption(self) -> Caption:
        """See `Deck`."""
        offers = tuple((BY_ID[offer.action], offer.words) for offer in self.playing.actions)
        return Caption(self.playing.name, self.playing.watch, offers, self.line)


def deck_at(recording: Recording, scene: str, seconds: float) -> StillDeck:
    """What the scene said of itself at this moment."""
    playing, place = find_scene(scene), recording.place(seconds)
    told = recording.note(place)
    while place and recording.note(place - 1) == told:
        place -= 1
    line = Line(recording.snapshot(place).at, told.removeprefix(f"{scene} · "), told=True)
    shot = SHOTS[scene]
    rate = playing.load.rate_per_second * shot.speed if shot.producing is None else shot.producing
    return StillDeck(playing, rate, line)


async def draw_scene(
    scene: str, sizes: Sequence[Size], keys: Sequence[str] | None = None, *, captioned: bool = True
) -> dict[Size, str]:
    """The scene's picture as SVG in each size, after these keys or else its own; without the caption as `consume` shows it."""
    with closing(Recording(RECORDINGS / f"{scene}.jsonl")) as recording:
        end = moment(recording, scene)
        playback = Playback(recording, at_seconds=end, standing=True)
        deck = cast("Deck", deck_at(recording, scene, end)) if captioned else None
        past = playback.past(SERIES_SECONDS)
        options = DashboardOptions(fps=NEVER_FPS, theme="textual-dark", deck=deck, past=past, clock=playback.wall)
        app = DashboardApp(playback, options, Departure(OnlyLeaving(), lambda _: None))
        async with app.run_test(size=sizes[0]) as pilot:
            await pilot.pause()
            app.refresh_frame()
            await pilot.press(*(SHOTS[scene].keys if keys is None else keys))
            return await settle(app, pilot, sizes)


async def settle(app: DashboardApp, pilot: Pilot[int], sizes: Sequence[Size]) -> dict[Size, str]:
    """The dashboard as it is, as SVG in each size."""
    drawn = {}
    for size in sizes:
        if app.size != size:
            await pilot.resize_terminal(*size)
        for _ in range(3):  # the layout follows what was drawn, and what is drawn the layout
            await pilot.pause()
            app.refresh_frame()
        await pilot.pause()
        drawn[size] = steady_svg(app.export_screenshot(title="sqs-tui"))
    return drawn
