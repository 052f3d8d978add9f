"""Commands that more than one screen has, and how a refusal by the engine is told."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqs_core.errors import describe
from sqs_tui.format import stamp
from sqs_tui.new_file import write_new
from sqs_tui.safe_text import one_line
from sqs_tui.screens.help import Help
from sqs_tui.screens.identity import IdentityScreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from sqs_core.facade import EngineFacade
    from sqs_core.model import MessageDetail
    from sqs_tui.commands import Situation
    from sqs_tui.options import DashboardOptions
    from sqs_tui.viewer import Frame, Viewer


_FORGOTTEN = "This message has been forgotten: only the newest finished ones are kept."


class Pictured(Protocol):
    """A screen that can be saved as a picture."""

    @property
    def app(self) -> App[Any]: ...
    def notify(self, message: str, *, severity: Any = "information", markup: bool = True) -> None: ...


class Commanded(Pictured, Protocol):
    """A screen that commands run on."""

    frame: Frame

    @property
    def situation(self) -> Situation: ...


class SharedCommands:
    """A refusal by the engine becomes a toast."""

    def __init__(
        self, screen: Commanded, facade: EngineFacade, viewer: Viewer, options: DashboardOptions, redraw: Callable[[], None]
    ) -> None:
        self._screen = screen
        self._facade = facade
        self._viewer = viewer
        self._options = options
        self._redraw = redraw

    def _open_identity(self) -> None:
        if self._screen.frame.snapshot is not None:
            self._screen.app.push_screen(IdentityScreen(self._screen.frame.snapshot, self._screen.situation))

    def _screenshot(self) -> None:
        save_screenshot(self._screen, self._options)

    def _push_help(self) -> None:
        self._screen.app.push_screen(Help(self._screen.situation))

    def _attempt(self, command: Callable[[], None]) -> None:
        """Run it and draw what came of it, which might be a second off otherwise."""
        try:
            command()
        except Exception as error:  # noqa: BLE001 - whatever the engine says is shown and the dashboard goes on
            self._refuse(describe(error))
        else:
            self._redraw()

    def _with_message(self, queue: str, message_id: str, then: Callable[[MessageDetail], None]) -> None:
        """Do something with a message, whole. That of another process is fetched without keeping the screen waiting."""

        def fetch() -> None:
            try:
                detail = self._facade.message(queue, message_id)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is shown and the dashboard goes on
                do(partial(self._refuse, describe(error)))
            else:
                do(lambda: self._refuse(_FORGOTTEN) if detail is None else then(detail))

        def do(work: Callable[[], None]) -> None:
            if not self._options.attached:
                work()
                return
            with suppress(RuntimeError):  # the screen may have been left meanwhile
                self._screen.app.call_from_thread(work)

        if self._options.attached:
            threading.Thread(target=fetch, name="message", daemon=True).start()
        else:
            fetch()

    def _refuse(self, text: str) -> None:
        self._screen.notify(one_line(text), severity="error", markup=False)


def save_screenshot(screen: Pictured, options: DashboardOptions) -> None:
    """Write what is seen to a file of its own, and say where."""
    at = stamp(options.clock()).replace(" UTC", "Z").replace(" ", "T").replace(":", "")
    path = (options.screenshot_dir or Path.cwd()) / f"sqs-tui-{at}.svg"
    try:
        written = write_new(path, screen.app.export_screenshot(title="sqs-tui"))
    except OSError as error:
        screen.notify(one_line(f"no screenshot: {describe(error)}"), severity="error", markup=False)
    else:
        screen.notify(one_line(f"Screenshot: {written}"), markup=False)
