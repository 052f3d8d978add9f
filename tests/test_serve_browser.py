"""`sqs-tui serve` in headless Chromium: what is seen changes, keys and sizes arrive, nothing comes from elsewhere."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")

from attaching import idle_engine, served
from chromium import CHROMIUM, browsed
from serving import Serving, living
from sqs_core.events import Code
from sqs_core.model import Level


@pytest.mark.skipif(CHROMIUM is None, reason="neither chromium nor google-chrome is installed")
def test_a_browser_shows_what_happens() -> None:
    engine = idle_engine()
    with served(engine) as path, Serving(str(path)) as serving, browsed(serving.url, 850, 420) as there:
        there.until_drawn(b"Nothing to report.")
        quiet = there.until_changed(b"")

        engine.events.record(Level.INFO, Code.ENGINE_STARTED, None, "something new")
        there.until_drawn(b"something new")
        lively = there.until_changed(quiet)

        there.page.keyboard.press("?")
        there.until_drawn(b"closes")
        there.until_changed(lively)
        there.page.keyboard.press("Escape")

        wide, tall = there.sizes()[-1]
        assert wide > 100
        start = len(there.drawn)
        there.page.set_viewport_size({"width": 560, "height": 300})
        there.until(lambda: there.sizes()[-1][0] < wide and there.sizes()[-1][1] < tall)
        there.until_drawn(f"\x1b[{there.sizes()[-1][1]};1H".encode(), start)

        assert not [url for url in there.requests if not url.replace("ws://", "http://").startswith(serving.url)]
        assert there.errors == []
        children = serving.children()
        assert len(children) == 1
        assert serving.end() == (0, "", "")
        there.page.wait_for_selector(".closed", state="visible")
        assert not living(children)
