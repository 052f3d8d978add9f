"""Frames at the asked rate, fewer for who does not read, and the last one at the end."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from attaching import Raw, idle_engine, served
from sqs_core.events import Code
from sqs_core.model import Level
from sqs_core.remote.server import ControlServer
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.engine import Engine


@pytest.fixture
def engine() -> Engine:
    """A consumer that is not started."""
    return idle_engine()


def _frames(viewer: Raw) -> Iterator[dict[str, Any]]:
    while (line := viewer.line()) is not None:
        if line["type"] == "frame":
            yield line


def test_frames_come_at_the_asked_rate_and_stop_when_asked(engine: Engine) -> None:
    with served(engine) as path, Raw(path) as viewer:
        viewer.line()
        viewer.ask("frames", per_second=10)
        frames = _frames(viewer)
        first, second, third = (next(frames) for _ in range(3))
        assert first["base"] is None
        assert (second["base"], third["base"]) == (first["number"], second["number"])
        viewer.ask("frames", 2, per_second=0)
        assert viewer.ask("ping", 3)["result"] == "pong"
        viewer.ask("frames", 4, per_second=10, summary=True)
        summary = next(frames)
        assert summary["base"] is None
        assert "threads" not in summary["consumers"][0]


def test_a_viewer_that_does_not_read_gets_fewer_frames_and_nothing_is_kept_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = idle_engine()
    server = ControlServer(engine, control=False)
    server.start()
    assert server.path is not None
    with Raw(server.path) as stuck, Raw(server.path) as lively:
        stuck.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for viewer in (stuck, lively):
            viewer.line()
        stuck.send(b'{"type": "frames", "id": 1, "per_second": 10}\n')
        lively.ask("frames", per_second=10)
        frames = _frames(lively)

        def much_happens() -> bool:
            newest = next(frames)["number"]
            for number in range(200):
                engine.events.record(Level.INFO, Code.POLL_ERROR, None, f"{newest} {number} {'x ' * 200}")
            return any(viewer.dropped > 3 for viewer in server._viewers)

        wait_until(much_happens)
        waiting = [viewer.writer.transport.get_write_buffer_size() for viewer in server._viewers]
        assert max(waiting) < 1_000_000, "at most the one frame that was begun"
        numbers = [next(frames)["number"] for _ in range(3)]
        assert numbers == list(range(numbers[0], numbers[0] + 3)), "who reads gets every frame"
        behind = _frames(stuck)
        assert next(frame for frame in behind if frame["dropped"] > 3)
    server.close()


def test_viewers_are_told_the_end(engine: Engine) -> None:
    server = ControlServer(engine, control=False)
    server.start()
    assert server.path is not None
    with Raw(server.path) as viewer:
        viewer.line()
        viewer.ask("frames", per_second=1)
        engine.drain()
        server.close()
        lines = list(iter(viewer.line, None))
    assert [line["type"] for line in lines[-2:]] == ["frame", "goodbye"]


def test_a_viewer_that_is_being_cut_off_at_the_end_is_no_error(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    server = ControlServer(engine, control=False)
    server.start()
    assert server.path is not None
    with Raw(server.path) as stuck:
        stuck.line()
        stuck.ask("ping")
        # More answers than the system takes for it, and few enough that the server still comes to the last line.
        stuck.send(b'{"type": "ping", "id": 2}\n' * 800 + b"nonsense\n")
        wait_until(lambda: not server._viewers)
        server.close()
    assert [record.getMessage() for record in caplog.records] == []
