"""What viewers ask of a consumer: commands are carried out and logged, what is no request harms nobody."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from attaching import NOBODY, Raw, idle_engine, served
from consuming import look, running, wait_for_state
from sqs_core.action_log import newest_lines
from sqs_core.engine import Engine
from sqs_core.handlers import make_handler
from sqs_core.model import RunState
from sqs_core.remote import server as server_module
from sqs_core.remote.protocol import CONTROLS, LOOKS
from sqs_core.remote.server import LONGEST_LOOK_BYTES, MOST_VIEWERS
from sqs_core.remote.sockets import living_sockets
from sqs_core.settings import ConsumerSettings, make_connection_settings
from sqs_core.views import pool_sizes
from waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from servers import QueueFactory


@pytest.fixture
def engine() -> Engine:
    """A consumer that is not started."""
    return idle_engine()


@pytest.mark.parametrize("kind", CONTROLS)
def test_a_view_only_consumer_refuses_every_command(engine: Engine, kind: str) -> None:
    with served(engine) as path, Raw(path) as viewer:
        viewer.line()
        answer = viewer.ask(kind, queue="orders", workers=3, message_id="x")
        assert answer["ok"] is False
        assert "view only; start it with --control" in answer["error"]
        assert viewer.ask("snapshot")["ok"], "and goes on looking"
    assert newest_lines(10) == []
    assert pool_sizes(engine.consumers[0])[1].target == 8


def test_every_request_is_a_look_or_a_control() -> None:
    assert not set(LOOKS) & set(CONTROLS)


def test_commands_are_logged_with_the_users_id_and_answered(ministack: str, ministack_queue_factory: QueueFactory) -> None:
    queue = ministack_queue_factory()
    with running(ministack, queue, "builtin:noop", control=True) as consumer:
        wait_for_state(consumer, RunState.RUNNING)
        (path,) = living_sockets()
        with Raw(path) as viewer:
            hello = viewer.line()
            assert hello is not None
            assert set(CONTROLS) <= set(hello["capabilities"])
            answer = viewer.ask("resize", 7, queue=queue.name, workers=3, who="alice@laptop", why="too many")
            assert answer == {"type": "answer", "id": 7, "ok": True, "result": f"{queue.name}: 3 workers"}
            assert viewer.ask("pause", queue="nope")["error"] == "queue 'nope' is not consumed here"
            assert "needs workers or pollers" in viewer.ask("resize", queue=queue.name)["error"]
            assert viewer.ask("resize", workers=100_000)["ok"] is False
            assert "no longer remembered" in viewer.ask("replay", queue=queue.name, message_id="x")["error"]
            assert viewer.ask("pause")["result"] == "all queues: pausing"
            wait_for_state(consumer, RunState.PAUSED)
            assert viewer.ask("resume", queue=queue.name)["ok"]
            wait_for_state(consumer, RunState.RUNNING)
        assert look(consumer).workers.target == 3
        (event,) = [
            event for event in consumer.snapshot().events if "3 workers" in event.text and event.code == "control.command"
        ]
        assert event.text == f"{queue.name}: 3 workers, asked for by alice@laptop (uid {os.getuid()}): too many"
    lines = newest_lines(20)[::-1]
    first = lines[0]
    assert (first["operation"], first["uid"], first["who"], first["reason"]) == (
        "resize",
        os.getuid(),
        "alice@laptop",
        "too many",
    )
    assert (first["queue"], first["workers"], first["environment"], first["result"]) == (queue.name, 3, "local", "asked")
    assert any(str(line["result"]).startswith("refused: queue 'nope'") for line in lines)


def test_a_command_that_cannot_be_logged_is_not_carried_out(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    with served(engine, control=True) as path, Raw(path) as viewer:
        viewer.line()
        assert "XDG_STATE_HOME" in viewer.ask("resize", queue="orders", workers=3)["error"]
    assert pool_sizes(engine.consumers[0])[1].target == 8


def test_a_replay_where_a_deployed_environment_may_be_meant_is_refused() -> None:
    connection = make_connection_settings(environ={"APP_ENV": "prod"}, endpoint_url=NOBODY)
    engine = Engine(connection, ConsumerSettings(), [("orders", make_handler("builtin:noop", None))])
    with served(engine, control=True) as path, Raw(path) as viewer:
        viewer.line()
        assert "APP_ENV=prod may mean production" in viewer.ask("replay", queue="orders", message_id="x", why="a try")["error"]


def test_a_replay_in_a_deployed_environment_needs_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    connection = make_connection_settings(env="staging", endpoint_url=NOBODY, allow_endpoints=("127.0.0.1",))
    engine = Engine(connection, ConsumerSettings(), [("orders", make_handler("builtin:noop", None))])
    with served(engine, control=True) as path, Raw(path) as viewer:
        viewer.line()
        assert "needs a reason" in viewer.ask("replay", queue="orders", message_id="x")["error"]
        assert "no longer remembered" in viewer.ask("replay", queue="orders", message_id="x", why="ticket 7")["error"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\n",
        b"GET / HTTP/1.1\r\n",
        b"\x00\xff\xfe" * 50 + b"\n",
        b"[1]\n",
        b'{"type": "dance", "id": 1}\n',
        b'{"type": ["pause"], "id": 1}\n',
        b'{"type": "frames", "id": 1, "per_second": 1000000}\n',
        b'{"type": "frames", "id": 1, "per_second": NaN}\n',
        b'{"type": "frames", "id": 1}\n',
        b'{"type": "message", "id": 1, "queue": 5}\n',
        b"[" * 60_000 + b"\n",
    ],
)
def test_what_is_no_request_is_told_so_and_cut_off(engine: Engine, garbage: bytes) -> None:
    with served(engine, control=True) as path:
        with Raw(path) as viewer:
            viewer.line()
            viewer.send(garbage)
            answer = viewer.line()
            assert answer is not None
            assert answer["ok"] is False
            assert answer["error"].startswith("malformed: ")
            assert viewer.line() is None
        _still_serves(path)


def test_a_request_without_end_is_cut_off(engine: Engine) -> None:
    with served(engine) as path:
        with Raw(path) as viewer:
            viewer.line()
            with contextlib.suppress(OSError):  # it may hang up while we are still sending
                viewer.send(b"x" * (LONGEST_LOOK_BYTES * 4))
            answer = viewer.line()
            assert answer is None or "is not read" in answer["error"]
        _still_serves(path)


def test_a_request_that_is_sent_by_half_harms_nobody(engine: Engine) -> None:
    with served(engine) as path, Raw(path) as viewer:
        viewer.line()
        viewer.send(b'{"type": "snap')
        _still_serves(path)
        viewer.send(b'shot", "id": 4}\n')
        answer = viewer.line()
        assert answer is not None
        assert answer["result"]["schema"] == 1


def test_a_viewer_that_says_nothing_is_let_go(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "SILENT_SECONDS", 0.05)
    with served(engine) as path, Raw(path) as viewer:
        assert viewer.line() is not None
        assert viewer.line() is None


def test_too_many_viewers_are_refused_and_the_others_stay(engine: Engine) -> None:
    with served(engine) as path, contextlib.ExitStack() as crowd:
        viewers = [crowd.enter_context(Raw(path)) for _ in range(MOST_VIEWERS)]
        assert all((viewer.line() or {}).get("type") == "hello" for viewer in viewers)
        with Raw(path) as one_more:
            assert one_more.line() == {"type": "refused", "error": f"{MOST_VIEWERS} viewers are connected already: close one"}
        assert viewers[0].ask("snapshot")["ok"]
        viewers[1].socket.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: _hello(path)["type"] == "hello")


def _hello(path: Path) -> dict[str, Any]:
    with Raw(path) as viewer:
        return viewer.line() or {}


def _still_serves(path: Path) -> None:
    with Raw(path) as another:
        another.line()
        assert another.ask("snapshot")["result"]["schema"] == 1
