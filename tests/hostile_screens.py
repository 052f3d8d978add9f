"""The dashboard on the terminal it is started in, full of hostile text: `hostile_screens.py LAYERS WHAT COUNT RESULT`.

LAYERS is what protects: `both`, `door`, `filter` or `none`. WHAT is `payloads` (each class through every screen; with a COUNT
of 1 all of them as one text), `fuzz` (COUNT made-up strings over the panes) or `bombs` (bodies that are large, deep or swell
when they are formatted). RESULT gets one JSON object: what was shown, the longest stall of the screen for
each body, the growth of memory.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import gzip
import json
import os
import random
import select
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.widgets._toast import ToastHolder

from hostile_deck import HostileDeck
from sqs_core import plain_text
from sqs_core.errors import ConfigurationError
from sqs_core.model import Level, Outcome
from sqs_tui.base_app import BaseApp
from sqs_tui.dashboard import DashboardApp
from sqs_tui.departure import Departure
from sqs_tui.options import DashboardOptions
from test_tui_hostile import PAYLOADS, infested, infested_message, infested_queue
from tui_canned import NOW, consumer, detail, event, finished, held, snapshot
from tui_fakes import FakeFacade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sqs_core.model import Snapshot
    from test_deck import FakeDeck

MARK = "6669"
"""Parameters that no terminal program would choose, so that a control sequence with them is one of theirs."""
CLASSES = {
    **{name: payload for name, (payload, _) in PAYLOADS.items()},
    "colour": f"\x1b[{MARK}mx",
    "cursor": f"\x1b[{MARK};{MARK}Hx",
    "title": f"\x1b]0;{MARK}\x07",
    "link": f"\x1b]8;;http://{MARK}\x1b\\x\x1b]8;;\x1b\\",
    "device string": f"\x1bP{MARK}\x1b\\",
    "unterminated": f"\x1b]0;{MARK}",
    "reset": "\x1bc",
    "bell, backspace, return": "\x07\x08\r\x7f",
    "surrogate": "a\ud800b",
    "separators": "a\u2028b\u2029c",
    "invisible": "a\u200b\u200d\ufeff\u00adb",
}
_PIECES = [
    "\x1b", "\x9b", "\x9d", "\x90", "\x1b[", "\x1b]", f"[{MARK}m", f"{MARK};", "\x07", "\x00", "\x7f", "\x85", "\u202e", "\u2066",
    "\u200b", "\u2028", "\ufeff", "[/", "[bold]", "[@click=app.leave]", "\\", "x", "ä", "\U0001f600", "\n", "\t", "\r", '"',
    "e\u0301",
]  # fmt: skip
SCREENS = ("w", "i", "m", "e", "L", "I", "question_mark", "at", "x", "b", "Q", "ctrl+p", "F", "P", "D")
REFUSED = {"F": "w", "P": "right", "D": "enter"}
"""Keys of the demo's panels that do something, and are told why not."""
STAY = ("w", "i", "m", "p")
"""Keys that open nothing which would have to be left."""
PLAIN = "plain text"
"""What the dashboard itself takes to open its screens."""
A_FRAME = 40
FEW = 8
OPENINGS, WELL_SECONDS = 6, 0.08
"""Where there are more than a few of them, what holds the screen up is shown again, and the best counts: what other processes
do to the machine meanwhile is not the dashboard's."""


def take_away(layers: str, put: Callable[[object, str, Any], None] = setattr) -> None:
    """Leave only these layers; `put` sets an attribute."""
    if layers in ("filter", "none"):
        put(plain_text, "_ONE_LINE", {0x09: " ", 0x0A: " "})
        put(plain_text, "_MANY_LINES", {})
    if layers in ("door", "none"):
        put(BaseApp, "get_line_filters", App.get_line_filters)


class Stalls:
    """The longest time that the screen's thread did not come round."""

    def __init__(self) -> None:
        self.longest_seconds = 0.0

    async def run(self) -> None:
        """Look every few milliseconds."""
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            self.longest_seconds = max(self.longest_seconds, time.perf_counter() - before - 0.005)


