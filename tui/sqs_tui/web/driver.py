"""Textual's driver for browsers, which also leaves when nobody serves it any more."""

from __future__ import annotations

from textual import messages
from textual.drivers.web_driver import WebDriver


class ServedDriver(WebDriver):
    """Reads keys from stdin and writes what is drawn to stdout, both in packets."""

    def run_input_thread(self) -> None:
        """Read until the end of the input, which is the end of the session however it came."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())
