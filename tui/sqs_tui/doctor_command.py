"""`sqs-tui doctor`: an examination as text or as JSON."""

from __future__ import annotations

import json
import math
import shutil
import textwrap
from typing import TYPE_CHECKING, Any

import click

from sqs_core.doctor import Question, examine
from sqs_core.errors import ConfigurationError
from sqs_core.findings import FAULTS, Examination, Finding, Verdict
from sqs_core.plain_text import one_line
from sqs_core.settings import parse_queue
from sqs_tui.flags import connection_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.model import CredentialReport

_WIDEST, _NARROWEST = 120, 60
_LONGEST = 1000
_CHECK_WIDTH = 19
_VERDICT_WIDTH = 9
_COLOURS = {
    Verdict.OK: "green",
    Verdict.NOTE: "cyan",
    Verdict.UNKNOWN: "cyan",
    Verdict.WARNING: "yellow",
    Verdict.PROBLEM: "red",
}
_STATUS_WIDTH = 16


def run_doctor(flags: dict[str, Any]) -> int:
    """Examine, and write what was found to stdout. Returns the exit code; refusals raise `ConfigurationError`."""
    for name in ("read_timeout", "handler_p95"):
        if flags[name] is not None and not math.isfinite(flags[name]):
            raise ConfigurationError(f"--{name.replace('_', '-')} {flags[name]} is no number of seconds")
    question = Question(
        connection=connection_settings(flags),
        queue=parse_queue(flags["queue"]) if flags["queue"] is not None else None,
        wait_seconds=flags["wait"],
        read_timeout_seconds=flags["read_timeout"],
        handler_p95_seconds=flags["handler_p95"],
        probe=flags["probe"],
    )
    examination = examine(question)
    if flags["as_json"]:
        click.echo(json.dumps(examination.to_json()))
    else:
        width = max(_NARROWEST, min(shutil.get_terminal_size((80, 24)).columns, _WIDEST))
        for line in text_lines(examination, width):
            click.echo(line)
    return examination.exit_code


def text_lines(examination: Examination, width: int) -> Iterator[str]:
    """The examination as lines of at most `width` columns, coloured; `click.echo` takes colours out where nobody sees them."""
    where = [examination.environment, examination.endpoint or "AWS", examination.region, examination.queue or ""]
    yield from textwrap.wrap("sqs-tui doctor · " + " · ".join(one_line(part) for part in where if part), width)
    yield ""
    # What is wrong comes first; a screenful of good news would hide it.
    for finding in sorted(
        examination.findings, key=lambda one: FAULTS.index(one.verdict) if one.verdict in FAULTS else -1, reverse=True
    ):
        yield from _finding(finding, width)
    if examination.credentials is not None and examination.credentials.chain:
        yield ""
        yield from _chain(examination.credentials, width)
    yield ""
    yield _conclusion(examination)


def _finding(finding: Finding, width: int) -> Iterator[str]:
    indent = " " * (_VERDICT_WIDTH + _CHECK_WIDTH)
    lines = _wrapped(finding.evidence, width - len(indent))
    colour = _COLOURS[finding.verdict]
    yield f"{click.style(f'{finding.verdict:<{_VERDICT_WIDTH}}', fg=colour)}{finding.check:<{_CHECK_WIDTH}}{lines[0]}"
    yield from (indent + line for line in lines[1:])
    if finding.remedy:
        first, *rest = _wrapped(finding.remedy, width - len(indent) - 3)
        yield f"{indent}-> {first}"
        yield from (f"{indent}   {line}" for line in rest)


def _chain(report: CredentialReport, width: int) -> Iterator[str]:
    yield click.style("Credential providers, in the order in which they are asked", bold=True)
    for methods, status, reason in report.grouped_chain():
        first, *rest = _wrapped(f"{', '.join(methods)}: {reason}", width - _STATUS_WIDTH)
        yield click.style(f"{status:<{_STATUS_WIDTH}}{first}", bold=report.provider in methods)
        yield from (" " * _STATUS_WIDTH + line for line in rest)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(one_line(text, _LONGEST), width, break_on_hyphens=False) or [""]


def _conclusion(examination: Examination) -> str:
    counts = {verdict: sum(finding.verdict is verdict for finding in examination.findings) for verdict in Verdict}
    said = [
        f"{count} {verdict}{'s' * (count != 1)}"
        for verdict, count in reversed(counts.items())
        if verdict is not Verdict.OK and count
    ]
    return ", ".join(said) or "all is well"
