"""The dashboard as the command line starts it: terminal, signals, engine life, exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from sqs_tui.color_choice import use_colors
from sqs_tui.departure import Departure
from sqs_tui.drain import ENDED
from sqs_tui.late_imports import sparing_collections
from sqs_tui.leaving import OnlyLeaving, ended_by_leaving
from sqs_tui.terminal import Terminal
from sqs_tui.terminal_watch import TerminalWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqs_core.facade import EngineFacade
    from sqs_core.remote.fleet import Fleet
    from sqs_core.remote.sources import Candidate
    from sqs_tui.departure import Drainable
    from sqs_tui.ensemble import Ensemble
    from sqs_tui.options import DashboardOptions
    from sqs_tui.silence import Silence
    from sqs_tui.start_looking import Looking
    from sqs_tui.terminal_watch import WatchLimits


def run_dashboard(facade: EngineFacade, options: DashboardOptions, silence: Silence | None = None) -> int:
    """Show the dashboard until it is left; returns the exit code.

    0 after a drain that ended by itself; 1 when stopped by a second press or signal, by the drain's deadline, by an error, or
    when the engine failed. `silence` is what to do besides leaving where the terminal is watched and falls silent. The engine
    is started after the first frame and is stopped in any case when this returns. Must be called on the main thread, before
    anything has imported Textual.
    """

    def run(departure: Departure, watch: TerminalWatch | None) -> int | None:
        with sparing_collections():
            from sqs_tui.dashboard import DashboardApp

        try:
            return DashboardApp(facade, options, departure, watch).run()
        finally:
            if not options.attached and not _has_ended(facade):
                departure.stop_engine()

    return _guarded(ended_by_leaving(facade, options), options, run, silence)


def run_fleet(fleet: Fleet, found: Sequence[Candidate], options: DashboardOptions) -> int:
    """Show a fleet until it is left, which changes nothing there; returns the exit code. Called as `run_dashboard` is."""

    def run(departure: Departure, watch: TerminalWatch | None) -> int | None:
        with sparing_collections():
            from sqs_tui.fleet_app import FleetApp

        try:
            return FleetApp(fleet, found, options, departure, watch).run()
        finally:
            fleet.close()

    return _guarded(OnlyLeaving(), options, run)


def run_processes(ensemble: Ensemble, options: DashboardOptions) -> int:
    """Show the processes that this one supervises, until they have ended; leaving drains them. Returns the worst exit code."""
    from sqs_tui.ensemble_silence import PauseAllWhileSilent

    supervisor = ensemble.supervisor

    def run(departure: Departure, watch: TerminalWatch | None) -> int | None:
        with sparing_collections():
            from sqs_tui.processes_app import ProcessesApp

        try:
            return ProcessesApp(ensemble, options, departure, watch).run()
        finally:
            if not supervisor.ended:
                departure.stop_engine()

    return _guarded(supervisor, options, run, PauseAllWhileSilent(ensemble), ensemble.end)


def run_start_screen(looking: Looking, options: DashboardOptions) -> tuple[int, tuple[str, ...] | None]:
    """Show the start screen until something is chosen; the exit code, and the arguments of the command that was chosen."""
    chosen: list[tuple[str, ...] | None] = [None]

    def run(departure: Departure, watch: TerminalWatch | None) -> int | None:
        from sqs_tui.start_app import StartApp

        app = StartApp(looking, options, departure, watch)
        try:
            return app.run()
        finally:
            looking.close()
            chosen[0] = app.chosen

    return _guarded(OnlyLeaving(), options, run), chosen[0]


def _guarded(
    engine: Drainable,
    options: DashboardOptions,
    run: Callable[[Departure, TerminalWatch | None], int | None],
    silence: Silence | None = None,
    at_last: Callable[[], None] = lambda: None,
) -> int:
    """Prepare the terminal, and see to it that the process ends whatever becomes of the screen. `at_last` is called once that has
    been left."""
    use_colors(options.color)  # before `run` imports Textual
    if sys.__stderr__ is not None:
        # Textual draws on stderr; in a locale without UTF-8 every line would come out escaped.
        with contextlib.suppress(AttributeError, ValueError):
            sys.__stderr__.reconfigure(encoding="utf-8", errors="replace")
    terminal = Terminal()

    def give_up(code: int) -> None:
        terminal.restore()
        try:
            at_last()
        finally:
            os._exit(code)

    limits = options.watch
    departure = Departure(engine, give_up, limits.leave_after_seconds if limits else 0.0)
    departure.install_signals()
    departure.start()
    watch = _make_watch(limits, departure, silence) if limits else None
    try:
        code = run(departure, watch)
    finally:
        departure.close()
        if watch is not None:
            watch.close()
        at_last()
    if departure.hung_up:
        give_up(1 if code is None else code)  # Python's own ending would fail on streams whose terminal is gone, and say 120
    return 1 if code is None else code


def _make_watch(limits: WatchLimits, departure: Departure, silence: Silence | None) -> TerminalWatch:
    def leave() -> None:
        departure.hang_up()
        if silence is not None:
            silence.leave(limits)

    def is_elsewhere() -> bool:
        return departure.is_elsewhere

    if silence is None:
        return TerminalWatch(limits, leave=leave, is_elsewhere=is_elsewhere)
    return TerminalWatch(
        limits, leave=leave, pause=lambda: silence.pause(limits), resume=silence.resume, is_elsewhere=is_elsewhere
    )


def _has_ended(facade: EngineFacade) -> bool:
    try:
        return facade.snapshot().engine.state in ENDED
    except Exception:  # noqa: BLE001 - an engine that cannot be read is told to stop
        return False
