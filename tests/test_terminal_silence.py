"""Counting a terminal's silence, turn by turn, and what is paused meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqs_core.events import EventLog
from sqs_core.model import RunState
from sqs_core.remote.sources import Candidate
from sqs_core.remote.targets import LocalTarget
from sqs_core.views import bare_snapshot
from sqs_tui.ensemble_silence import PauseAllWhileSilent
from sqs_tui.silence import PauseWhileSilent
from sqs_tui.terminal_watch import TerminalWatch, WatchLimits
from tui_canned import quiet_consumer, snapshot
from tui_fakes import FakeFacade

if TYPE_CHECKING:
    from sqs_core.model import Snapshot
    from sqs_tui.ensemble import Ensemble


class Stepped:
    """A watch that is turned by hand, a second a turn, and what it did."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.elsewhere = False
        self.watch = TerminalWatch(
            WatchLimits(),
            leave=lambda: self.did.append("leave"),
            pause=lambda: self.did.append("pause"),
            resume=lambda: self.did.append("resume"),
            is_elsewhere=lambda: self.elsewhere,
        )

    def turn(self, times: int) -> None:
        for _ in range(times):
            self.watch.step()


def test_the_limits_are_20_and_60_seconds_and_leaving_is_once() -> None:
    stepped = Stepped()
    stepped.watch.answered()
    stepped.turn(20)
    assert stepped.did == []
    stepped.turn(1)
    assert stepped.did == ["pause"]
    stepped.turn(39)
    assert "leave" not in stepped.did
    stepped.turn(60)
    assert stepped.did.count("leave") == 1
    assert stepped.did[-1] == "leave"


def test_a_key_counts_as_a_sign_of_life_but_not_as_an_answer() -> None:
    stepped = Stepped()
    stepped.watch.stirred()
    stepped.turn(100)
    assert stepped.did == []
    stepped.watch.answered()
    for _ in range(10):
        stepped.turn(19)
        stepped.watch.stirred()
    assert stepped.did == []


def test_silence_while_another_program_has_the_terminal_means_nothing() -> None:
    stepped = Stepped()
    stepped.watch.answered()
    stepped.elsewhere = True
    stepped.turn(100)
    stepped.elsewhere = False
    stepped.turn(19)
    assert stepped.did == []


def test_what_was_resumed_from_elsewhere_is_not_paused_again() -> None:
    facade, events = FakeFacade(snapshot(quiet_consumer())), EventLog()
    silence = PauseWhileSilent(facade, lambda: events)
    silence.pause(WatchLimits())
    facade.set_state(RunState.PAUSED)
    facade.set_state(RunState.RUNNING)
    silence.pause(WatchLimits())
    silence.resume()
    assert facade.named("pause") == [("pause", "orders")]
    assert facade.named("resume") == []


class SomeProcesses:
    """Stands for an `Ensemble`: states that are set, and the commands that were sent."""

    def __init__(self, **states: RunState) -> None:
        self.states, self.sent, self.events = states, list[tuple[str, set[str]]](), EventLog()
        self.fleet = self  # the commands go through it

    @property
    def members(self) -> list[Candidate]:
        return [Candidate(key, LocalTarget(Path(key))) for key in self.states]

    def newest(self, key: str) -> Snapshot:
        return bare_snapshot(self.states[key], 0.0)

    def command(self, kind: str, keys: set[str]) -> None:
        self.sent.append((kind, set(keys)))
        self.states |= dict.fromkeys(keys, RunState.PAUSED if kind == "pause" else RunState.RUNNING)


def test_processes_that_run_are_paused_while_it_is_silent_and_those_alone_resumed() -> None:
    processes = SomeProcesses(a=RunState.RUNNING, b=RunState.PAUSED, c=RunState.RUNNING)
    silence = PauseAllWhileSilent(cast("Ensemble", processes))
    silence.pause(WatchLimits())
    silence.pause(WatchLimits())
    processes.states["c"] = RunState.RUNNING  # by somebody else
    silence.pause(WatchLimits())
    silence.resume()
    silence.resume()
    assert processes.sent == [("pause", {"a", "c"}), ("resume", {"a"})]
    assert [event.code for event in processes.events.snapshot()] == ["terminal.silent"]
