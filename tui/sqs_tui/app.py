"""The dashboard as the command line starts it: terminal, signals, engine life, exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from sqs_tui.departure import Departure
from sqs_tui.drain import ENDED
from sqs_tui.leaving import ended_by_leaving
from sqs_tui.terminal import Terminal
from sqs_tui.terminal_watch import TerminalWatch

if TYPE_CHECKING:
    from sqs_core.facade import EngineFacade
    from sqs_tui.options import DashboardOptions
    from sqs_tui.silence import Silence
    from sqs_tui.terminal_watch import WatchLimits

_COLOR_SYSTEMS = {"16": "standard", "256": "256", "truecolor": "truecolor"}


def run_dashboard(facade: EngineFacade, options: DashboardOptions, silence: Silence | None = None) -> int:
    """Show the dashboard until it is left; returns the exit code.

    0 after a drain that ended by itself; 1 when stopped by a second press or signal, by the drain's deadline, by an error, or
    when the engine failed. `silence` is what to do besides leaving where the terminal is watched and falls silent. The engine
    is started after the first frame and is stopped in any case when this returns. Must be called on the main thread, before
    anything has imported Textual.
    """
    if options.color is not None:
        os.environ["TEXTUAL_COLOR_SYSTEM"] = _COLOR_SYSTEMS[options.color]
    if sys.__stderr__ is not None:
        # Textual draws on stderr; in a locale without UTF-8 every line would come out escaped.
        with contextlib.suppress(AttributeError, ValueError):
            sys.__stderr__.reconfigure(encoding="utf-8", errors="replace")
    terminal = Terminal()

    def give_up(code: int) -> None:
        terminal.restore()
        os._exit(code)

    limits = options.watch
    departure = Departure(ended_by_leaving(facade, options), give_up, limits.leave_after_seconds if limits else 0.0)
    departure.install_signals()
    departure.start()
    watch = _make_watch(limits, departure, silence) if limits else None
    code = _run(facade, options, departure, watch)
    if departure.hung_up:
        give_up(code)  # Python's own ending would fail on streams whose terminal is gone, and say 120
    return code


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


def _run(facade: EngineFacade, options: DashboardOptions, departure: Departure, watch: TerminalWatch | None) -> int:
    # Imported late: Textual reads the colour setting when it is imported.
    from sqs_tui.dashboard import DashboardApp

    try:
        code = DashboardApp(facade, options, departure, watch).run()
    finally:
        if not options.attached and not _has_ended(facade):
            departure.stop_engine()
        departure.close()
        if watch is not None:
            watch.close()
    return 1 if code is None else code


def _has_ended(facade: EngineFacade) -> bool:
    try:
        return facade.snapshot().engine.state in ENDED
    except Exception:  # noqa: BLE001 - an engine that cannot be read is told to stop
        return False
