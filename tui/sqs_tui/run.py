"""What the commands do: settings from flags, an engine, and a screen or a report."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sqs_core.engine import Engine
from sqs_core.errors import LONGEST_TEXT, ConfigurationError
from sqs_core.events import Code
from sqs_core.handlers import load_handler
from sqs_core.masking import mask_secrets
from sqs_core.model import Level
from sqs_core.plain_text import one_line
from sqs_core.processes.lifeline import follow_parent
from sqs_core.remote.serving import control_socket, wants_control
from sqs_core.runner import EXIT_REFUSED, SignalStops, run_engine
from sqs_core.settings import ConnectionSettings, ConsumerSettings, parse_queue
from sqs_tui.event_writer import EventWriter, log_through
from sqs_tui.flags import connection_settings, dashboard_options
from sqs_tui.recording_flags import recorded
from sqs_tui.served import is_served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from sqs_core.events import EventLog
    from sqs_tui.options import DashboardOptions


def consumer_settings(flags: dict[str, Any]) -> ConsumerSettings:
    """Consumer settings from `consume`'s flags. With `--autoscale` it begins as near to `--workers` as the bounds allow."""
    autoscale, workers = _autoscale(flags["autoscale"]), flags["workers"]
    return ConsumerSettings(
        workers=workers if autoscale is None else max(autoscale[0], min(workers, autoscale[1])),
        pollers=flags["pollers"],
        wait_seconds=flags["wait"],
        visibility_seconds=flags["visibility"],
        batch=flags["batch"],
        read_timeout_seconds=flags["read_timeout"],
        drain_timeout_seconds=flags["drain_timeout"],
        handler_timeout_seconds=flags["handler_timeout"],
        transport=flags["transport"],
        autoscale=autoscale,
    )


