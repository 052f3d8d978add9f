"""Runs an engine without a screen until it is done, told to stop, or cannot go on."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.errors import nothing_answers
from sqs_core.model import RunState
from sqs_core.report import make_report

if TYPE_CHECKING:
    from types import FrameType

    from sqs_core.engine import Engine

START_SECONDS = 30.0
_TICK_SECONDS = 0.02
EXIT_DONE, EXIT_CUT_SHORT, EXIT_REFUSED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class RunResult:
    """The report, the exit code (0 done, 1 cut short or unreachable, 2 refused) and why, where it is not 0."""

    report: dict[str, Any]
    exit_code: int
    reason: str | None = None


class Stops:
    """Counts requests to stop. Signal handlers only count here; the run loop acts on it.

    `time_is_up` ends a run as its own `duration_seconds` does: without anybody having asked for it.
    """

    def __init__(self) -> None:
        self._requests = 0
        self._least = 0
        self.time_is_up = False

    @property
    def count(self) -> int:
        """0 none, 1 drain, 2 or more stop at once."""
        return max(self._requests, self._least)

    def request(self, *_: object) -> None:
        """Ask for a drain; asked twice, for a stop at once."""
        self._requests += 1

    def at_least(self, count: int) -> None:
        """Ask for a drain (1) or a stop at once (2), however often that has been asked for already.

        Not added to the requests: who ends a whole service signals parent and processes at once, and the parent passes it on.
        """
        self._least = max(self._least, count)


class SignalStops(Stops):
    """SIGTERM, SIGINT and SIGHUP as requests to stop while the block runs. Does nothing off the main thread.

    A signal that is ignored already (SIGHUP under nohup) stays ignored.
    """

    _NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def __enter__(self) -> SignalStops:
        self._previous: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in self._NUMBERS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, self._handle)
        return self

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.request()

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)


def run_engine(
    engine: Engine, stops: Stops, *, maximum_messages: int | None = None, duration_seconds: float | None = None
) -> RunResult:
    """Start the engine, wait for the first of its limits or a stop, drain, and report."""
    clock = engine.clock.monotonic
    for consumer in engine.consumers:
        consumer.holding.budget = maximum_messages
    started = clock()
    engine.start()
    pause = threading.Event()
    reason: str | None = None
    while not engine.ended():
        pause.wait(_TICK_SECONDS)
        elapsed = clock() - started
        if stops.count > 1:
            engine.stop_now()
        elif reason is None and engine.state() is not RunState.DRAINING:
            reason = _why_stop(engine, stops, elapsed, maximum_messages, duration_seconds)
            if reason is not None:
                engine.drain()
    engine.close()
    refused = [consumer.refused for consumer in engine.consumers if consumer.refused]
    report = make_report(engine.snapshot(), clock() - started)
    if refused:
        return RunResult(report, EXIT_REFUSED, refused[0])
    if reason == _UNREACHABLE:
        return RunResult(report, EXIT_CUT_SHORT, _last_error(engine))
    if not engine.clean() or stops.count > 1:
        return RunResult(report, EXIT_CUT_SHORT, "stopped before everything held had ended")
    return RunResult(report, EXIT_DONE)


_UNREACHABLE = "unreachable"


def _why_stop(
    engine: Engine, stops: Stops, elapsed: float, maximum_messages: int | None, duration_seconds: float | None
) -> str | None:
    if stops.count:
        return "signal"
    if any(consumer.refused for consumer in engine.consumers):
        return "refused"
    if maximum_messages is not None and engine.finished_messages() >= maximum_messages:
        return "messages"
    if _time_is_up(engine, stops, elapsed, duration_seconds):
        return "duration" if engine.reached.is_set() else _UNREACHABLE
    if elapsed > START_SECONDS and not engine.reached.is_set():
        return _UNREACHABLE
    return None


def _time_is_up(engine: Engine, stops: Stops, elapsed: float, duration_seconds: float | None) -> bool:
    """A parent's time may be up before this process has asked anything: it gets an answer first, or an error."""
    if stops.time_is_up:
        return engine.reached.is_set() or bool(_errors(engine))
    return duration_seconds is not None and elapsed >= duration_seconds


def _errors(engine: Engine) -> list[str]:
    return [event.text for event in engine.snapshot().events if event.level == "error"]


def _last_error(engine: Engine) -> str:
    errors = _errors(engine)
    return errors[-1] if errors else nothing_answers(engine.endpoint, local=not engine.connection.environment.deployed)
