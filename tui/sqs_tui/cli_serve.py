"""`sqs-tui serve` on the command line. What it does is imported when it is run."""

from __future__ import annotations

from typing import Any

import click

from sqs_tui.cli_numbers import WholeNumber
from sqs_tui.cli_options import global_options, shared


@click.command(epilog="Examples: sqs-tui serve  ·  sqs-tui serve 4711 --port 8470")
@click.argument("target", required=False, metavar="[TARGET]")
@click.option("--host", metavar="NAME", default="127.0.0.1", show_default=True, help="127.0.0.1, localhost or ::1.")
@click.option("--port", type=WholeNumber(0, 65535), default=0, help="Where it listens (default: a port that is free).")
@click.option("--max-sessions", type=WholeNumber(1, 64), default=8, show_default=True, help="Browser pages at once.")
@global_options
@click.pass_context
def serve(context: click.Context, /, target: str | None, **own: Any) -> None:
    """Show a consumer of this machine in browsers of this machine; to look at only.

    TARGET is a process id or the path of a socket; it may be left out where one consumer runs. The URL that is printed is
    all that it takes to look: give it to nobody else. Ctrl-C ends all sessions. Exit codes: 0 ended, 2 refused.
    """
    from sqs_tui.serve_command import run_serve

    context.exit(run_serve(target, shared(context, own)))
