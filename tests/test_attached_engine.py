"""An engine of another process behind the façade: the same to a face, and it says how old it is, and comes back by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from attaching import idle_engine, served
from consuming import Process, fill, held_up, look, running, wait_for_state
from sqs_core.errors import ConfigurationError, UnreachableError
from sqs_core.model import PoolName, RunState
from sqs_core.remote.attached import AttachedEngine
from sqs_core.remote.sockets import living_sockets, make_private, runtime_directory
from sqs_core.remote.targets import LocalTarget, greet, local_target, only_one
from sqs_core.words import LinkPhase
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue
    from sqs_core.facade import Link


@contextlib.contextmanager
def attached(target: LocalTarget | None = None) -> Iterator[AttachedEngine]:
    """An attached engine that is left at the end."""
    engine = AttachedEngine(target or only_one(), per_second=10)
    engine.start()
    try:
        yield engine
    finally:
        engine.close()


def link_of(engine: AttachedEngine) -> Link:
    """How it stands."""
    link = engine.link()
    assert link is not None
    return link


def wait_for_phase(engine: AttachedEngine, phase: LinkPhase) -> None:
    """Wait until it stands so."""
    wait_until(lambda: link_of(engine).phase is phase)


@pytest.fixture
def queue(ministack_queue_factory: QueueFactory) -> TestQueue:
    """A queue of this test alone."""
    return ministack_queue_factory()


def test_it_shows_what_the_consumer_shows_and_steers_it(ministack: str, ministack_sqs: SQSClient, queue: TestQueue) -> None:
    go_on = threading.Event()
    fill(ministack_sqs, queue, ["one", "two"])
    with running(ministack, queue, held_up(go_on), control=True, workers=2) as consumer, attached() as engine:
        wait_until(lambda: [len(each.in_flight) for each in engine.snapshot().consumers] == [2])
        (seen,), here = engine.snapshot().consumers, look(consumer)
        assert (seen.queue, seen.url, seen.handler, seen.totals) == (here.queue, here.url, here.handler, here.totals)
        assert [each.message_id for each in seen.in_flight] == [each.message_id for each in here.in_flight]
        assert link_of(engine).control
        detail = engine.message(queue.name, seen.in_flight[0].message_id)
        assert detail is not None
        assert detail.message.body in ("one", "two")
        assert detail.message.queue == queue.name
        assert not detail.replayable
        assert engine.message(queue.name, "unheard-of") is None
        go_on.set()
        wait_until(lambda: engine.snapshot().consumers[0].totals.handled == 2)
        engine.resize(queue.name, PoolName.WORKERS, 5)
        wait_until(lambda: engine.snapshot().consumers[0].workers.live == 5)
        engine.pause()
        wait_until(lambda: engine.snapshot().engine.state is RunState.PAUSED)
        engine.resume(queue.name)
        wait_for_state(consumer, RunState.RUNNING)
        engine.replay(queue.name, seen.in_flight[0].message_id)
        wait_until(lambda: engine.snapshot().consumers[0].totals.handled == 3)
        engine.resize(queue.name, PoolName.WORKERS, 100_000)
        wait_until(lambda: any(event.code == "control.refused" for event in engine.snapshot().events))
        assert "100000" in engine.snapshot().events[-1].text.replace(",", "")


def test_leaving_and_stopping_the_screen_leave_the_consumer_alone(ministack: str, queue: TestQueue) -> None:
    with running(ministack, queue, "builtin:noop", control=True) as consumer:
        with attached() as engine:
            wait_for_phase(engine, LinkPhase.LIVE)
            wait_for_state(consumer, RunState.RUNNING)
            engine.stop_now()
        assert consumer.snapshot().engine.state is RunState.RUNNING


def test_a_drain_is_watched_to_its_end_and_the_next_start_is_found(
    ministack: str, ministack_sqs: SQSClient, queue: TestQueue, tmp_path: Path
) -> None:
    (tmp_path / "slow.py").write_text("import time\ndef handle(message):\n    time.sleep(1)\n")
    fill(ministack_sqs, queue, ["one", "two", "three"])

    def start() -> Process:
        return Process(ministack, queue.name, "--handler", "slow:handle", "--wait", "1", directory=tmp_path)

    states: list[RunState] = []
    with start() as process:
        process.wait_for("consumer.started")
        with attached() as engine:
            wait_until(lambda: engine.snapshot().consumers and engine.snapshot().consumers[0].workers.busy)
            first = engine.snapshot().engine.pid
            process.signal(signal.SIGTERM)

            def stopped() -> bool:
                states.append(engine.snapshot().engine.state)
                return states[-1] is RunState.STOPPED

            wait_until(stopped)
            assert RunState.DRAINING in states, "the drain was seen"
            assert engine.snapshot().consumers[0].totals.handled == 3
            process.end().report()
            wait_for_phase(engine, LinkPhase.LOST)
            assert engine.snapshot().engine.state is RunState.STOPPED, "what was seen last stays"
            with start() as again:
                again.wait_for("consumer.started")
                wait_for_phase(engine, LinkPhase.LIVE)
                wait_until(lambda: engine.snapshot().engine.state is RunState.RUNNING)
                assert engine.snapshot().engine.pid != first
                again.signal()
                again.end().report()


def test_a_consumer_that_is_killed_is_lost_and_its_socket_is_cleaned(ministack: str, queue: TestQueue) -> None:
    with Process(ministack, queue.name, "--handler", "builtin:noop", "--wait", "1") as process:
        process.wait_for("consumer.started")
        with attached() as engine:
            wait_for_phase(engine, LinkPhase.LIVE)
            process.signal(signal.SIGKILL)
            wait_for_phase(engine, LinkPhase.LOST)
            wait_until(lambda: "has the consumer ended?" in link_of(engine).problem)
    assert living_sockets() == []
    assert list(runtime_directory().iterdir()) == []


def test_a_consumer_that_says_nothing_is_stalled_and_its_age_grows(ministack: str, queue: TestQueue) -> None:
    with Process(ministack, queue.name, "--handler", "builtin:noop", "--wait", "1") as process:
        process.wait_for("consumer.started")
        with attached() as engine:
            wait_until(lambda: engine.snapshot().engine.state is RunState.RUNNING)
            process.signal(signal.SIGSTOP)
            wait_for_phase(engine, LinkPhase.STALLED)
            assert (link_of(engine).age_seconds or 0) >= 3.0
            assert engine.snapshot().engine.state is RunState.RUNNING
            process.signal(signal.SIGCONT)
            wait_for_phase(engine, LinkPhase.LIVE)
        process.signal()
        process.end().report()


def test_commands_to_one_that_is_view_only_are_refused_at_once() -> None:
    engine = idle_engine()
    with served(engine), attached() as far:
        wait_for_phase(far, LinkPhase.LIVE)
        refused: tuple[Callable[[], Any], ...] = (
            far.pause,
            far.resume,
            far.drain,
            lambda: far.resize("orders", PoolName.WORKERS, 3),
            lambda: far.replay("orders", "x"),
        )
        for command in refused:
            with pytest.raises(ConfigurationError, match="view only; it takes commands when it is started with --control"):
                command()
        assert far.workbench().lock().locked


def test_a_command_without_a_connection_becomes_an_event() -> None:
    with served(idle_engine()):
        target = only_one()
    with attached(target) as far:
        far.pause()
        wait_until(lambda: any(event.code == "control.refused" for event in far.snapshot().events))
        with pytest.raises(UnreachableError, match="is not connected"):
            far.message("orders", "x")


def test_one_that_ran_beside_it_is_not_its_next_start() -> None:
    with served(idle_engine()) as path:
        gone = LocalTarget(path.with_name("1.sock"), greet(path))
        with pytest.raises(UnreachableError, match="has the consumer ended"):
            gone.open()


def test_before_anything_is_known_the_environment_counts_as_deployed() -> None:
    with served(idle_engine()) as path:
        target = LocalTarget(path)
    assert AttachedEngine(target, per_second=1).snapshot().engine.environment == "unknown"


@pytest.mark.parametrize(
    "answers",
    [
        [b"HTTP/1.1 200 OK\r\n"],
        [b'{"type": "hello"}\n'],
        [b'{"type": "hello", "protocol": 2}\n'],
        [b'{"type": "hello", "protocol": 1, "schema": 1, "version": "x", "pid": "\\u001b[31m"}\n'],
        [b""],
        [b"\x00" * 4096 + b"\n"],
        [b"[" * 100_000 + b"\n"],
    ],
)
def test_whatever_answers_the_viewer_says_so_and_goes_on_trying(answers: list[bytes]) -> None:
    path = make_private(runtime_directory()) / "1.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.settimeout(20)
        with attached(LocalTarget(path)) as far:
            for _ in range(2):  # it comes back after the first refusal
                peer, _ = listening.accept()
                with peer, contextlib.suppress(OSError):
                    for answer in answers:
                        peer.sendall(answer)
            wait_for_phase(far, LinkPhase.LOST)
            assert link_of(far).problem
            assert "\x1b" not in link_of(far).problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4000000", "no consumer with pid 4000000 has a socket in"),
        ("/nowhere.sock", "target '/nowhere.sock' is neither a process id, a socket"),
        ("pods/x", "target 'pods/x' is neither"),
    ],
)
def test_a_target_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        local_target(text)


def test_the_only_consumer_is_found_and_several_are_named() -> None:
    with pytest.raises(ConfigurationError, match="no consumer runs here"):
        only_one()
    with served(idle_engine()):
        assert only_one().name == f"pid {os.getpid()}"
        with served(idle_engine()), pytest.raises(ConfigurationError, match=f"several consumers run here .{os.getpid()}, "):
            only_one()
