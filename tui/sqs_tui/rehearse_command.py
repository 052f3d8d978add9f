"""`sqs-tui replay FILE --handler SPEC`: how the file's messages end now, beside how they ended then."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from sqs_core.handlers import load_handler
from sqs_core.model import SCHEMA
from sqs_core.plain_text import one_line
from sqs_core.rehearsal import Rehearsed, rehearse, write_ends
from sqs_core.selecting import Selection
from sqs_tui.asking import cancellable

_LISTED = 50


def run_rehearsal(flags: dict[str, Any]) -> int:
    """Hand over each message, and write how they ended to stdout. Returns the exit code."""
    handler = load_handler(flags["handler"])
    if flags["dry_run"]:
        click.echo(f"Plan: the messages of {one_line(flags['file'])} go to {one_line(handler.name)}, and to no queue")
        return 0
    ends: list[Rehearsed] = []
    with cancellable() as stop:
        found = rehearse(
            Path(flags["file"]),
            handler,
            Selection(flags["where"]),
            flags["speed"],
            stop,
            skip_unreadable=flags["skip_unreadable"],
        )
        ends.extend(found if flags["out"] is None else write_ends(Path(flags["out"]), found))
    _tell(ends, as_json=flags["as_json"])
    return int(stop.is_set() or any(end.differs for end in ends))


def _tell(ends: list[Rehearsed], *, as_json: bool) -> None:
    counts = Counter(end.outcome.value for end in ends)
    others = [end for end in ends if end.differs]
    if as_json:
        rows = [
            {"message_id": end.message.message_id, "before": end.before, "outcome": end.outcome.value, "error": end.error}
            for end in others
        ]
        click.echo(json.dumps({"schema": SCHEMA, "messages": len(ends), "outcomes": dict(counts), "differ": rows}))
        return
    for outcome, count in sorted(counts.items()):
        click.echo(f"{outcome:<10} {count}")
    known = sum(end.before is not None for end in ends)
    click.echo(
        f"{len(others):,} of {known:,} ended otherwise than the file says" if known else "the file does not say how they ended"
    )
    for end in others[:_LISTED]:
        why = f": {one_line(end.error)}" if end.error else ""
        click.echo(f"  {one_line(end.message.message_id, 60)}: {one_line(str(end.before))} → {end.outcome.value}{why}")
