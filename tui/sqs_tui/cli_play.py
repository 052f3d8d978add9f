"""The command that shows a recording. What it does is imported when it is run."""

from __future__ import annotations

from typing import Any

import click

from sqs_tui.cli_numbers import Number
from sqs_tui.cli_options import global_options, shared


@click.command(
    epilog="Examples: sqs-tui demo --record talk.jsonl  ·  sqs-tui play talk.jsonl --speed 4  ·  "
    "sqs-tui play talk.jsonl --at 12.5 --screenshot talk.svg --size 80x24"
)
@click.argument("file", metavar="FILE")
@click.option("--speed", type=Number(0.1, 100), default=1.0, show_default=True, help="Faster or slower, 0.1-100.")
@click.option("--at", type=Number(0), metavar="SECONDS", help="Begin so many seconds after the recording's beginning.")
@click.option("--screenshot", metavar="OUT.svg", help="No screen: draw the moment of --at to this new file.")
@click.option("--size", metavar="120x40", help="Columns and lines of that picture (default: 120x40).")
@global_options
@click.pass_context
def play(context: click.Context, /, file: str, **own: Any) -> None:
    """Show what `--record FILE` wrote, on the same dashboard.

    space pauses and goes on, [ and ] go 5 s back and forward, { and } a minute, comma and full stop a frame, < and > change the
    speed. Nothing is connected to and nothing can be changed. Exit codes: 0 left, 2 no recording that can be shown.
    """
    from sqs_tui.play_command import run_play

    context.exit(run_play(file, shared(context, own)))
