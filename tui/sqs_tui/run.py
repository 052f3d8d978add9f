"""What the commands do: settings from flags, an engine, and a screen over it."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from sqs_core.engine_info import starting_engine
from sqs_core.errors import ConfigurationError
from sqs_core.handlers import load_handler
from sqs_core.late_engine import LateEngine
from sqs_core.remote.serving import control_socket, wants_control
from sqs_core.settings import ConsumerSettings, parse_queue, refuse_twice
from sqs_core.words import Level
from sqs_tui.event_writer import EventWriter, log_through
from sqs_tui.flags import connection_settings, dashboard_options
from sqs_tui.options import Opening
from sqs_tui.recording_flags import recorded
from sqs_tui.served import is_served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from sqs_core.capture import Capture
    from sqs_core.engine import Engine
    from sqs_core.events import EventLog
    from sqs_core.handlers import Handler
    from sqs_core.model import Snapshot
    from sqs_core.settings import ConnectionSettings, QueueReference
    from sqs_tui.options import DashboardOptions
    from sqs_tui.silence import Silence


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
    connection.require_consuming()
    names: set[str] = set()
    for queue in queues:
        name = parse_queue(queue).name
        refuse_twice(name, names)
        names.add(name)
    return connection, settings


def consume_queues(queues: tuple[str, ...], flags: dict[str, Any]) -> int:
    """`sqs-tui consume`. Returns the exit code; refusals raise `ConfigurationError`."""
    connection, settings = check_consume(queues, flags)
    log = open_log(flags)
    if flags["headless"]:
        from sqs_tui.headless import consume_headless

        return consume_headless(queues, connection, settings, flags, log)
    only_headless(flags, "max_messages", "duration", "metrics_address")
    writer = EventWriter(log)
    with silenced(log):
        handler, capture = load_parts(settings, flags)
        require_terminal()
        log_through(writer)
        control = wants_control(flag=flags["control"])
        intended = Intended(connection, settings, tuple(parse_queue(queue) for queue in queues), handler.name)

        def make(around: ExitStack) -> Engine:
            engine = make_engine(connection, settings, [(queue, handler) for queue in queues], writer, capture)
            around.enter_context(watched(engine, flags, control_socket(engine, control=control)))
            return engine

        return show(make, intended, flags)


def load_parts(settings: ConsumerSettings, flags: dict[str, Any]) -> tuple[Handler, Capture | None]:
    """What `consume` needs beside settings: its handler, and the file that it copies messages to."""
    handler = load_handler(flags["handler"], settings.handler_timeout_seconds)
    if flags["capture"] is None:
        return handler, None
    from sqs_core.capture import Capture
    from sqs_core.personal_data import mask_personal

    return handler, Capture(Path(flags["capture"]), flags["capture_share"], mask_personal)


def make_engine(
    connection: ConnectionSettings,
    settings: ConsumerSettings,
    consumers: Iterable[tuple[str, Handler]],
    writer: EventWriter,
    capture: Capture | None = None,
    listed: Sequence[QueueReference] = (),
) -> Engine:
    """The engine that a command is about; importing it takes as long as the first frame of a screen."""
    from sqs_core.engine import Engine

    return Engine(connection, settings, consumers, on_event=writer, capture=capture, listed=listed)


@contextmanager
def watched(engine: Engine, flags: dict[str, Any], control: AbstractContextManager[None]) -> Iterator[None]:
    """Can be attached to, and is recorded where that was asked for, while the block runs."""
    with control, recorded(engine, lambda: engine.events, flags):
        yield


def browse(flags: dict[str, Any], queues: Iterable[str] = ()) -> int:
    """`sqs-tui` and `sqs-tui inspect`: the queues of the endpoint, or those that are named."""
    connection, settings = connection_settings(flags), ConsumerSettings()
    named = tuple(parse_queue(queue) for queue in queues)
    require_terminal("look at queues with `aws sqs list-queues`, or consume with `sqs-tui consume … --headless`")
    log = open_log(flags)
    writer = EventWriter(log)
    with silenced(log):
        log_through(writer)
        return show(lambda _: make_engine(connection, settings, (), writer, listed=named), Intended(connection, settings), flags)


class Intended(NamedTuple):
    """What the engine that a screen is about will be made of."""

    connection: ConnectionSettings
    settings: ConsumerSettings
    queues: tuple[QueueReference, ...] = ()
    handler: str = ""


def show(make: Callable[[ExitStack], Engine], intended: Intended, flags: dict[str, Any]) -> int:
    """Show the dashboard over an engine until it is left; returns the exit code.

    `make` is called once the first frame is out; what it enters is left when the engine has ended.
    """
    opening = Opening(starting_engine(intended.connection), tuple(queue.name for queue in intended.queues))
    options = replace(
        dashboard_options(flags),
        leave_when_failed=bool(opening.queues),
        view_only=intended.connection.read_only,
        opening=opening,
    )
    from sqs_tui.app import run_dashboard

    def expected() -> Snapshot:
        from sqs_core.expected import expected_snapshot

        return expected_snapshot(opening.engine, intended.settings, intended.queues, intended.handler)

    with ExitStack() as around:

        def make_noted() -> Engine:
            engine = make(around)
            note_warnings(engine.events, options)
            return engine

        late = LateEngine(make_noted, expected)
        try:
            code = run_dashboard(late, options, _silence(late) if options.watch else None)
        finally:
            engine = late.close()
            if engine is not None:
                engine.close()
    if late.failure is not None:
        raise late.failure
    return code if engine is None else leave(engine, code, flags)


def _silence(late: LateEngine) -> Silence:
    from sqs_tui.silence import PauseWhileSilent

    return PauseWhileSilent(late, lambda: late.events)


def leave(engine: Engine, code: int, flags: dict[str, Any], what: str = "sqs-tui") -> int:
    """After a dashboard: raise `ConfigurationError` for what was refused, else say what was done and return the exit code."""
    refused = [consumer.refused for consumer in engine.consumers if consumer.refused]
    if refused:
        raise ConfigurationError(refused[0])
    if engine.consumers:
        from sqs_core.report import make_report
        from sqs_tui.farewell import say_farewell

        say_farewell(make_report(engine.snapshot(), 0.0), flags, what, cut_short=not engine.clean())
    return end(engine, code)


def end(engine: Engine, code: int) -> int:
    """Return the exit code; where a handler still runs, end here, for Python would wait for threads that it started."""
    from sqs_core.events import Code

    hung = any(event.code == Code.HANDLER_HUNG for event in engine.events.snapshot())
    if hung or not engine.clean():
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
    return code


def note_warnings(events: EventLog, options: DashboardOptions) -> None:
    """What the dashboard warns of when it begins is an event as well, so that it is in the log."""
    from sqs_core.events import Code

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
