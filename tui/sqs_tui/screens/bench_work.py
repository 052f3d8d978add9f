"""What the commands of the workbench do; a refusal becomes a toast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from sqs_core.bench import JobState, LookState
from sqs_core.errors import ConfigurationError, describe
from sqs_core.model import MessageDetail
from sqs_core.peek import Rung
from sqs_tui.bench_rows import state_text
from sqs_tui.editor import edit
from sqs_tui.endings import endings
from sqs_tui.format import plural
from sqs_tui.place_text import where
from sqs_tui.safe_text import content, one_line
from sqs_tui.screens.fetching import Fetching
from sqs_tui.screens.job import JobScreen
from sqs_tui.screens.message import MessageScreen, Privacy
from sqs_tui.screens.typed import Typed, type_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.facade import EngineFacade
    from sqs_tui.screens.bench import BenchScreen


class BenchWork:
    """Looks, moves, copies, edits and deletes what the bench shows."""

    def __init__(self, screen: BenchScreen, facade: EngineFacade) -> None:
        self._screen, self._facade = screen, facade
        self._bench = facade.workbench()

    def run(self, command_id: str) -> None:
        """Run one of the table's commands."""
        commands: dict[str, Callable[[], None]] = {
            "bench_look": self._look,
            "bench_refresh": self._refresh,
            "bench_own": lambda: self._bench.look_at_own(self._screen.selected),
            "bench_open": self._open,
            "bench_put_back": self._put_back,
            "bench_edit": self._edit,
            "bench_copy": self._copy,
            "bench_move": self._move,
            "bench_delete": self._delete,
        }
        self._attempt(commands[command_id])

    def _attempt(self, command: Callable[[], None]) -> None:
        try:
            command()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown and the dashboard goes on
            self._screen.notify(one_line(describe(error)), severity="error", markup=False)

    def _look(self) -> None:
        if self._bench.view().state in (LookState.ASKING, LookState.SHOWN, LookState.FAILED):
            self._screen.look(receive=True)

    def _refresh(self) -> None:
        if self._bench.view().rung is Rung.OWN and self._bench.view().state is LookState.SHOWN:
            self._bench.look_at_own(self._screen.selected)
        else:
            self._screen.look(receive=False)

    def _open(self) -> None:
        row = self._screen.current()
        if row is not None:
            seen = {Rung.BACK_DOOR: "seen on the emulator's page", Rung.RECEIVE: "received by a look"}.get(row.rung, "known here")
            before = endings(self._facade.snapshot(), row.message.message_id)
            detail = MessageDetail(row.message, (*before, (self._bench.view().at, seen)), None, False)
            self._screen.app.push_screen(
                MessageScreen(
                    detail, None, Privacy.of(self._facade, detail), state=state_text(row), fetching=Fetching.of(self._facade)
                )
            )

    def _put_back(self) -> None:
        ids, view = self._chosen(), self._bench.view()
        if view.rung is Rung.OWN:  # they are in the queue no longer: they are sent again
            self._bench.copy(ids, self._screen.queue)
        else:
            self._bench.put_back(ids)
        self._show_job()

    def _edit(self) -> None:
        row = self._screen.only_target()
        if row is None:
            return
        ids = frozenset([row.message.message_id])
        if row.rung is Rung.OWN:
            self._bench.copy(ids, self._screen.queue)
        else:
            self._bench.put_back(ids)
        with self._screen.app.suspend():
            try:
                body = edit(row.message.body)
            except BaseException:
                self._bench.cancel()
                raise
        if body is None:
            self._bench.cancel()
            self._screen.notify("The body is as it was: nothing was sent.", markup=False)
            return
        self._show_job({row.message.message_id: body})

    def _copy(self) -> None:
        ids = self._chosen()
        question = f"Copy {plural(len(ids), 'message')} to which queue? A name, or the URL of a queue at a local endpoint."
        self._ask_where("Copy", question, lambda to: self._bench.copy(ids, to))

    def _move(self) -> None:
        ids = self._chosen()
        if self._bench.view().rung is Rung.OWN:
            raise ConfigurationError("these are in the queue no longer, or are being handled: C sends copies")
        question = f"Move {plural(len(ids), 'message')} to which queue? A name, or the URL of a queue at a local endpoint."
        self._ask_where("Move", question, lambda to: self._bench.put_back(ids, to))

    def _ask_where(self, title: str, question: str, begin: Callable[[str], None]) -> None:
        def take(to: str) -> str | None:
            try:
                begin(to)
            except Exception as error:  # noqa: BLE001 - shown beside the box
                return describe(error)
            return None

        def then(done: bool | None) -> None:
            if done:
                self._show_job()

        example = "queue, or http://localhost:4566/000000000000/queue"
        self._screen.app.push_screen(Typed(title, Content(question), example, take), then)

    def _delete(self) -> None:
        ids, queue = self._chosen(), self._screen.queue

        def then(done: bool | None) -> None:
            if done:
                self._attempt(lambda: self._bench.delete(ids))
                self._show_job()

        question = Content.assemble(
            ("▲ ", "bold $text-warning"),
            f"Delete {plural(len(ids), 'message')} of ",
            content(queue, style="bold"),
            f" ({where(self._facade)})? A backup is written first. Type the queue's name.",
        )
        if (lock := self._bench.lock()).locked:
            raise ConfigurationError(lock.why)
        self._screen.app.push_screen(type_name("Delete", queue, question), then)

    def _chosen(self) -> frozenset[str]:
        ids = self._screen.targets()
        if not ids:
            raise ConfigurationError("no message is chosen: mark some with space, or move to one")
        return ids

    def _show_job(self, edited: dict[str, str] | None = None) -> None:
        job = self._bench.view().job
        if job is None or (job.state is JobState.ENDED and not edited):
            return
        consumed = bool(self._facade.snapshot().consumers)
        self._screen.app.push_screen(JobScreen(self._bench, where(self._facade), canary=consumed, edited=edited))
