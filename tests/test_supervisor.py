"""Which processes are started again, which are not, and that none outlives a drain: with programs that do one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sqs_core.events import EventLog
from sqs_core.model import RunState
from sqs_core.policy import Backoff
from sqs_core.processes import supervisor as module
from sqs_core.processes.merged import MOST_LIVES
from sqs_core.processes.slot import Terms
from sqs_core.processes.supervisor import Supervisor
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sqs_core.processes.merged import Life

REPORT = r"""printf '\036{"received": 0, "requests": {}, "in_flight_at_exit": 0}\n'"""
REFUSAL = "echo 'sqs-tui: no such handler' >&2; exit 2"


class Heard:
    """Forgets what it hears."""

    def said(self, pid: int, line: str) -> None: ...
    def printed(self, line: str) -> None: ...


Started = tuple[Supervisor, EventLog]


@pytest.fixture
def started(tmp_path: Path) -> Callable[..., Started]:
    """Starts a place for each line of shell; a list of lines is what comes one after the other there."""

    def start(*places: str | list[str]) -> Started:
        lives = {number: [each] if isinstance(each, str) else each for number, each in enumerate(places, 1)}

        def command(number: int, before: Sequence[Life]) -> list[str]:
            lines = lives[number]
            return ["/bin/sh", "-c", lines.pop(0) if len(lines) > 1 else lines[0]]

        events = EventLog()
        terms = Terms(command, tmp_path, Heard(), events, Backoff(base_seconds=0.01, cap_seconds=0.02))
        made = Supervisor(len(places), terms, 0.0)
        made.start()
        return made, events

    return start


def test_one_that_crashes_is_never_given_up_and_a_drain_ends_it(started: Callable[..., Started]) -> None:
    supervisor, events = started("exit 3", "head -c1 >/dev/null; kill -TERM $$")
    wait_until(lambda: supervisor.slots[0].restarts >= MOST_LIVES + 4)
    assert not supervisor.ended
    assert len(supervisor.slots[0].lives) <= MOST_LIVES
    supervisor.drain()
    wait_until(lambda: supervisor.ended)
    assert supervisor.exit_code() == 1
    assert supervisor.snapshot().engine.state is RunState.FAILED
    said = [event.text for event in events.snapshot()]
    assert any("ended with exit code 3, the 4. time, the next starts in 0.0 s" in text for text in said), said


def test_a_refusal_at_first_ends_all(started: Callable[..., Started]) -> None:
    supervisor, _ = started("head -c1 >/dev/null; " + REPORT, REFUSAL)
    wait_until(lambda: supervisor.ended)
    assert (supervisor.exit_code(), supervisor.reason()) == (2, "no such handler")
    assert len(supervisor.slots[1].lives) == 1


def test_a_refusal_or_an_error_after_a_crash_may_pass(started: Callable[..., Started]) -> None:
    supervisor, events = started(["exit 3", REFUSAL, REPORT + "; exit 1", REPORT])
    wait_until(lambda: supervisor.ended)
    assert any("ended with exit code 2: no such handler, the 2. time" in event.text for event in events.snapshot())
    assert [life.ending.code for life in supervisor.lives] == [3, 2, 1, 0]
    assert (supervisor.exit_code(), supervisor.slots[0].past) == (0, "restarted 3×, last: exit code 0")


def test_leaving_ends_those_that_do_not_listen(started: Callable[..., Started], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.2)
    supervisor, events = started("exec sleep 600", "read word; read word; " + REPORT)
    wait_until(lambda: len(events.snapshot()) == 2)
    supervisor.end()
    assert supervisor.ended
    assert supervisor.slots[0].lives[-1].ending.how == "signal 9 (SIGKILL)"


def test_what_was_done_before_in_a_place_is_counted_once(started: Callable[..., Started]) -> None:
    done = REPORT.replace('"requests"', '"handled": 5, "failed": 2, "requests"')
    supervisor, _ = started(["exit 3", done, REPORT])
    (slot,) = supervisor.slots
    wait_until(lambda: supervisor.ended)
    pids = [life.pid for life in slot.lives]
    assert len(pids) == 2
    (there,) = supervisor.sources[0].find()
    assert [there.done_before(pid) for pid in (*pids, 0)] == [(5, 2), (0, 0), (5, 2)]


def test_one_that_does_not_listen_is_killed(started: Callable[..., Started], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.2)
    supervisor, events = started("exec sleep 600", "head -c1 >/dev/null; " + REPORT)
    wait_until(lambda: len(events.snapshot()) == 2)
    supervisor.drain()
    wait_until(lambda: supervisor.ended)
    assert supervisor.exit_code() == 1
    assert supervisor.slots[0].lives[-1].ending.how == "signal 9 (SIGKILL)"
