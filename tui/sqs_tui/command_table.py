"""The one table of commands: bindings, the key bar, the palette and the help screen are all made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_tui.command_model import Command, Group, Pane, Place, Situation, allowed_always

if TYPE_CHECKING:
    from collections.abc import Callable


def _on_dashboard(situation: Situation) -> bool:
    return not situation.browsing and not situation.leaving


def _here(when: Callable[[Situation], bool]) -> Callable[[Situation], bool]:
    """Only where the engine is of this process."""
    return lambda situation: when(situation) and not situation.attached


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


def _on_what_has_an_id(situation: Situation) -> bool:
    return _on_message(situation) or (_while_browsing(situation) and situation.queue)


def _in_history(situation: Situation) -> bool:
    return _on_message(situation) and situation.pane is Pane.HISTORY


def _on_free_queue(situation: Situation) -> bool:
    return _while_browsing(situation) and situation.queue and not situation.consuming


def _something_to_undo(situation: Situation) -> bool:
    return situation.filtered or situation.frozen or situation.covering


def _on_queue(situation: Situation) -> bool:
    return situation.queue and not situation.leaving


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
        Group.QUEUES, _here(_on_dashboard), bar="Queues", rank=1,
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
        "Finished messages: how they ended, how long they took. Where nothing is consumed: a look at what is in the queue.",
        Group.PANES, _on_queue, bar="Messages", rank=3,
    ),
    Command(
        "dead_letters", ("x",), "x", "Dead letters",
        "Look into the dead-letter queue of the selected queue, and put messages back.", Group.PANES, _here(_on_queue),
        bar="Dead letters", rank=4,
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
        "copy", ("y",), "y", "Copy the id",
        "The id of the message under the cursor, to the terminal's clipboard (OSC 52); among queues, the queue's URL.",
        Group.MESSAGES, _on_what_has_an_id,
    ),
    Command(
        "bench", ("b",), "b", "Bench",
        "Mark, filter, group, copy or replay several messages: those our workers hold or have handled.",
        Group.PANES, _here(_while_consuming), rank=2,
    ),
    Command(
        "edit", ("E",), "E", "Edit and replay",
        "Change the body of the finished message under the cursor in your editor ($EDITOR), then send it again as a new one.",
        Group.MESSAGES, _in_history, changes=True,
    ),
    Command(
        "filter", ("slash",), "/", "Filter",
        "Keep the workers and messages that match: a text of id, body, error or group; /a pattern/; receives>3, age>5m, "
        "group:id, outcome:failed. Up and down walk through earlier filters. Among queues: those whose name contains a text; "
        "^ and the start of a name searches on the server.",
        Group.VIEW, _on_rows, bar="Filter", rank=2,
    ),
    Command(
        "failures", ("e",), "e", "Failures by cause",
        "What failed in this run, by exception and place in the handler: how often, since when, and a message to look at.",
        Group.VIEW, _while_consuming, bar="Failures",
    ),
    Command(
        "groups", ("L",), "L", "Message groups",
        "FIFO groups, and a fair queue's: which message of each is worked on, by whom and since when; how the others ended.",
        Group.VIEW, _while_consuming,
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
        "unlock", ("exclamation_mark",), "!", "Unlock writes",
        "Where writes are locked: unlock them for 10 minutes, with a reason that goes into the action log; again locks them.",
        Group.MESSAGES, _here(allowed_always), changes=True,
    ),
    Command(
        "actions", ("at",), "@", "Action log",
        "What was written from here: who, when, where, what and why.", Group.VIEW, _here(allowed_always),
    ),
    Command(
        "purge", (), "", "Purge the selected queue",
        "Delete everything in it at once, without a backup. Asks for the queue's name.",
        Group.CONSUMER, _here(_on_queue), changes=True,
    ),
    Command(
        "drain", (), "", "Drain the consumer that this is attached to",
        "Let it stop receiving, finish what it holds and end; this screen stays. Asks first.",
        Group.CONSUMER, lambda situation: situation.attached and not situation.leaving, changes=True,
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
        "bench_mark", ("space",), "space", "Mark",
        "Mark the message, or take its mark away; commands are about the marked ones.",
        Group.BENCH, bar="Mark", rank=7, place=Place.BENCH,
    ),
    Command(
        "bench_mark_all", ("asterisk",), "*", "Mark all", "Mark all that are shown; again, none.", Group.BENCH,
        bar="All", rank=4, place=Place.BENCH,
    ),
    Command(
        "bench_put_back", ("R",), "R", "Put back",
        "Plan to move the marked messages back to the queue they came from; nothing moves before you say yes.",
        Group.BENCH, changes=True, bar="Put back", rank=9, place=Place.BENCH,
    ),
    Command(
        "bench_edit", ("E",), "E", "Edit and put back",
        "Change the body of the marked message in your editor ($EDITOR) while it is held, then put it back.",
        Group.BENCH, changes=True, bar="Edit", rank=6, place=Place.BENCH,
    ),
    Command(
        "bench_move", ("M",), "M", "Move to a queue",
        "Plan to move the marked messages to a queue that you name, here or at a local endpoint.",
        Group.BENCH, changes=True, bar="Move", rank=2, place=Place.BENCH,
    ),
    Command(
        "bench_copy", ("C",), "C", "Copy to a queue",
        "Send copies of the marked messages to another queue, here or at a local endpoint; these stay.",
        Group.BENCH, changes=True, bar="Copy", rank=3, place=Place.BENCH,
    ),
    Command(
        "bench_delete", ("ctrl+d",), "ctrl+d", "Delete",
        "Delete the marked messages, after a backup. Asks for the queue's name.",
        Group.BENCH, changes=True, bar="Delete", rank=2, place=Place.BENCH,
    ),
    Command(
        "bench_open", (), "enter", "Open", "The message whole; of a group, its messages.", Group.BENCH, bar="Open", rank=6,
        place=Place.BENCH,
    ),
    Command(
        "bench_copy_id", ("y",), "y", "Copy the id", "The id of the message under the cursor, to the terminal's clipboard.",
        Group.BENCH, place=Place.BENCH,
    ),
    Command(
        "bench_filter", ("slash",), "/", "Filter",
        "By a text, or after = by a JMESPath expression over json, body, attributes, receive_count, age_seconds, group_id.",
        Group.BENCH, bar="Filter", rank=5, place=Place.BENCH,
    ),
    Command(
        "bench_groups", ("o",), "o", "Groups", "Messages that look alike in one line, with their number.", Group.BENCH,
        bar="Groups", rank=5, place=Place.BENCH,
    ),
    Command(
        "bench_own", ("h",), "h", "Held and handled here",
        "What our own workers hold of the queue or have handled, as far as it is remembered; R sends those again.",
        Group.BENCH, bar="Handled here", rank=3, place=Place.BENCH,
    ),
    Command(
        "bench_look", ("l",), "l", "Look by receiving",
        "Where no emulator shows messages: receive them and hand them back, which costs each of them one receive.",
        Group.BENCH, changes=True, bar="Look", rank=8, place=Place.BENCH,
    ),
    Command(
        "bench_refresh", ("r",), "r", "Look again", "See what is there now.", Group.BENCH, bar="Refresh", rank=4,
        place=Place.BENCH,
    ),
    Command(
        "bench_help", ("question_mark",), "?", "Help", "All keys and what the words mean.", Group.BENCH, bar="Help", rank=7,
        place=Place.BENCH,
    ),
    Command(
        "bench_back", ("escape",), "esc", "Back", "Clear the filter, the group or the marks; then back to the dashboard.",
        Group.BENCH, bar="Back", rank=8, place=Place.BENCH,
    ),
    Command(
        "quit", ("q", "ctrl+c", "ctrl+q"), "q", "Quit",
        "Drain: stop receiving, finish what is held, then leave. A second press leaves now and releases what it can.",
        Group.LEAVE, lambda _: True, bar="Quit", rank=10,
    ),
)  # fmt: skip
