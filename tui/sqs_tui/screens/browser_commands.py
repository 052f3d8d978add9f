"""What each command does in the browser of queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from sqs_core.errors import describe
from sqs_tui.screens.copying import copy_text
from sqs_tui.screens.dialogs import ChooseHandler
from sqs_tui.screens.queue_details import QueueScreen
from sqs_tui.screens.shared_commands import SharedCommands
from sqs_tui.screens.write_commands import WriteCommands

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.facade import EngineFacade
    from sqs_tui.options import DashboardOptions
    from sqs_tui.screens.browser import BrowserScreen
    from sqs_tui.viewer import Viewer


class BrowserCommands(SharedCommands):
    """Runs commands on the queue under the browser's cursor."""

    def __init__(
        self, screen: BrowserScreen, facade: EngineFacade, viewer: Viewer, options: DashboardOptions, redraw: Callable[[], None]
    ) -> None:
        super().__init__(screen, facade, viewer, options, redraw)
        self._screen: BrowserScreen = screen
        self._writes = WriteCommands(screen, facade, options, lambda: screen.queue)

    def run(self, command_id: str) -> None:
        """Run one."""
        actions: dict[str, Callable[[], None]] = {
            "consume": self._consume_current,
            "open": self._open,
            "sort": self._screen.sort_by_next,
            "reverse": self._screen.sort_reversed,
            "filter": self._filter,
            "identity": self._open_identity,
            "screenshot": self._screenshot,
            "back": self._back,
            "help": self._push_help,
            "history": self._writes.messages,
            "dead_letters": self._writes.dead_letters,
            "unlock": self._writes.unlock,
            "actions": self._writes.open_actions,
            "purge": self._writes.purge,
            "copy": self._copy,
        }
        actions[command_id]()

    def _copy(self) -> None:
        url = self._screen.url
        if url is not None:
            copy_text(self._screen, url)

    def _open(self) -> None:
        """The panes of a queue that is consumed here, else all that SQS tells of it; or the identity."""
        queue = self._screen.queue
        if self._screen.situation.identity:
            self._open_identity()
        elif queue is not None and self._screen.consumes(queue):
            self._viewer.select(queue)
            self._screen.close()
        elif queue is not None:

            def answer(consume: bool | None) -> None:
                if consume:
                    self._consume(queue)

            may_consume = not self._options.view_only
            self._screen.app.push_screen(QueueScreen(self._facade, queue, may_consume=may_consume), answer)

    def _consume_current(self) -> None:
        if self._screen.queue is not None:
            self._consume(self._screen.queue)

    def _consume(self, queue: str) -> None:
        if (lock := self._facade.workbench().lock()).locked:
            self._refuse(f"consuming receives and deletes: {lock.why}")
            return
        self._screen.app.push_screen(
            ChooseHandler(queue, lambda handler: self._add_consumer(queue, handler)), lambda _: self._show_panes(queue)
        )

    def _add_consumer(self, queue: str, handler: str) -> str | None:
        try:
            self._facade.add_consumer(queue, handler)
        except Exception as error:  # noqa: BLE001 - loading a handler runs foreign code, which may raise anything
            return describe(error)
        return None

    def _show_panes(self, queue: str) -> None:
        """Of a queue that is consumed by now; the choice of a handler may have been given up."""
        if any(consumer.queue == queue for consumer in self._facade.snapshot().consumers):
            self._viewer.select(queue)
            self._screen.close()
        self._redraw()

    def _filter(self) -> None:
        box = self._screen.query_one("#filter", Input)
        box.display = True
        self._screen.set_focus(box)  # at once: a q that follows closely must not quit

    def _back(self) -> None:
        if not self._screen.clear_filter():
            self._screen.close()
