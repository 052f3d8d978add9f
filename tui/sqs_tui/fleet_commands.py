"""The part of the one table of commands that is about a fleet."""

from __future__ import annotations

from sqs_tui.command_model import Command, Group, Place

FLEET_COMMANDS = (
    Command(
        "fleet_mark", ("space",), "space", "Mark",
        "Mark the member, or take its mark away; commands are about the marked ones, else about the one under the cursor.",
        Group.FLEET, bar="Mark", rank=6, place=Place.FLEET,
    ),
    Command(
        "fleet_mark_all", ("asterisk",), "*", "Mark all", "Mark all that are shown; again, none.", Group.FLEET,
        bar="All", rank=4, place=Place.FLEET,
    ),
    Command(
        "fleet_open", (), "enter", "Open",
        "The member in a dashboard of its own, esc comes back; one that is not connected: all that is known of it.",
        Group.FLEET, bar="Open", rank=8, place=Place.FLEET,
    ),
    Command(
        "fleet_pause", ("p",), "p", "Pause or resume",
        "Let them stop receiving and work off what they hold; where all are paused, let them receive.",
        Group.FLEET, changes=True, bar="Pause", rank=8, place=Place.FLEET,
    ),
    Command(
        "fleet_grow", ("plus",), "+", "Add a worker", "One worker more for each of their queues.",
        Group.FLEET, changes=True, bar="Workers", bar_key="+/-", rank=5, place=Place.FLEET,
    ),
    Command(
        "fleet_shrink", ("minus",), "-", "Remove a worker", "One worker fewer, after its current message.",
        Group.FLEET, changes=True, place=Place.FLEET,
    ),
    Command(
        "fleet_drain", ("D",), "D", "Drain",
        "Let them stop receiving, finish what they hold and end. Asks first, and says how many and where.",
        Group.FLEET, changes=True, bar="Drain", rank=5, place=Place.FLEET,
    ),
    Command(
        "fleet_results", ("r",), "r", "Results", "What came of the last command, for each member.", Group.FLEET,
        bar="Results", rank=3, place=Place.FLEET,
    ),
    Command(
        "fleet_details", ("d",), "d", "Details", "All that is known of the member: pod, version, identity, problem.",
        Group.FLEET, bar="Details", rank=3, place=Place.FLEET,
    ),
    Command(
        "fleet_copy", ("y",), "y", "Copy the name", "The member's name, to the terminal's clipboard (OSC 52).",
        Group.FLEET, place=Place.FLEET,
    ),
    Command(
        "fleet_filter", ("slash",), "/", "Filter",
        "Keep the members whose name, state, queue, version, identity or problem contains a text.",
        Group.FLEET, bar="Filter", rank=4, place=Place.FLEET,
    ),
    Command(
        "fleet_sort", ("o",), "o", "Sort by the next column",
        "Figures the largest first, words from a to z; what is not known comes last.",
        Group.FLEET, bar="Sort", bar_key="o/O", rank=4, place=Place.FLEET,
    ),
    Command(
        "fleet_reverse", ("O",), "O", "Reverse the sort", "The same column the other way round.", Group.FLEET, place=Place.FLEET,
    ),
    Command(
        "fleet_screenshot", ("s",), "s", "Save a screenshot", "Write what you see to an SVG file, and say where.",
        Group.FLEET, place=Place.FLEET,
    ),
    Command(
        "fleet_back", ("escape",), "esc", "Back", "Clear the filter, then the marks.", Group.FLEET, place=Place.FLEET,
    ),
    Command(
        "fleet_help", ("question_mark",), "?", "Help", "All keys and what the words mean.", Group.FLEET, bar="Help", rank=7,
        place=Place.FLEET,
    ),
    Command(
        "fleet_quit", (), "q", "Quit",
        "Leave at once. It changes nothing: the consumers go on as they are. Those of --processes drain first.",
        Group.FLEET, bar="Quit", rank=9, place=Place.FLEET,
    ),
)  # fmt: skip
