"""The commands that look into queues, put messages back, and unlock the right to do so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from sqs_core.action_log import log_path
from sqs_core.errors import ConfigurationError, describe
from sqs_tui.editor import edit
from sqs_tui.format import clock_time
from sqs_tui.place_text import where
from sqs_tui.safe_text import content, one_line
from sqs_tui.screens.actions import ActionsScreen
from sqs_tui.screens.bench import BenchScreen
from sqs_tui.screens.dialogs import Confirm
from sqs_tui.screens.job import JobScreen
from sqs_tui.screens.typed import Typed, type_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.facade import EngineFacade
    from sqs_tui.options import DashboardOptions
    from sqs_tui.screens.shared_commands import Commanded


class WriteCommands:
    """About the queue that is `selected` on a screen; a refusal becomes a toast."""

    def __init__(
        self, screen: Commanded, facade: EngineFacade, options: DashboardOptions, selected: Callable[[], str | None]
    ) -> None:
        self._screen, self._facade, self._options, self._selected = screen, facade, options, selected
        self._bench = facade.workbench()

    def messages(self) -> None:
        """What is in the queue."""
        self._open_bench(dead_letters=False)

    def own_messages(self) -> None:
        """What our own workers hold or have handled, on the bench."""
        self._open_bench(dead_letters=False, own=True)

    def dead_letters(self) -> None:
        """The dead-letter queue of the selected queue."""
        self._open_bench(dead_letters=True)

    def edit(self, queue: str, message_id: str) -> None:
        """Change the body of a finished message in the editor, then send it again as a new one."""
        try:
            if (lock := self._bench.lock()).locked:
                raise ConfigurationError(lock.why)  # noqa: TRY301 - shown like every other refusal
            detail = self._facade.message(queue, message_id)
            if detail is None:
                raise ConfigurationError(f"message {message_id} is no longer remembered here")  # noqa: TRY301 - as above
            with self._screen.app.suspend():
                body = edit(detail.message.body)
            if body is None:
                self._screen.notify("The body is as it was: nothing was sent.", markup=False)
            else:
                self._confirm_edited(queue, message_id, body)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown and the dashboard goes on
            self._refuse(describe(error))

    def _confirm_edited(self, queue: str, message_id: str, body: str) -> None:
        question = Content.assemble(
            "Send the edited body, ",
            (f"{len(body):,} characters", "bold"),
            ", to ",
            content(queue, style="bold"),
            f" ({where(self._facade)})?\n\nA new message with the attributes of\n",
            content(message_id, style="bold"),
        )

        def answer(yes: bool | None) -> None:
            if yes:
                try:
                    self._facade.replay(queue, message_id, body)
                except Exception as error:  # noqa: BLE001 - as above
                    self._refuse(describe(error))

        self._screen.app.push_screen(Confirm("Edit and replay", question, "Yes, send it"), answer)

    def unlock(self) -> None:
        """Ask for the reason; where writes are unlocked, lock them."""
        lock = self._bench.lock()
        if not lock.locked:
            self._bench.relock()
            said = "Writes are locked again." if lock.until is not None else "Nothing is locked: this environment is local."
            self._screen.notify(said, markup=False)
            return
        if not lock.unlockable:
            self._refuse(lock.why)
            return

        def take(reason: str) -> str | None:
            try:
                self._bench.unlock(reason)
            except ConfigurationError as error:
                return str(error)
            until = self._bench.lock().until
            self._screen.notify(f"Writes are unlocked until {clock_time(until or 0)} UTC; ! locks them.", markup=False)
            return None

        environment = self._facade.snapshot().engine.environment.upper()
        question = Content(f"Unlock writes in {environment} for 10 minutes? Say why: it goes into the action log.")
        self._screen.app.push_screen(Typed("Unlock writes", question, "the reason, such as a ticket", take))

    def open_actions(self) -> None:
        """What was written from here."""
        try:
            path = str(log_path())
        except ConfigurationError as error:
            self._refuse(str(error))
            return
        self._screen.app.push_screen(ActionsScreen(self._bench.actions(), path))

    def purge(self) -> None:
        """Ask for the queue's name, then purge."""
        queue = self._selected()
        if queue is None:
            return
        if (lock := self._bench.lock()).locked:
            self._refuse(lock.why)
            return
        place = where(self._facade)
        question = Content.assemble(
            ("▲ ", "bold $text-warning"),
            "Delete EVERYTHING in ",
            content(queue, style="bold"),
            f" ({place})? There is no backup and no undo. Type the queue's name; how many there are comes next.",
        )

        def then(done: bool | None) -> None:
            if done:
                try:
                    self._bench.purge(queue)
                except ConfigurationError as error:
                    self._refuse(str(error))
                else:
                    self._screen.app.push_screen(JobScreen(self._bench, place, canary=False))

        self._screen.app.push_screen(type_name("Purge", queue, question), then)

    def _open_bench(self, *, dead_letters: bool, own: bool = False) -> None:
        queue = self._selected()
        if queue is not None:
            view_only = self._options.view_only
            screen = BenchScreen(self._facade, queue, dead_letters=dead_letters, own=own, view_only=view_only)
            self._screen.app.push_screen(screen)

    def _refuse(self, text: str) -> None:
        self._screen.notify(one_line(text), severity="error", markup=False)
