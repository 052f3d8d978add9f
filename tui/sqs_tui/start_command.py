"""`sqs-tui` alone: the queues that are there, or a screen that offers what can be done and then the command that was chosen."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from sqs_tui.flags import connection_settings, dashboard_options

if TYPE_CHECKING:
    from sqs_tui.start_choices import Around


def run_start(flags: dict[str, Any]) -> int:
    """The queues where something answers, or a deployed environment is named; else offer choices and become the chosen command.

    Returns the exit code where none was chosen.
    """
    from sqs_tui.run import browse, require_terminal
    from sqs_tui.start_choices import command_line
    from sqs_tui.start_looking import Looking, answers

    around = _around(flags)
    require_terminal("`sqs-tui COMMAND --help` tells of each command")
    if around.deployed or answers(around.endpoint):
        return browse(flags)
    from sqs_tui.app import run_start_screen

    code, chosen = run_start_screen(Looking(around), dashboard_options(flags))
    if chosen is not None:
        sys.stderr.write(f"$ {command_line(chosen)}\n")
        sys.stderr.flush()
        # A process anew, as if it had been typed: what the screen has imported and set is gone.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], *chosen])  # noqa: S606 - ourselves, and no shell
    return code


def _around(flags: dict[str, Any]) -> Around:
    from sqs_core.client import choose_endpoint
    from sqs_tui.start_choices import Around

    connection = connection_settings(flags)
    environment = connection.environment
    return Around(choose_endpoint(connection) or "", str(environment) if environment.deployed else "")
