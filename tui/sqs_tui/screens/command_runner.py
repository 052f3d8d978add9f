"""What each command does. Called by the main screen once the command table has allowed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from sqs_core.model import PoolName
from sqs_tui.commands import Pane
from sqs_tui.demo_commands import PREFIX
from sqs_tui.drain import PAUSED
from sqs_tui.pane_rows import keyed_events
from sqs_tui.play_commands import PREFIX as PLAY_PREFIX
from sqs_tui.safe_text import content
from sqs_tui.screens.browser import BrowserScreen
from sqs_tui.screens.copying import copy_text
from sqs_tui.screens.deck import DeckScreen
from sqs_tui.screens.dialogs import Confirm, ReadEvent
from sqs_tui.screens.fetching import Fetching
from sqs_tui.screens.lens import FailuresScreen, GroupsScreen
from sqs_tui.screens.message import MessageScreen, Privacy
from sqs_tui.screens.play_work import run_play_command
from sqs_tui.screens.shared_commands import SharedCommands
from sqs_tui.screens.write_commands import WriteCommands
from sqs_tui.widgets.caption import CaptionStrip
from sqs_tui.widgets.filter_bar import FilterBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.facade import EngineFacade
    from sqs_core.model import ConsumerSnapshot, MessageDetail
    from sqs_tui.options import DashboardOptions
    from sqs_tui.screens.lens import LensScreen
    from sqs_tui.screens.main import MainScreen
    from sqs_tui.viewer import Viewer


class CommandRunner(SharedCommands):
    """Runs commands on what the main screen shows; a refusal by the engine becomes a toast."""

    def __init__(
        self, screen: MainScreen, facade: EngineFacade, viewer: Viewer, options: DashboardOptions, redraw: Callable[[], None]
    ) -> None:
        super().__init__(screen, facade, viewer, options, redraw)
        self.pane_before_filter: Pane | None = None
        self._screen: MainScreen = screen
        self._writes = WriteCommands(screen, facade, options, lambda: screen.frame.selected)

    def run(self, command_id: str, key: str) -> None:
        """Run one; `key` is the key it was run with, or empty."""
        if command_id.startswith(PREFIX):
            self._act(command_id.removeprefix(PREFIX))
        elif command_id.startswith(PLAY_PREFIX):
            self._play(command_id.removeprefix(PLAY_PREFIX))
        else:
            self._actions(key)[command_id]()

    def _actions(self, key: str) -> dict[str, Callable[[], None]]:
        return {
            "pause": self._pause_or_resume,
            "grow": lambda: self._resize(1),
            "shrink": lambda: self._resize(-1),
            "workers": lambda: self._screen.show_pane(Pane.WORKERS),
            "in_flight": lambda: self._screen.show_pane(Pane.IN_FLIGHT),
            "history": self._messages,
            "dead_letters": self._writes.dead_letters,
            "bench": self._writes.own_messages,
            "edit": self._edit_current,
            "unlock": self._writes.unlock,
            "actions": self._writes.open_actions,
            "purge": self._writes.purge,
            "drain": self._confirm_drain,
            "open": self._open,
            "copy": self._copy,
            "replay": self._replay_current,
            "filter": self._filter,
            "browse": self._browse,
            "freeze": self._freeze,
            "screenshot": self._screenshot,
            "back": self._back,
            "queue": lambda: self._select(int(key or "1")),
            "identity": self._open_identity,
            "failures": lambda: self._open_lens(FailuresScreen),
            "groups": lambda: self._open_lens(GroupsScreen),
            "help": lambda: self._push_help(),
            "deck": self._open_deck,
            "faults": self._open_faults,
            "producer": self._open_producer,
            "burst": self._burst,
            "caption": self._fold_caption,
        }

    def _act(self, action: str) -> None:
        deck = self._options.deck
        if deck is not None:
            self._attempt(lambda: deck.act(action))

    def _play(self, name: str) -> None:
        playback = self._options.playback
        if playback is not None:
            self._attempt(lambda: run_play_command(playback, self._viewer, name))

    def _open_faults(self) -> None:
        from sqs_core.demo.faults import ELSEWHERE  # with it comes much of the demo, which most runs never need
        from sqs_tui.screens.faults import FaultsScreen

        deck = self._options.deck
        if deck is None:
            self._refuse(ELSEWHERE)
        else:
            self._screen.app.push_screen(FaultsScreen(deck, self._screen.frame.selected))

    def _open_producer(self) -> None:
        from sqs_tui.screens.producer import ProducerScreen  # with it comes much of the demo, which most runs never need

        deck = self._options.deck
        if deck is not None:
            self._screen.app.push_screen(ProducerScreen(deck))

    def _burst(self) -> None:
        deck = self._options.deck
        if deck is not None:
            self._attempt(lambda: deck.desk.burst())

    def _fold_caption(self) -> None:
        strip = self._screen.query_one(CaptionStrip)
        strip.fold()
        self._screen.set_class(not strip.folded, "-captioned")

    def _open_deck(self) -> None:
        deck = self._options.deck
        if deck is None:
            return

        def choose(name: str) -> None:
            deck.choose(name)
            self._viewer.restart()

        def chosen(name: str | None) -> None:
            if name is not None:
                self._attempt(lambda: choose(name))

        self._screen.app.push_screen(DeckScreen(deck), chosen)

    def _pause_or_resume(self) -> None:
        consumer = self._consumer_now()
        if consumer is None:
            return
        command = self._facade.resume if consumer.state in PAUSED else self._facade.pause
        self._attempt(lambda: command(consumer.queue))

    def _consumer_now(self) -> ConsumerSnapshot | None:
        """The selected consumer as it is, not as it was drawn: keys come faster than frames, and the view may be frozen."""
        queue = self._screen.frame.selected
        return next((one for one in self._facade.snapshot().consumers if one.queue == queue), None)

    def _resize(self, by: int) -> None:
        consumer = self._consumer_now()
        if consumer is None:
            return
        pollers = self._screen.pane is Pane.POLLERS
        pool, size = (PoolName.POLLERS, consumer.pollers) if pollers else (PoolName.WORKERS, consumer.workers)
        self._attempt(lambda: self._facade.resize(consumer.queue, pool, size.target + by))

    def _open(self) -> None:
        if self._screen.situation.identity:
            self._open_identity()
            return
        row = self._screen.table(self._screen.pane).current if self._screen.pane else None
        queue = self._screen.frame.selected
        if row is not None and self._screen.pane is Pane.EVENTS:
            self._open_event(row.key)
            return
        if row is None or row.message_id is None or queue is None:
            return
        self._open_message(queue, row.message_id)

    def _copy(self) -> None:
        row = self._screen.table(self._screen.pane).current if self._screen.pane else None
        if row is not None and row.message_id is not None:
            copy_text(self._screen, row.message_id)

    def _open_message(self, queue: str, message_id: str) -> None:
        self._with_message(queue, message_id, lambda detail: self._show_message(queue, message_id, detail))

    def _show_message(self, queue: str, message_id: str, detail: MessageDetail) -> None:
        may_replay = detail.replayable and not self._screen.situation.view_only
        replay = (lambda: self._confirm_replay(queue, message_id)) if may_replay else None
        self._screen.app.push_screen(
            MessageScreen(
                detail,
                replay,
                Privacy.of(self._facade, detail),
                self._options.screenshot_dir,
                fetching=Fetching.of(self._facade),
            )
        )

    def _open_lens(self, lens: type[LensScreen]) -> None:
        self._screen.app.push_screen(lens(self._screen.frame, None if self._screen.situation.playing else self._open_message))

    def _open_event(self, key: str) -> None:
        snapshot = self._screen.frame.snapshot
        event = keyed_events(snapshot.events).get(key) if snapshot else None
        if event is not None:
            self._screen.app.push_screen(ReadEvent(event))

    def _replay_current(self) -> None:
        row = self._screen.table(Pane.HISTORY).current
        queue = self._screen.frame.selected
        if row is not None and row.message_id is not None and queue is not None:
            self._confirm_replay(queue, row.message_id)

    def _confirm_replay(self, queue: str, message_id: str) -> None:
        """The answer acts on the message that was under the cursor when the question was asked."""
        question = Content.assemble(
            "Send ",
            ("1 message", "bold"),
            " to ",
            content(queue, style="bold"),
            " again?\n\nA new message with the body and attributes of\n",
            content(message_id, style="bold"),
        )

        def answer(yes: bool | None) -> None:
            if yes:
                self._attempt(lambda: self._facade.replay(queue, message_id))

        self._screen.app.push_screen(Confirm("Replay", question, "Yes, send it"), answer)

    def _confirm_drain(self) -> None:
        link = self._facade.link()
        if link is None:
            return
        question = Content.assemble(
            "Drain ",
            content(link.target, style="bold"),
            "?\n\nIt stops receiving, finishes what it holds and ends.\nNothing here starts it again.",
        )

        def answer(yes: bool | None) -> None:
            if yes:
                self._attempt(self._facade.drain)

        self._screen.app.push_screen(Confirm("Drain", question, "Yes, drain it"), answer)

    def _messages(self) -> None:
        """The finished messages; where nothing is consumed, what is in the queue."""
        if self._screen.frame.consumer is not None:
            self._screen.show_pane(Pane.HISTORY)
        else:
            self._writes.messages()

    def _edit_current(self) -> None:
        row, queue = self._screen.table(Pane.HISTORY).current, self._screen.frame.selected
        if row is not None and row.message_id is not None and queue is not None:
            self._writes.edit(queue, row.message_id)

    def _browse(self) -> None:
        self._screen.app.push_screen(BrowserScreen(self._facade, self._viewer, self._options, self._redraw))

    def _filter(self) -> None:
        self.pane_before_filter = self._screen.pane
        self._screen.query_one(FilterBar).begin()

    def end_filter(self, keep: str | None = None) -> None:
        """Back to the rows; `keep` is a filter to remember."""
        self._screen.query_one(FilterBar).end(keep)
        self._screen.show_pane(self.pane_before_filter or Pane.WORKERS)

    def _freeze(self) -> None:
        self._viewer.toggle_freeze()
        self._redraw()

    def _back(self) -> None:
        bar = self._screen.query_one(FilterBar)
        if self._viewer.filter_text or bar.display:
            self._viewer.filter_text = ""
            bar.clear()
            self.end_filter()
        elif self._screen.frame.frozen_since is not None:
            self._viewer.toggle_freeze()
        self._redraw()

    def _select(self, number: int) -> None:
        queues = self._screen.frame.queues
        if number <= len(queues):
            self._viewer.select(queues[number - 1])
            self._redraw()
