"""`sqs-tui consume --processes N`: the same command N times under this one, and one report or one screen over them."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError
from sqs_core.processes.lifeline import TIME_IS_UP
from sqs_core.remote.serving import wants_control
from sqs_core.remote.sockets import OPEN_SUFFIX, make_private, runtime_directory
from sqs_core.runner import EXIT_CUT_SHORT, EXIT_REFUSED, SignalStops
from sqs_tui.ensemble import Ensemble
from sqs_tui.event_writer import EventWriter
from sqs_tui.farewell import say_farewell
from sqs_tui.flags import dashboard_options
from sqs_tui.run import check_consume, no_screen, only_headless, open_log, require_terminal, silenced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import click

_TICK_SECONDS = 0.02
_ALONE = {
    "capture": "each process would write a file of its own",
    "record": "each process would write to the same file",
    "metrics_address": "they cannot all listen on one port",
}


def consume_in_processes(command: click.Command, queues: Sequence[str], flags: dict[str, Any]) -> int:
    """Returns the exit code; refusals raise `ConfigurationError`."""
    _check(queues, flags)
    log = open_log(flags)
    if flags["headless"]:
        no_screen(flags)
        with _sockets(flags) as folder:
            return _run_headless(Ensemble(command, queues, flags, folder, EventWriter([sys.stderr, *log])))
    only_headless(flags, "max_messages", "duration")
    require_terminal()
    with silenced(log), _sockets(flags) as folder:
        return _show(Ensemble(command, queues, flags, folder, EventWriter(log)))


def _check(queues: Sequence[str], flags: dict[str, Any]) -> None:
    """Refuse here what each of them would refuse."""
    check_consume(queues, flags)
    for name, why in _ALONE.items():
        if flags[name] is not None:
            option = name.replace("_", "-")
            raise ConfigurationError(f"--{option} {flags[name]} goes with one process, not with {flags['processes']}: {why}")


@contextmanager
def _sockets(flags: dict[str, Any]) -> Iterator[Path]:
    """A folder for their sockets, below that of all consumers. Viewers look there only if they may control: this process may."""
    suffix = OPEN_SUFFIX if wants_control(flag=flags["control"]) else ""
    folder = Path(tempfile.mkdtemp(suffix, f"{os.getpid()}-", make_private(runtime_directory())))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_headless(ensemble: Ensemble) -> int:
    """Until all have ended; the merged report goes to stdout."""
    supervisor, duration_seconds = ensemble.supervisor, ensemble.flags["duration"]
    started = time.monotonic()
    with SignalStops() as stops:
        ensemble.start()
        while not supervisor.ended:
            ensemble.tick.wait(_TICK_SECONDS)
            if stops.count > 1:
                supervisor.stop_now()
            elif stops.count:
                supervisor.drain()
            elif duration_seconds is not None and time.monotonic() - started >= duration_seconds:
                supervisor.drain(TIME_IS_UP)
    ensemble.close()
    code = max(supervisor.exit_code(), EXIT_CUT_SHORT if stops.count > 1 else 0)
    if code != EXIT_REFUSED:
        sys.stdout.write(json.dumps(ensemble.report(time.monotonic() - started)) + "\n")
    if supervisor.reason() and code:
        sys.stderr.write(f"sqs-tui: {supervisor.reason()}\n")
    return code


def _show(ensemble: Ensemble) -> int:
    """Until all have ended; whoever leaves the screen drains them."""
    from sqs_tui.app import run_processes

    options = replace(dashboard_options(ensemble.flags), attached=True)
    started = time.monotonic()
    code = run_processes(ensemble, options)
    ensemble.close()
    if code == EXIT_REFUSED:
        raise ConfigurationError(ensemble.supervisor.reason())
    say_farewell(ensemble.report(time.monotonic() - started), ensemble.flags)
    return code
