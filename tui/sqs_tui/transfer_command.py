"""`sqs-tui export` and `sqs-tui import`: JSON Lines out of a queue and into one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sqs_core.capabilities import require_write
from sqs_core.client import AwsSession
from sqs_core.errors import ConfigurationError
from sqs_core.exporting import Exported, Exporter
from sqs_core.importing import FilePlan, Importer, ImportOptions
from sqs_core.message_file import line_count
from sqs_core.model import SCHEMA
from sqs_core.peek import Rung, cost, find_place
from sqs_core.plain_text import one_line
from sqs_core.putting import Target, find_target
from sqs_core.selecting import Selection
from sqs_core.settings import parse_queue
from sqs_tui.asking import agreed, cancellable, progress, require_answerable
from sqs_tui.flags import connection_settings
from sqs_tui.results_text import reason_lines, result_json, result_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.move_report import MoveReport
    from sqs_core.peek import Place


def run_export(flags: dict[str, Any]) -> int:
    """Write the file, and what was done to stdout. Returns the exit code; refusals raise `ConfigurationError`."""
    selection = Selection(flags["where"])
    session = AwsSession(connection_settings(flags))
    place = find_place(session, parse_queue(flags["queue"]))
    path = Path(flags["file"])
    with cancellable() as stop:
        exporter = Exporter(session, place, selection, flags["maximum"], stop)
        done = None
        if not (flags["delete"] or flags["receive"] or flags["dry_run"]):
            done = exporter.from_page(path, append=flags["append"])
        if done is None:
            if not _may_receive(flags, session, place):
                return 0
            with progress(min(place.waiting or 0, flags["maximum"] or place.waiting or 0), "written") as told:
                done = exporter.by_receiving(path, told, append=flags["append"], delete=flags["delete"])
    _tell_export(flags, place, done, selection)
    return 1 if done.trouble or stop.is_set() else 0


def _may_receive(flags: dict[str, Any], session: AwsSession, place: Place) -> bool:
    """Whether to go on, after the plan; False in a dry run."""
    deed = "deleted from it once it is on the disk" if flags["delete"] else "handed back at the end"
    about = "an unknown number of" if place.waiting is None else f"about {place.waiting:,}"
    what = f"export {about} messages of {place.name} by receiving, each {deed}"
    if not flags["dry_run"]:
        require_write(session.connection, f"an export of {place.name}, which receives,")
        if flags["delete"] or place.maximum_receives is not None:
            require_answerable(flags, what)
        else:
            return True
    if not flags["yes"]:
        click.echo(f"Plan: {what}. {cost(place, 'meanwhile')}.", err=True)
    if agreed(flags, session, f"{what}?"):
        return True
    if flags["dry_run"]:
        return False
    raise ConfigurationError("nothing was exported")


def _tell_export(flags: dict[str, Any], place: Place, done: Exported, selection: Selection) -> None:
    if flags["as_json"]:
        click.echo(json.dumps({"schema": SCHEMA, "queue": place.name, "file": flags["file"], **asdict(done)}))
        return
    way = "seen on the emulator's own page, at no cost" if done.rung is Rung.BACK_DOOR else "received once each"
    kept = f"{done.deleted:,} deleted from the queue" if flags["delete"] else "nothing deleted"
    click.echo(f"{done.written:,} of {done.seen:,} messages {way}, written to {one_line(flags['file'])}; {kept}")
    for trouble in (done.trouble, selection.example):
        if trouble:
            click.echo(f"▲ {one_line(trouble)}")


def run_import(flags: dict[str, Any]) -> int:
    """Send the file, and write the results to stdout. Returns the exit code; refusals raise `ConfigurationError`."""
    options = ImportOptions(
        rate=flags["rate"],
        retry_uncertain=flags["retry_uncertain"],
        skip_unreadable=flags["skip_unreadable"],
        again=flags["again"],
    )
    return put_file(flags, options, "import")


def put_file(flags: dict[str, Any], options: ImportOptions, deed: str) -> int:
    """What import and replay have in common: plan, question, progress, results."""
    selection = Selection(flags["where"])
    connection = connection_settings(flags)
    require_answerable(flags, f"an {deed} into {flags['queue']}" if deed == "import" else f"a {deed} into {flags['queue']}")
    if not flags["dry_run"]:
        require_write(connection, f"sending to {flags['queue']}")
    session = AwsSession(connection)
    target = find_target(session, flags["queue"])
    plans: list[FilePlan] = []

    def agree(plan: FilePlan) -> bool:
        plans.append(plan)
        for line in _plan_lines(flags["file"], target, plan):
            click.echo(line, err=flags["as_json"])
        return agreed(flags, session, f"send {plan.to_send:,} messages to {target.name}?")

    with cancellable() as stop:
        importer = Importer(session, Path(flags["file"]), target, selection, options, stop)
        with progress(line_count(Path(flags["file"])), "lines") as told:
            report = importer.run(agree, told)
    return _tell_put(flags, plans[0], report)


def _tell_put(flags: dict[str, Any], plan: FilePlan, report: MoveReport) -> int:
    if flags["as_json"]:
        fields: dict[str, Any] = {"schema": SCHEMA, "dry_run": flags["dry_run"], "plan": asdict(plan)}
        click.echo(json.dumps(fields if flags["dry_run"] else {**fields, **result_json(report)}))
    elif not flags["dry_run"]:
        for line in result_lines(report, "sent"):
            click.echo(line)
    return 0 if report.clean else 1


def _plan_lines(file: str, target: Target, plan: FilePlan) -> Iterator[str]:
    yield f"Plan for {one_line(file)}: {plan.lines:,} messages"
    yield f"  {plan.to_send:,} go to {one_line(target.name)}"
    if plan.left_alone:
        yield f"  {plan.left_alone:,} are not chosen"
    if plan.done_before:
        yield f"  {plan.done_before:,} were sent by an earlier run of this file, and are not sent again; --again sends them"
    if plan.uncertain:
        yield f"  {plan.uncertain:,} uncertain: an earlier run may have sent them; --retry-uncertain sends them again"
    yield from reason_lines(plan.skipped)
    if plan.unreadable:
        yield f"  {len(plan.unreadable):,} lines cannot be read and are left out, such as {one_line(plan.unreadable[0])}"
