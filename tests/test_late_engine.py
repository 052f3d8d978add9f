"""An engine that is made while a screen is up: what is seen of it meanwhile, and what becomes of it when that is left."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from sqs_core.engine import Engine
from sqs_core.engine_info import starting_engine
from sqs_core.errors import ConfigurationError
from sqs_core.expected import expected_snapshot
from sqs_core.handlers import make_handler
from sqs_core.late_engine import LateEngine
from sqs_core.model import RunState, Snapshot
from sqs_core.settings import ConsumerSettings, make_connection_settings, parse_queue
from terminals import LEAVE_ALT_SCREEN, Terminal
from waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = "http://127.0.0.1:9"
CONNECTION = make_connection_settings(endpoint_url=NOWHERE, environ={})
SETTINGS = ConsumerSettings(workers=3)
HANDLER = make_handler("builtin:noop", None)


def expected() -> Snapshot:
    return expected_snapshot(starting_engine(CONNECTION), SETTINGS, [parse_queue("orders")], HANDLER.name)


def engine() -> Engine:
    return Engine(CONNECTION, SETTINGS, [("orders", HANDLER)])


class Making:
    """Makes an engine when it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go = threading.Event()
        self.made: list[Engine] = []
        self._error = error
        self.late = LateEngine(self, expected)

    def __call__(self) -> Engine:
        assert self.go.wait(10)
        if self._error is not None:
            raise self._error
        self.made.append(engine())
        return self.made[0]


def test_what_is_expected_is_what_comes() -> None:
    first, real = expected(), engine().snapshot()
    assert first.consumers == real.consumers
    same = ("pid", "host", "state", "environment", "read_only", "endpoint", "region", "version", "environment_decided_by")
    assert [getattr(first.engine, name) for name in same] == [getattr(real.engine, name) for name in same]


def test_until_it_is_made_it_starts_and_what_is_asked_of_it_waits() -> None:
    making = Making()
    making.late.start()
    assert making.late.snapshot().engine.state is RunState.STARTING
    threading.Timer(0.05, making.go.set).start()
    making.late.pause("orders")
    assert making.late.close() is making.made[0]
    assert making.late.snapshot().engine.pid == making.made[0].snapshot().engine.pid
    making.late.stop_now()
    wait_until(making.made[0].ended, 5.0)
    making.made[0].close()


def test_one_that_is_left_before_it_was_made_is_never_started() -> None:
    making = Making()
    making.late.start()
    making.late.drain()
    snapshot = making.late.snapshot()
    assert (snapshot.engine.state, [consumer.state for consumer in snapshot.consumers]) == (RunState.STOPPED, [RunState.STOPPED])
    making.go.set()
    assert making.late.close() is None
    assert making.made[0].supervised_at is None


def test_what_kept_it_from_being_made_is_what_asking_raises() -> None:
    making = Making(ConfigurationError("no such thing"))
    making.go.set()
    with pytest.raises(ConfigurationError, match="no such thing"):
        making.late.list_queues()
    assert making.late.snapshot().engine.state is RunState.FAILED
    assert making.late.close() is None


def test_a_refusal_behind_the_first_frame_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    there = tmp_path / "there.jsonl"
    there.touch()
    command = ["--endpoint-url", NOWHERE, "consume", "orders", "--handler", "builtin:noop", "--record", str(there)]
    with Terminal(command) as terminal:
        assert terminal.ended(20.0) == 2
    said = terminal.seen.rpartition(LEAVE_ALT_SCREEN)[2].decode()
    assert "exists: choose another name" in said
    assert "Traceback" not in said
