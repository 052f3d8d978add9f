"""What playing a recording adds to the table of commands."""

from __future__ import annotations

from sqs_tui.command_model import Command, Group, Situation

PREFIX = "play_"
SKIP_SECONDS, LEAP_SECONDS = 5, 60


def _playing(situation: Situation) -> bool:
    return situation.playing and not situation.leaving


PLAY_COMMANDS = (
    Command(
        "play_toggle", ("space",), "space", "Pause or play the recording",
        "Hold it still, or let it go on; at its end, begin again.",
        Group.RECORDING, _playing, bar="Pause", undo_bar="Play", in_effect=lambda situation: situation.standing, rank=9,
    ),
    Command(
        "play_back", ("left_square_bracket",), "[", "Recording: back", f"{SKIP_SECONDS} s back.",
        Group.RECORDING, _playing, bar=f"{SKIP_SECONDS} s", bar_key="[ ]", rank=8,
    ),
    Command(
        "play_on", ("right_square_bracket",), "]", "Recording: forward", f"{SKIP_SECONDS} s forward.",
        Group.RECORDING, _playing,
    ),
    Command(
        "play_far_back", ("left_curly_bracket",), "{", "Recording: far back", f"{LEAP_SECONDS} s back.",
        Group.RECORDING, _playing, bar=f"{LEAP_SECONDS} s", bar_key="{ }", rank=4,
    ),
    Command(
        "play_far_on", ("right_curly_bracket",), "}", "Recording: far forward", f"{LEAP_SECONDS} s forward.",
        Group.RECORDING, _playing,
    ),
    Command(
        "play_before", ("comma",), ",", "Recording: one frame back", "What was written just before; it pauses there.",
        Group.RECORDING, _playing, bar="Frame", bar_key=", .", rank=6,
    ),
    Command(
        "play_after", ("full_stop",), ".", "Recording: one frame forward", "What was written next; it pauses there.",

        Group.RECORDING, _playing,
    ),
    Command(
        "play_slower", ("less_than_sign",), "<", "Recording: slower", "Half as fast, down to a quarter.",
        Group.RECORDING, _playing, bar="Speed", bar_key="< >", rank=7,
    ),
    Command(
        "play_faster", ("greater_than_sign",), ">", "Recording: faster", "Twice as fast, up to 32 times.",
        Group.RECORDING, _playing,
    ),
    Command("play_restart", ("0",), "0", "Recording: to the beginning", "Begin again.", Group.RECORDING, _playing),
)  # fmt: skip
