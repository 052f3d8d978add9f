"""The one table of commands: bindings, the key bar, the palette and the help screen are all made from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from textual.binding import Binding

if TYPE_CHECKING:
    from collections.abc import Callable


class Group(StrEnum):
    """The headings of the help screen, in its order."""

    CONSUMER = "Consumer"
    QUEUES = "Queues"
    PANES = "Panes"
    MESSAGES = "Messages"
    VIEW = "View"
    MOVE = "Move"
    LEAVE = "Leave"


class Pane(StrEnum):
    """What can have the focus; the values are widget ids."""

    QUEUES = "queues"
    WORKERS = "workers"
    IN_FLIGHT = "in-flight"
    HISTORY = "history"
    POLLERS = "pollers"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides which commands are allowed now. `covering` is a browser of queues that is not the first screen."""

    pane: Pane | None = None
    queue: bool = False
    consuming: bool = False
    message: bool = False
    event: bool = False
    identity: bool = False
    paused: bool = False
    frozen: bool = False
    filtered: bool = False
    leaving: bool = False
    view_only: bool = False
    browsing: bool = False
    covering: bool = False


def _always(situation: Situation) -> bool:
    return not situation.leaving


def _on_dashboard(situation: Situation) -> bool:
    return not situation.browsing and not situation.leaving


def _while_browsing(situation: Situation) -> bool:
    return situation.browsing and not situation.leaving


def _while_consuming(situation: Situation) -> bool:
    return situation.consuming and _on_dashboard(situation)


def _on_rows(situation: Situation) -> bool:
    return _while_consuming(situation) or _while_browsing(situation)


def _on_message(situation: Situation) -> bool:
    return _while_consuming(situation) and situation.message


def _on_something(situation: Situation) -> bool:
    on_queue = situation.browsing and situation.queue
    return _on_message(situation) or ((situation.event or situation.identity or on_queue) and not situation.leaving)


def _in_history(situation: Situation) -> bool:
    return _on_message(situation) and situation.pane is Pane.HISTORY


def _on_free_queue(situation: Situation) -> bool:
    return _while_browsing(situation) and situation.queue and not situation.consuming


