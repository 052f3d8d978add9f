"""`sqs-tui redrive --server-side`: SQS's own move task, with its progress and what it cannot promise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from sqs_core.errors import ConfigurationError
from sqs_core.model import SCHEMA
from sqs_core.plain_text import one_line
from sqs_core.server_side import MoveTask, TaskState
from sqs_tui.asking import agreed, cancellable, progress

if TYPE_CHECKING:
    from sqs_core.client import AwsSession
    from sqs_core.peek import Place

WARNING = "SQS moves all of them itself: no undo, no proof per message"


def run_server_side(flags: dict[str, Any], session: AwsSession, source: Place) -> int:
    """Start the task and follow it. Returns the exit code."""
    if flags["where"]:
        raise ConfigurationError("--server-side moves all or nothing: leave out --where, or leave out --server-side")
    to = flags["to"] or "the queues they came from"
    about = "an unknown number of" if source.waiting is None else f"about {source.waiting:,}"
    click.echo(
        f"Plan: a move task of {one_line(source.name)}, {about} messages, to {one_line(to)}. {WARNING}.", err=flags["as_json"]
    )
    if not agreed(flags, session, f"start the move task of {source.name}?"):
        if flags["dry_run"]:
            return 0
        raise ConfigurationError("nothing was moved")
    task = MoveTask(session, source, flags["to"], flags["rate"])
    with cancellable() as stop, progress(source.waiting or 0, "moved, as SQS counts") as told:
        done = 0

        def tell(state: TaskState) -> None:
            nonlocal done
            told(state.moved - done)
            done = state.moved

        state = task.run(tell, stop)
    if flags["as_json"]:
        click.echo(
            json.dumps({"schema": SCHEMA, "server_side": True, "state": state.state, "moved": state.moved, "why": state.why})
        )
    else:
        click.echo(
            f"{state.state.lower()}: {state.moved} moved, as SQS counts them; {WARNING}{': ' if state.why else ''}{state.why}"
        )
    return 0 if state.state == "COMPLETED" else 1
