"""`sqs-tui redrive`: the plan, the question, the progress, a result for each message."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sqs_core.backups import kept_for
from sqs_core.capabilities import require_write
from sqs_core.client import AwsSession
from sqs_core.errors import ConfigurationError
from sqs_core.model import SCHEMA
from sqs_core.move_dry_run import plan_for_free, plan_unseen
from sqs_core.move_report import MoveOptions, MoveReport
from sqs_core.move_targets import find_targets
from sqs_core.mover import Mover
from sqs_core.peek import find_place
from sqs_core.plain_text import one_line
from sqs_core.plan_text import plan_lines
from sqs_core.selecting import Selection
from sqs_core.settings import parse_queue
from sqs_tui.asking import agreed, cancellable, progress, require_answerable
from sqs_tui.flags import connection_settings
from sqs_tui.results_text import result_json, result_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqs_core.move_plan import Plan
    from sqs_core.move_targets import Targets
    from sqs_core.peek import Place


def run_redrive(flags: dict[str, Any]) -> int:
    """Move, and write the results to stdout. Returns the exit code; refusals raise `ConfigurationError`."""
    selection = Selection(flags["where"])
    reference = parse_queue(flags["queue"])
    connection = connection_settings(flags)
    require_answerable(flags, f"a redrive of {reference.name}")
    if not flags["dry_run"]:
        require_write(connection, f"a redrive of {reference.name}")
    session = AwsSession(connection)
    source = find_place(session, reference)
    if flags["server_side"]:
        from sqs_tui.server_side_command import run_server_side

        return run_server_side(flags, session, source)
    return _Redrive(flags, session, source, selection).run()


class _Redrive:
    def __init__(self, flags: dict[str, Any], session: AwsSession, source: Place, selection: Selection) -> None:
        self._flags, self._session, self._source, self._selection = flags, session, source, selection
        self._targets: Targets = find_targets(session, source, flags["to"])
        self._plan: Plan | None = None

    def run(self) -> int:
        plan = self._free_plan() if self._flags["dry_run"] else None
        if plan is not None:
            self._plan = plan
            self._show(plan)
        report = self._move() if plan is None else None
        if self._flags["dry_run"]:
            self._say({"schema": SCHEMA, "dry_run": True, "plan": self._plan_json()}, [])
            return 0
        if report is None:
            raise ConfigurationError("nothing was moved")
        self._say({"schema": SCHEMA, "plan": self._plan_json(), **result_json(report)}, self._ending(report))
        return 0 if report.clean else 1

    def _free_plan(self) -> Plan | None:
        """A plan that cost nothing: from the emulator's page, or of counts alone where receiving is not allowed."""
        plan = plan_for_free(self._session, self._source, self._targets, self._selection, self._options)
        if plan is not None:
            return plan
        try:
            require_write(self._session.connection, "looking at messages, which receives,")
        except ConfigurationError as error:
            return plan_unseen(self._source, self._targets, str(error))
        return None

    @property
    def _options(self) -> MoveOptions:
        flags = self._flags
        return MoveOptions(flags["rate"], not flags["no_backup"], flags["retry_uncertain"])

    def _move(self) -> MoveReport | None:
        with cancellable() as stop:
            mover = Mover(self._session, self._source, self._targets, self._selection, self._options, stop)
            with progress(self._source.waiting or 0, "looked at and moved") as told:
                report = mover.run(self._agree, told)
        return report if self._plan is not None and self._plan.agreed else None

    def _agree(self, plan: Plan) -> bool:
        self._plan = plan
        self._show(plan)
        if not plan.seen:
            plan.agreed = not self._flags["dry_run"]
            return False
        plan.agreed = agreed(self._flags, self._session, f"move {plan.to_move:,} messages of {self._source.name}?")
        return plan.agreed

    def _plan_json(self) -> dict[str, Any] | None:
        return asdict(self._plan) if self._plan else None

    def _show(self, plan: Plan) -> None:
        for line in plan_lines(plan, self._selection.words):
            click.echo(one_line(line), err=self._flags["as_json"])

    def _ending(self, report: MoveReport) -> Iterator[str]:
        yield from result_lines(report)
        if report.backup:
            backup = one_line(report.backup)
            yield f"backup: {backup}, kept {kept_for()}; to put them back: sqs-tui import {backup} {self._source.name}"

    def _say(self, fields: dict[str, Any], lines: Iterable[str]) -> None:
        if self._flags["as_json"]:
            click.echo(json.dumps(fields))
        else:
            for line in lines:
                click.echo(line)