def _something_to_undo(situation: Situation) -> bool:
    return situation.filtered or situation.frozen or situation.covering


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the user can do.

    `keys` are Textual's key names and `key` is how people read them. `bar` is the word in the key bar ("" keeps it out),
    shown with `bar_key` where that differs from `key`; `undo_bar` is the word while the command is `in_effect`. `rank` is
    its importance there (the lowest goes first when the line is too short). `changes` marks what changes anything outside
    this screen. `action` is the table widget's own action, or empty for the screen's `command`.
    """

    id: str
    keys: tuple[str, ...]
    key: str
    title: str
    help: str
    group: Group
    when: Callable[[Situation], bool] = _always
    changes: bool = False
    bar: str = ""
    bar_key: str = ""
    undo_bar: str = ""
    in_effect: Callable[[Situation], bool] = lambda _: False
    rank: int = 0
    action: str = ""

    def word(self, situation: Situation) -> str:
        """The word in the key bar now."""
        return self.undo_bar if self.in_effect(situation) else self.bar

    def allowed(self, situation: Situation) -> bool:
        """Whether it makes sense now."""
        return self.when(situation) and not (self.changes and situation.view_only)


COMMANDS = (
    Command(
        "pause", ("p",), "p", "Pause or resume",
        "Stop receiving on the selected queue and work off what is held; press again to receive.",
        Group.CONSUMER, _while_consuming, changes=True, bar="Pause", rank=8,
        undo_bar="Resume", in_effect=lambda situation: situation.paused,
    ),
    Command(
        "grow", ("plus",), "+", "Add a thread",
        "One thread more in the focused pool: pollers in the pollers pane, else workers.",
        Group.CONSUMER, _while_consuming, changes=True, bar="Pool", bar_key="+/-", rank=6,
    ),
    Command(
        "shrink", ("minus",), "-", "Remove a thread",
        "One thread fewer in the focused pool, after its current message.",
        Group.CONSUMER, _while_consuming, changes=True,
    ),
    Command(
        "browse", ("Q",), "Q", "Queues of the endpoint",
        "All queues, consumed or not: depths, dead-letter queues, settings.",
        Group.QUEUES, _on_dashboard, bar="Queues", rank=1,
    ),
    Command(
        "consume", ("c",), "c", "Consume this queue",
        "Start a consumer on the queue under the cursor with a handler you choose. Success deletes messages.",
        Group.QUEUES, _on_free_queue, changes=True, bar="Consume", rank=9,
    ),
    Command(
        "sort", ("o",), "o", "Sort by the next column",
        "Figures the largest first, words from a to z; what is not known comes last.",
        Group.QUEUES, _while_browsing, bar="Sort", bar_key="o/O", rank=4,
    ),
    Command(
        "reverse", ("O",), "O", "Reverse the sort",
        "The same column the other way round.", Group.QUEUES, _while_browsing,
    ),
    Command(
        "workers", ("w",), "w", "Workers",
        "What each worker does.", Group.PANES, _while_consuming, bar="Workers", rank=3,
    ),
    Command(
        "in_flight", ("i",), "i", "In flight",
        "The messages held now, and how long their leases run.", Group.PANES, _while_consuming, bar="In flight", rank=3,
    ),
    Command(
        "history", ("m",), "m", "Messages",
        "Finished messages: how they ended, how long they took.", Group.PANES, _while_consuming, bar="Messages", rank=3,
    ),
    Command(
        "open", ("enter",), "enter", "Open",
        "The message under the cursor, an event or the identity, whole; among queues, all that SQS tells of one.",
        Group.MESSAGES, _on_something, bar="Open", rank=5, action="open",
    ),
    Command(
        "replay", ("R",), "R", "Replay message",
        "Send the finished message under the cursor again as a new one, after a confirmation.",
        Group.MESSAGES, _in_history, changes=True, bar="Replay", rank=4,
    ),
    Command(
        "filter", ("slash",), "/", "Filter",
        "Keep the workers, in-flight and finished messages whose id, body, error or group contains a text, or the queues whose "
        "name does; ^ and the start of a name searches on the server.",
        Group.VIEW, _on_rows, bar="Filter", rank=2,
    ),
    Command(
        "identity", ("I",), "I", "Identity",
        "Who this is and why: environment, credentials, every provider, expiry; and the timeouts of the client.",
        Group.VIEW, bar="Identity",
    ),
    Command(
        "freeze", ("f",), "f", "Freeze the view",
        "Hold the screen still; consuming and counting go on. Press again to go on watching.",
        Group.VIEW, _on_dashboard, bar="Freeze", undo_bar="Unfreeze", in_effect=lambda situation: situation.frozen, rank=1,
    ),
    Command(
        "screenshot", ("s",), "s", "Save a screenshot",
        "Write what you see to an SVG file, and say where.", Group.VIEW,
    ),
    Command(
        "back", ("escape",), "esc", "Back",
        "Close what is open; clear the filter; end a freeze.", Group.VIEW, _something_to_undo, bar="Back", rank=5,
    ),
    Command(
        "queue", tuple("123456789"), "1-9", "Select a queue",
        "Show that queue's panes.", Group.MOVE, _on_dashboard,
    ),
    Command("up", ("up", "k"), "up k", "Up", "One row up.", Group.MOVE, action="move(-1)"),
    Command("down", ("down", "j"), "down j", "Down", "One row down.", Group.MOVE, action="move(1)"),
    Command("page_up", ("pageup",), "pgup", "Page up", "One page up.", Group.MOVE, action="page(-1)"),
    Command("page_down", ("pagedown",), "pgdn", "Page down", "One page down.", Group.MOVE, action="page(1)"),
    Command(
        "top", ("g", "home"), "g home", "First row",
        "The first row; among messages and events, stay with the newest.", Group.MOVE, action="top",
    ),
    Command("bottom", ("G", "end"), "G end", "Last row", "The last row.", Group.MOVE, action="bottom"),
    Command("next_pane", (), "tab", "Next pane", "Focus the next pane; shift+tab the one before.", Group.MOVE),
    Command("help", ("question_mark",), "?", "Help", "All keys and what the words mean.", Group.VIEW, bar="Help", rank=9),
    Command("palette", (), "ctrl+p", "Commands", "Find a command by name; also the themes.", Group.VIEW),
    Command(
        "quit", ("q", "ctrl+c", "ctrl+q"), "q", "Quit",
        "Drain: stop receiving, finish what is held, then leave. A second press leaves now and releases what it can.",
        Group.LEAVE, lambda _: True, bar="Quit", rank=10,
    ),
)  # fmt: skip

BY_ID = {command.id: command for command in COMMANDS}


def table_bindings() -> list[Binding]:
    """The bindings of a table: movement, and opening the row under the cursor."""
    return [
        Binding(key, command.action, command.title, show=False) for command in COMMANDS if command.action for key in command.keys
    ]


def open_bindings() -> list[Binding]:
    """The binding of what is one thing to open, and no table."""
    return [Binding(key, "open", BY_ID["open"].title, show=False) for key in BY_ID["open"].keys]


def screen_bindings() -> list[Binding]:
    """The bindings of the main screen: all but the tables' own and leaving."""
    return [
        Binding(key, f"command('{command.id}', '{key}')", command.title, show=False)
        for command in COMMANDS
        if not command.action and command.group is not Group.LEAVE
        for key in command.keys
    ]


def app_bindings() -> list[Binding]:
    """Leaving, from everywhere. The control keys work while a text is being typed, too."""
    return [
        Binding(key, "leave", BY_ID["quit"].title, show=False, priority=key.startswith("ctrl+")) for key in BY_ID["quit"].keys
    ]


def bar_commands(situation: Situation) -> list[Command]:
    """What the key bar offers now, in the table's order."""
    here = situation.pane.name.lower() if situation.pane else None
    return [command for command in COMMANDS if command.bar and command.id != here and command.allowed(situation)]


def palette_commands(situation: Situation) -> list[Command]:
    """What the palette offers now."""
    unlisted = {Group.MOVE}
    return [
        command
        for command in COMMANDS
        if command.group not in unlisted and command.id not in {"palette", "back"} and command.allowed(situation)
    ]


def help_commands(situation: Situation) -> list[tuple[Group, list[Command]]]:
    """What the help screen lists: every command by group, without those that view-only hides."""
    return [(group, [c for c in COMMANDS if c.group is group and not (c.changes and situation.view_only)]) for group in Group]