def _autoscale(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    minimum, _, maximum = text.partition(":")
    if not (minimum.isascii() and minimum.isdigit() and maximum.isascii() and maximum.isdigit()):
        raise ConfigurationError(f"--autoscale {text!r} is not MIN:MAX, such as 2:24: the fewest and the most workers")
    return int(minimum), int(maximum)


def check_consume(queues: Iterable[str], flags: dict[str, Any]) -> tuple[ConnectionSettings, ConsumerSettings]:
    """The settings of `consume`; raises `ConfigurationError` for what cannot be, before anything is begun."""
    if not flags["handler"]:
        raise ConfigurationError("consume needs --handler: module:function, exec:COMMAND, http://URL or builtin:noop")
    connection, settings = connection_settings(flags), consumer_settings(flags)
    for queue in queues:
        parse_queue(queue)
    return connection, settings


def consume_queues(queues: tuple[str, ...], flags: dict[str, Any]) -> int:
    """`sqs-tui consume`. Returns the exit code; refusals raise `ConfigurationError`."""
    connection, settings = check_consume(queues, flags)
    log = open_log(flags)
    if flags["headless"]:
        no_screen(flags)
        writer = EventWriter([sys.stderr, *log])
        log_through(writer)
        engine = _make_engine(queues, flags, connection, settings, writer)
        supervised = flags["supervised"]
        reachable = control_socket(
            engine, control=wants_control(flag=flags["control"]), folder=Path(supervised) if supervised else None
        )
        with _metrics(engine, flags["metrics_address"]):
            around = watched(engine, flags, reachable)
            return run_headless(
                engine, writer, flags["max_messages"], flags["duration"], around=around, supervised=bool(supervised)
            )
    only_headless(flags, "max_messages", "duration", "metrics_address")
    writer = EventWriter(log)
    with silenced(log):
        engine = _make_engine(queues, flags, connection, settings, writer)
        require_terminal()
        log_through(writer)
        control = wants_control(flag=flags["control"])
        return show(engine, flags, watched(engine, flags, control_socket(engine, control=control)))


@contextmanager
def watched(engine: Engine, flags: dict[str, Any], control: AbstractContextManager[None]) -> Iterator[None]:
    """Can be attached to, and is recorded where that was asked for, while the block runs."""
    with control, recorded(engine, lambda: engine.events, flags):
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


def _make_engine(
    queues: tuple[str, ...],
    flags: dict[str, Any],
    connection: ConnectionSettings,
    settings: ConsumerSettings,
    writer: EventWriter,
) -> Engine:
    handler = load_handler(flags["handler"], settings.handler_timeout_seconds)
    consumers = [(queue, handler) for queue in queues]
    capture = None
    if flags["capture"] is not None:
        from sqs_core.capture import Capture
        from sqs_core.personal_data import mask_personal

        capture = Capture(Path(flags["capture"]), flags["capture_share"], mask_personal)
    return Engine(connection, settings, consumers, on_event=writer, capture=capture)


def browse(flags: dict[str, Any]) -> int:
    """`sqs-tui` and `sqs-tui inspect`: the queues of the endpoint."""
    connection = connection_settings(flags)
    require_terminal("look at queues with `aws sqs list-queues`, or consume with `sqs-tui consume … --headless`")
    log = open_log(flags)
    writer = EventWriter(log)
    with silenced(log):
        log_through(writer)
        return show(Engine(connection, ConsumerSettings(), on_event=writer), flags)


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
        sys.stdout.write(json.dumps({**result.report, **more()}) + "\n")
    if result.reason:
        sys.stderr.write(f"sqs-tui: {one_line(mask_secrets(result.reason), LONGEST_TEXT)}\n")
    return _end(engine, result.exit_code)


def leave(engine: Engine, code: int) -> int:
    """After a dashboard: raise `ConfigurationError` for what was refused, else return the exit code."""
    refused = [consumer.refused for consumer in engine.consumers if consumer.refused]
    if refused:
        raise ConfigurationError(refused[0])
    return _end(engine, code)


def _end(engine: Engine, code: int) -> int:
    """Return the exit code; where a handler still runs, end here, for Python would wait for threads that it started."""
    hung = any(event.code == Code.HANDLER_HUNG for event in engine.events.snapshot())
    if hung or not engine.clean():
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
    return code


def show(engine: Engine, flags: dict[str, Any], around: AbstractContextManager[None] | None = None) -> int:
    """Show the dashboard over an engine until it is left; returns the exit code."""
    options = replace(dashboard_options(flags), leave_when_failed=bool(engine.consumers), view_only=engine.connection.read_only)
    from sqs_tui.app import run_dashboard
    from sqs_tui.silence import PauseWhileSilent

    note_warnings(engine.events, options)
    with around or nullcontext():
        code = run_dashboard(engine, options, PauseWhileSilent(engine, lambda: engine.events))
        engine.close()
    return leave(engine, code)


def note_warnings(events: EventLog, options: DashboardOptions) -> None:
    """What the dashboard warns of when it begins is an event as well, so that it is in the log."""
    for warning in options.warnings:
        events.record(Level.WARNING, Code.SETTINGS_IGNORED, None, warning)


_POOREST_TERMS = frozenset({"dumb", "unknown"})
"""Without any TERM, as in some containers, 16 colours are drawn, which every terminal shows."""


def require_terminal(instead: str = "use --headless, or `kubectl exec -it`") -> None:
    """Raise `ConfigurationError` without one: the dashboard reads stdin and draws on stderr, and would run unseen."""
    if is_served():
        return
    for stream, name in ((sys.__stdin__, "stdin"), (sys.__stderr__, "stderr")):
        if stream is None or stream.closed or not stream.isatty():
            raise ConfigurationError(f"no terminal on {name}: the dashboard needs one; {instead}")
    term = os.environ.get("TERM")
    if term in _POOREST_TERMS:
        raise ConfigurationError(f"TERM={term} cannot draw a dashboard: set TERM=xterm-256color; otherwise {instead}")


def no_screen(flags: dict[str, Any]) -> None:
    """Raise `ConfigurationError` for an option that goes with a dashboard alone."""
    if flags["watch_terminal"]:
        raise ConfigurationError("--watch-terminal goes with a dashboard, not with --headless: that needs no terminal")


def only_headless(flags: dict[str, Any], *names: str) -> None:
    """Raise `ConfigurationError` for an option that goes with --headless alone."""
    for name in names:
        if flags[name] is not None:
            raise ConfigurationError(f"--{name.replace('_', '-')} {flags[name]} goes with --headless")


def open_log(flags: dict[str, Any]) -> list[IO[str]]:
    """The log file, where one was asked for."""
    path = flags["log_file"]
    if path is None:
        return []
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(f"--log-file {Path(path)} cannot be written: {error.strerror}") from error
    return [os.fdopen(descriptor, "a", encoding="utf-8")]


@contextmanager
def silenced(log: list[IO[str]]) -> Iterator[None]:
    """While the screen is drawn, what handlers print goes to the log file or nowhere, not over the screen."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sink = log[0] if log else nowhere
        with redirect_stdout(sink), redirect_stderr(sink):
            yield
