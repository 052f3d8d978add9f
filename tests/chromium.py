"""A page in headless Chromium, and what went to and fro over its websocket."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playwright.sync_api import Page, sync_playwright

from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import WebSocket

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@dataclass
class Browsed:
    """A page that has been opened."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    drawn: bytearray = field(default_factory=bytearray)

    def until(self, condition: Callable[[], object]) -> None:
        """Until something holds; the browser's own events are taken in meanwhile."""
        wait_until(lambda: (self.page.evaluate("0"), condition())[1])

    def until_drawn(self, text: bytes, start: int = 0) -> None:
        """Until the server has sent a text after so many bytes."""
        self.until(lambda: text in self.drawn[start:])

    def until_changed(self, picture: bytes) -> bytes:
        """Until the page looks different from that; how it looks then."""
        pictures = [picture]

        def changed() -> bool:
            pictures.append(self.page.screenshot())
            return pictures[-1] != picture

        self.until(changed)
        return pictures[-1]

    def sizes(self) -> list[tuple[int, int]]:
        """The sizes in cells that the page has told, in order."""
        frames = [json.loads(frame) for frame in self.sent]
        return [(frame[1]["width"], frame[1]["height"]) for frame in frames if frame[0] == "resize"]

    def watch(self) -> None:
        """Note what the page does."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.on("websocket", self._watch_socket)

    def _watch_socket(self, socket: WebSocket) -> None:
        self.requests.append(socket.url)
        socket.on("framesent", lambda frame: self.sent.append(str(frame)))
        socket.on("framereceived", lambda frame: self.drawn.extend(frame if isinstance(frame, bytes) else b""))


@contextmanager
def browsed(url: str, width: int, height: int) -> Iterator[Browsed]:
    """The page at a URL, in a window of so many pixels, when the first of it has been drawn."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            there = Browsed(browser.new_page(viewport={"width": width, "height": height}))
            there.watch()
            there.page.goto(url)
            there.page.wait_for_selector("body.-first-byte")
            yield there
        finally:
            browser.close()
