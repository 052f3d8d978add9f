"""The control socket: who may connect, what is refused, and that no viewer can harm the consumer."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from attaching import Raw, idle_engine, served
from sqs_core.errors import ConfigurationError
from sqs_core.remote import sockets
from sqs_core.remote.protocol import LOOKS, PROTOCOL
from sqs_core.remote.serving import control_socket, wants_control
from sqs_core.remote.sockets import living_sockets, make_private, runtime_directory
from sqs_core.remote.targets import discover
from waiting import DEADLINE_SECONDS

if TYPE_CHECKING:
    from sqs_core.engine import Engine

OTHER_USER = 65534


@pytest.fixture
def engine() -> Engine:
    """A consumer that is not started."""
    return idle_engine()


def test_the_consumer_says_who_it_is(engine: Engine) -> None:
    with served(engine) as path, Raw(path) as viewer:
        hello = viewer.line()
    assert hello is not None
    assert (hello["type"], hello["protocol"], hello["schema"], hello["pid"]) == ("hello", PROTOCOL, 1, os.getpid())
    assert (hello["queues"], hello["environment"]) == (["orders"], "local")
    assert hello["capabilities"] == list(LOOKS)


def test_the_socket_is_for_its_user_alone(engine: Engine) -> None:
    with served(engine) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.parent == runtime_directory()
    assert not path.exists(), "it is removed at the end"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_can_neither_connect_nor_read(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import os, socket, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534); "
        "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); sys.stdout.write(s.makefile().readline())"
    )

    def attempt(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=30)

    monkeypatch.delenv("TMPDIR")  # it is shut to others
    monkeypatch.setattr(tempfile, "tempdir", None)
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        monkeypatch.setenv("XDG_RUNTIME_DIR", open_to_all)
        with served(engine) as path:
            shut_out = attempt(path)
            assert "PermissionError" in shut_out.stderr
            assert not shut_out.stdout
            # With the doors of the file system open, the socket asks the system who is there.
            path.parent.chmod(0o777)
            path.chmod(0o777)
            told = attempt(path)
    assert json.loads(told.stdout) == {"type": "refused", "error": f"uid {OTHER_USER} may not look at a consumer of uid 0"}


def test_a_folder_that_somebody_else_has_planted_is_refused(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = clean_environment / "elsewhere"
    real.mkdir()
    (clean_environment / "runtime" / "sqs-tui").symlink_to(real)
    with pytest.raises(ConfigurationError, match="not a folder of this user's: set XDG_RUNTIME_DIR"):
        make_private(runtime_directory())
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(clean_environment / "other"))
    monkeypatch.setattr(os, "getuid", lambda: OTHER_USER)
    with pytest.raises(ConfigurationError, match="not a folder of this user's"):
        make_private(runtime_directory())


def test_a_folder_that_is_open_to_others_is_shut(clean_environment: Path) -> None:
    runtime_directory().mkdir(mode=0o777)
    runtime_directory().chmod(0o777)
    assert stat.S_IMODE(make_private(runtime_directory()).stat().st_mode) == 0o700


def test_a_path_that_is_too_long_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch, clean_environment: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(clean_environment / ("x" * 100)))
    with pytest.raises(ConfigurationError, match="too long for a socket: set XDG_RUNTIME_DIR"):
        sockets.listen()


def test_sockets_of_dead_processes_are_removed(engine: Engine) -> None:
    folder = make_private(runtime_directory())
    dead = folder / "4000000.sock"
    with socket.socket(socket.AF_UNIX) as forgotten:
        forgotten.bind(str(dead))
    mine = folder / f"{os.getpid()}.sock"
    with socket.socket(socket.AF_UNIX) as forgotten:
        forgotten.bind(str(mine))
    with served(engine) as path:
        assert path == mine, "its own name is free again"
        assert living_sockets() == [path]
        assert not dead.exists()


def test_two_processes_with_the_same_id_have_a_socket_each(engine: Engine) -> None:
    with served(engine) as first, served(idle_engine()) as second:
        assert (first.name, second.name) == (f"{os.getpid()}.sock", f"{os.getpid()}-2.sock")
        assert {found.path for found in discover()} == {first, second}


def test_what_is_no_consumer_is_not_discovered(engine: Engine) -> None:
    folder = make_private(runtime_directory())
    with socket.socket(socket.AF_UNIX) as foreign, served(engine) as path:
        foreign.bind(str(folder / "77.sock"))
        foreign.listen()
        answering = threading.Thread(target=_answer_html, args=(foreign,), daemon=True)
        answering.start()
        try:
            assert [found.path for found in discover()] == [path]
        finally:
            foreign.shutdown(socket.SHUT_RDWR)
            answering.join(DEADLINE_SECONDS)


def _answer_html(foreign: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            peer, _ = foreign.accept()
            with peer, contextlib.suppress(OSError):
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_consumer_goes_on_without_a_socket_unless_commands_were_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc/nowhere")
    engine = idle_engine()
    with control_socket(engine, control=False):
        (event,) = engine.events.snapshot()
    assert event.code == "control.unavailable"
    assert "set XDG_RUNTIME_DIR" in event.text
    with pytest.raises(ConfigurationError, match="set XDG_RUNTIME_DIR"), control_socket(engine, control=True):
        pass


@pytest.mark.parametrize(("value", "expected"), [(None, False), ("", False), ("0", False), ("1", True)])
def test_the_variable_allows_commands(value: str | None, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is not None:
        monkeypatch.setenv("SQS_TUI_CONTROL", value)
    assert wants_control(flag=False) is expected
    assert wants_control(flag=True) is True


def test_another_value_of_the_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQS_TUI_CONTROL", "yes")
    with pytest.raises(ConfigurationError, match="'yes' is neither 0 nor 1"):
        wants_control(flag=False)
