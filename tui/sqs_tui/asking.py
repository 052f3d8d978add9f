"""Before something is written: the question at a terminal, the refusal where nobody can be asked, and cancelling with ctrl+c."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from sqs_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqs_core.client import AwsSession


def require_answerable(flags: dict[str, Any], what: str) -> None:
    """Refuse before anything happens where the question could not be answered. `what` is the deed in words."""
    if not (flags["yes"] or flags["dry_run"]) and (sys.stdin is None or not sys.stdin.isatty()):
        raise ConfigurationError(
            f"{what} changes queues, and nobody can be asked here: look at the plan with --dry-run, then pass --yes"
        )


def agreed(flags: dict[str, Any], session: AwsSession, question: str) -> bool:
    """Whether to go on: never in a dry run; else by --yes or the answer, which is No unless it is given."""
    if flags["dry_run"]:
        return False
    if flags["yes"]:
        return True
    where = f"{session.connection.environment.upper()}, {session.service_url()}"
    return click.confirm(f"{where}: {question}", default=False, err=True)


@contextlib.contextmanager
def cancellable() -> Iterator[threading.Event]:
    """An event that ctrl+c or SIGTERM sets: what is being done is finished, the rest left. A second ctrl+c ends at once."""
    stop = threading.Event()

    def cancel(number: int, _frame: object) -> None:
        if stop.is_set():
            signal.default_int_handler(number, None)
        stop.set()
        click.echo("cancelling: what is being sent is finished first", err=True)

    before = {number: signal.signal(number, cancel) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def progress(length: int, label: str) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, where that is a terminal; to be told how many more are done."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr, show_pos=True) as bar:
        yield bar.update