def memory_bytes() -> int:
    """Resident memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Drive:
    """What is done to the screen."""

    def __init__(self, app: DashboardApp, facade: FakeFacade, deck: FakeDeck, what: str, count: int) -> None:
        self.app, self.facade, self.deck, self.what, self.count = app, facade, deck, what, count
        self.shown = 0
        self.problem = ""
        self.stalls: dict[str, float] = {}
        self.grown_bytes = 0

    async def run(self, pilot: Any) -> None:
        """Everything, then leave."""
        try:
            await getattr(self, f"_{self.what}")(pilot)
        except BaseException as error:
            self.problem = f"{type(error).__name__}: {error}"
            raise
        finally:
            self.app.exit(0)

    async def _frame(self, pilot: Any) -> None:
        self.app.refresh_frame()
        await pilot.pause()
        await asyncio.sleep(0.01)  # so that it is drawn

    async def _payloads(self, pilot: Any) -> None:
        classes = {"all as one": "".join(CLASSES.values())} if self.count == 1 else dict(list(CLASSES.items())[: self.count])
        for name, payload in {PLAIN: PLAIN, **classes}.items() if self.count > FEW else classes.items():
            self.facade.now = infested(payload)
            self.facade.details = {payload: infested_message(payload)}
            self.facade.queues = {payload: infested_queue(payload)}
            self.facade.refusals = {"pause": ConfigurationError(payload)}
            self.deck.said = payload
            await self._well(name, self._through_every_screen, pilot)
            self.shown += name != PLAIN

    async def _through_every_screen(self, pilot: Any) -> None:
        await self._frame(pilot)
        for key in (*SCREENS, "p"):
            await pilot.press(key)
            await self._frame(pilot)
            if key in ("i", "m"):
                await pilot.press("enter")
                await self._frame(pilot)
                for inside in ("u", "r", "escape"):
                    await pilot.press(inside)
                    await self._frame(pilot)
            if key in REFUSED:
                await pilot.press(REFUSED[key])
                await self._frame(pilot)
            if key not in STAY:
                await pilot.press("escape")
        await pilot.hover(offset=(10, 5))
        await self._frame(pilot)
        self.app.clear_notifications()
        await self.app.screen.query(ToastHolder).remove()  # which Textual leaves there, unlike those whose time is up
        while len(self.app.screen_stack) > 2:
            await pilot.press("escape")

    async def _well(self, name: str, show: Callable[[Any], Awaitable[None]], pilot: Any) -> None:
        """Show it, where there are more than a few things to show again until that goes well."""
        for _ in range(OPENINGS if self.count > FEW else 1):
            if self.stalls.get(name, WELL_SECONDS) >= WELL_SECONDS:
                async with self._watched(name):
                    await show(pilot)

    @contextlib.asynccontextmanager
    async def _watched(self, name: str) -> AsyncIterator[None]:
        """The longest stall meanwhile, under this name; the best where it is done again."""
        stalls = Stalls()
        watching = asyncio.create_task(stalls.run())
        yield
        watching.cancel()
        self.stalls[name] = min(stalls.longest_seconds, self.stalls.get(name, stalls.longest_seconds))

    async def _fuzz(self, pilot: Any) -> None:
        dice = random.Random(10_000)
        await pilot.press("m")
        gc.collect()
        before = memory_bytes()
        async with self._watched("made-up strings"):
            while self.shown < self.count:
                strings = ["".join(dice.choices(_PIECES, k=dice.randint(1, 12))) for _ in range(A_FRAME)]
                self.facade.now = fuzzed(strings)
                await self._frame(pilot)
                self.shown += len(strings)
        self.grown_bytes = memory_bytes() - before

    async def _bombs(self, pilot: Any) -> None:
        facade = self.facade
        await pilot.press("i")
        await self._frame(pilot)
        gc.collect()
        before = memory_bytes()
        bodies = list(bombs().items())[: self.count]
        for name, body in bodies:
            facade.details = {held(1).message_id: detail(1, body=body)}
            await self._well(name, self._open, pilot)
            self.shown += 1
        self.grown_bytes = memory_bytes() - before

    async def _open(self, pilot: Any) -> None:
        """Look at the body in every way."""
        for key in ("enter", "u", "r", "G", "escape"):
            await pilot.press(key)
            await self._frame(pilot)
            await self.app.workers.wait_for_complete()
            await self._frame(pilot)


def fuzzed(strings: list[str]) -> Snapshot:
    """A snapshot whose rows and lines are these strings."""
    history = tuple(
        finished(number, Outcome.RETRIED, message_id=f"{number}{text}", error=text, preview=text)
        for number, text in enumerate(strings)
    )
    rows = tuple(held(number, message_id=f"{number}{text}", group_id=text, preview=text) for number, text in enumerate(strings))
    events = tuple(event(text, Level.ERROR, "poll.error", queue=text) for text in strings)
    return snapshot(consumer(strings[0], history=history, in_flight=rows), events=events)


def bombs() -> dict[str, str]:
    """Bodies that are large, deep, or swell when they are formatted."""
    mebibyte = 1024 * 1024
    deep = "[" * 990 + "1" + "]" * 990
    zipped_json = gzip.compress(json.dumps([{"a": "[1]"}] * 18_000).encode(), 9)
    return {
        "1 MiB on one line": "x" * mebibyte,
        "990 deep": deep,
        "controls, escaped": "\x00" * 100_000,
        "pretty-print": json.dumps([json.loads("[" * 90 + "]" * 90)] * 400),
        "gzip": base64.b64encode(gzip.compress(b"0" * (64 * mebibyte), 9)).decode(),
        "bidi": "\u202e" * 50_000,
        "lines": "ab\n" * 300_000,
        "many times 990 deep": f"[{','.join([deep] * 20)}]",
        "digits": "9" * 5000,
        "giant integer": f'{{"n": {"9" * 100_000}}}',
        "brackets": "[" * mebibyte,
        "colours": "\x1b[31m" * 50_000,
        "escapes in JSON": '{"a": "' + "\\u001b" * 100_000 + '"}',
        "marks": "e" + "\u0301" * 100_000,
        "240 KiB of names": json.dumps({f"k{number}": number for number in range(15_000)}),
        "empty lines": "\n" * mebibyte,
        "JSON in gzip": base64.b64encode(zipped_json).decode(),
        "JSON in strings": json.dumps([json.dumps([json.dumps({"a": 1})] * 8)] * 1_500),
        "1 MiB of names": json.dumps({f"k{number}": number for number in range(60_000)}),
        "names of secrets": "TOKEN" * 20_000,
        "wide": "漢" * 100_000,
        "emoji": "\U0001f469\U0001f3ff" * 50_000,
        **{f"100,000 of {name}": (text * 100_000)[:100_000] for name, text in CLASSES.items()},
    }


def end_with_the_terminal() -> None:
    """Textual would go on reading its end, as fast as it can."""
    gone = select.poll()
    gone.register(sys.stdin.fileno(), 0)  # a hang-up is told in any case
    gone.poll()
    os._exit(1)


def main(layers: str, what: str, count: str, result: str) -> int:
    """The exit code."""
    threading.Thread(target=end_with_the_terminal, daemon=True).start()
    take_away(layers)
    facade = FakeFacade(snapshot(consumer(in_flight=(held(1),))))
    departure = Departure(facade, lambda code: os._exit(code))
    deck: Any = HostileDeck(said=PLAIN)
    app = DashboardApp(facade, DashboardOptions(fps=0.001, clock=lambda: NOW, deck=deck), departure)
    drive = Drive(app, facade, deck, what, int(count))
    gc.collect()
    gc.freeze()
    app.run(auto_pilot=drive.run)
    told = {"shown": drive.shown, "problem": drive.problem, "stalls": drive.stalls, "grown_bytes": drive.grown_bytes}
    Path(result).write_text(json.dumps(told))
    return 1 if drive.problem else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
