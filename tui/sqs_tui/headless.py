"""`consume` without a screen: events on stderr, a report on stdout."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sqs_core.errors import LONGEST_TEXT
from sqs_core.events import Code
from sqs_core.masking import mask_secrets
from sqs_core.model import Level
from sqs_core.plain_text import one_line
from sqs_core.processes.lifeline import REPORT_MARK, follow_parent, within
from sqs_core.remote.serving import control_socket, wants_control
from sqs_core.runner import EXIT_REFUSED, SignalStops, run_engine
from sqs_tui.event_writer import EventWriter, log_through
from sqs_tui.run import end, load_parts, make_engine, no_screen, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqs_core.engine import Engine
    from sqs_core.settings import ConnectionSettings, ConsumerSettings


def consume_headless(
    queues: tuple[str, ...], connection: ConnectionSettings, settings: ConsumerSettings, flags: dict[str, Any], log: list[IO[str]]
) -> int:
    """Returns the exit code; refusals raise `ConfigurationError`."""
    no_screen(flags)
    writer = EventWriter([sys.stderr, *log])
    log_through(writer)
    handler, capture = load_parts(settings, flags)
    engine = make_engine(connection, settings, [(queue, handler) for queue in queues], writer, capture)
    for queue in flags["paused"]:
        engine.pause(queue)
    folder = Path(flags["supervised"]) if flags["supervised"] else None
    with _metrics(engine, flags["metrics_address"]):
        around = watched(engine, flags, _reachable(engine, folder, control=wants_control(flag=flags["control"])))
        return run_headless(
            engine, writer, flags["max_messages"], flags["duration"], around=around, supervised=folder is not None
        )


@contextmanager
def _reachable(engine: Engine, folder: Path | None, *, control: bool) -> Iterator[None]:
    """Has a control socket, in the parent's folder where there is a parent."""
    with within(folder) if folder else nullcontext(), control_socket(engine, control=control, folder=folder):
        yield


@contextmanager
def _metrics(engine: Engine, address: str | None) -> Iterator[None]:
    """Serves what monitoring asks for, where an address is given; until the report is written, so that the end is seen."""
    if address is None:
        yield
        return
    from sqs_core.metrics_server import serve_metrics

    server = serve_metrics(engine, address)
    engine.events.record(Level.INFO, Code.METRICS_SERVED, None, f"{server.url}/metrics, /healthz and /readyz are served")
    try:
        yield
    finally:
        server.close()


def run_headless(
    engine: Engine,
    writer: EventWriter,
    maximum_messages: int | None,
    duration_seconds: float | None,
    more: Callable[[], dict[str, Any]] = dict,
    around: AbstractContextManager[None] | None = None,
    *,
    supervised: bool = False,
) -> int:
    """Run without a screen; the report goes to stdout, with what `more` says at the end. Returns the exit code.

    `around` is entered before the engine starts and left once it has ended. `supervised` says that stdin is the lifeline
    to a parent.
    """
    with SignalStops() as stops, around or nullcontext():
        if supervised:
            follow_parent(stops)
        result = run_engine(engine, stops, maximum_messages=maximum_messages, duration_seconds=duration_seconds)
    writer.close()
    if result.exit_code != EXIT_REFUSED:
        sys.stdout.write(f"{REPORT_MARK if supervised else ''}{json.dumps({**result.report, **more()})}\n")
    if result.reason:
        sys.stderr.write(f"sqs-tui: {one_line(mask_secrets(result.reason), LONGEST_TEXT)}\n")
    return end(engine, result.exit_code)
