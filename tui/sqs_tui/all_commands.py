"""The whole table of commands, with the keys that are theirs unless a user chose others."""

from __future__ import annotations

from sqs_tui.command_table import COMMANDS
from sqs_tui.demo_commands import DEMO_COMMANDS
from sqs_tui.fleet_commands import FLEET_COMMANDS
from sqs_tui.message_commands import MESSAGE_COMMANDS
from sqs_tui.play_commands import PLAY_COMMANDS

ALL_COMMANDS = (*COMMANDS, *MESSAGE_COMMANDS, *DEMO_COMMANDS, *FLEET_COMMANDS, *PLAY_COMMANDS)
