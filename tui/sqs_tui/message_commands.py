"""The part of the one table of commands that is about a message that is open."""

from __future__ import annotations

from sqs_tui.command_model import Command, Group, Place

MESSAGE_COMMANDS = (
    Command(
        "message_raw", ("r",), "r", "Raw body", "The body as it came, or laid out again.",
        Group.MESSAGE, action="toggle_raw", place=Place.MESSAGE,
    ),
    Command(
        "message_layer", ("u",), "u", "Next layer", "What the body wraps, layer by layer; then the body itself again.",
        Group.MESSAGE, action="next_layer", place=Place.MESSAGE,
    ),
    Command(
        "message_copy", ("y",), "y", "Copy the body", "What is shown of the body, to the terminal's clipboard (OSC 52).",
        Group.MESSAGE, action="copy", place=Place.MESSAGE,
    ),
    Command(
        "message_copy_id", ("Y",), "Y", "Copy the id", "The message id, to the terminal's clipboard.",
        Group.MESSAGE, action="copy_id", place=Place.MESSAGE,
    ),
    Command(
        "message_save", ("s",), "s", "Save the message", "The message as JSON in a new file, masked as it is shown.",
        Group.MESSAGE, action="save", place=Place.MESSAGE,
    ),
    Command(
        "message_fetch", ("F",), "F", "Fetch from S3", "What the body only points to, after a question.",
        Group.MESSAGE, action="fetch", place=Place.MESSAGE,
    ),
    Command(
        "message_personal", ("H",), "H", "Show personal data",
        "Where it is hidden: show that of this message; that you looked goes into the action log.",
        Group.MESSAGE, action="show_personal", place=Place.MESSAGE,
    ),
    Command(
        "message_replay", ("R",), "R", "Replay the message", "Send it again as a new one, after a confirmation.",
        Group.MESSAGE, changes=True, action="replay", place=Place.MESSAGE,
    ),
)  # fmt: skip
