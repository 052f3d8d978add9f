"""`sqs-tui serve`: who is served, what a session is, and that it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from aiohttp import ClientSession, ClientTimeout

from attaching import idle_engine, served
from consuming import PROGRAM
from serving import Serving, living, read_to_end, read_until, refusal, status, wait_for_end
from sqs_core.errors import ConfigurationError
from sqs_core.events import Code
from sqs_core.model import Level
from sqs_tui.cli import cli
from sqs_tui.web.guards import new_token
from sqs_tui.web.packets import packet_of
from sqs_tui.web.server import ViewServer
from sqs_tui.web.session import attach_command
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sqs_core.engine import Engine

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


class Shown(NamedTuple):
    """A consumer and its socket."""

    engine: Engine
    path: Path


@pytest.fixture(scope="module")
def shown() -> Iterator[Shown]:
    """A consumer that can be looked at: this process."""
    engine = idle_engine()
    with served(engine, control=True) as path:
        yield Shown(engine, path)


@pytest.fixture(scope="module")
def shared_server(shown: Shown) -> Iterator[Serving]:
    """The server over it."""
    with Serving(str(shown.path), "--fps", "8", AWS_SECRET_ACCESS_KEY=SECRET) as server:
        yield server


@pytest.fixture
def serving(shared_server: Serving) -> Serving:
    """The server, without any session."""
    wait_until(lambda: not shared_server.children())
    return shared_server


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    """A client that is no browser."""
    async with ClientSession(timeout=ClientTimeout(20)) as session:
        yield session


async def test_only_the_address_that_was_printed_is_served(serving: Serving, client: ClientSession) -> None:
    root, token = serving.origin, serving.url.split("/")[3]
    assert len(token) >= 32
    assert new_token() not in {token, new_token()}
    assert serving.said[0].startswith(f"sqs-tui: pid {os.getpid()}, orders; view only")
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    for path in (
        "/",
        "/ws",
        f"/{token[:-1]}/",
        f"/{wrong}/",
        f"/{wrong}/ws",
        f"/{wrong}/own/page.css",
        "/terminal/js/textual.js",
    ):
        assert await status(client, root + path) == 404, path
        assert await refusal(client, root + path, {"Origin": root}) == 404, path
    for asset in ("", "own/page.css", "terminal/js/textual.js", "terminal/css/xterm.css"):
        assert await status(client, serving.url + asset) == 200, asset
    for folder in ("own/", "terminal/", "own/../server.py", "own/%2e%2e/server.py", "terminal/%2e%2e/server.py"):
        assert await status(client, serving.url + folder) in {403, 404}, folder


async def test_the_page_loads_nothing_from_elsewhere(serving: Serving, client: ClientSession) -> None:
    async with client.get(serving.url) as answer:
        page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    async with client.get(f"{serving.url}own/page.css") as answer:
        style = await answer.text()
    assert "//" not in page.replace("<!DOCTYPE html>", "").replace(f"ws://{serving.host}/", "")
    assert "//" not in style
    assert "default-src 'none'; script-src 'self';" in policy
    assert f"connect-src 'self' ws://{serving.host};" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    async with client.get(f"{serving.origin}/nothing") as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "127.0.0.1@evil.example", ""]
)
async def test_a_foreign_host_is_refused(serving: Serving, client: ClientSession, host: str) -> None:
    """A name of somebody else's that resolves to 127.0.0.1."""
    name = host.format(port=serving.host.split(":")[1])
    assert await status(client, serving.url, {"Host": name}) == 403
    assert await refusal(client, f"{serving.url}ws", {"Host": name, "Origin": f"http://{name}"}) == 403
    assert not serving.children()


async def test_a_foreign_origin_is_refused(serving: Serving, client: ClientSession) -> None:
    port = int(serving.host.split(":")[1])
    foreign = (
        "http://evil.example",
        "null",
        f"https://{serving.host}",
        f"http://localhost:{port}",
        f"http://127.0.0.1:{port - 1}",
    )
    for origin in foreign:
        assert await status(client, serving.url, {"Origin": origin}) == 403, origin
        assert await refusal(client, f"{serving.url}ws", {"Origin": origin}) == 403, origin
    assert await refusal(client, f"{serving.url}ws") == 403, "a browser says its origin"
    assert not serving.children()


async def test_a_forwarded_port_is_served(serving: Serving, client: ClientSession) -> None:
    headers = {"Host": "localhost:9999", "Origin": "http://localhost:9999"}
    async with client.get(serving.url, headers=headers) as answer:
        assert "ws://localhost:9999/" in await answer.text()
    assert await refusal(client, f"{serving.url}ws", headers) == 101


async def test_a_session_shows_and_takes_keys_and_changes_nothing(serving: Serving, client: ClientSession, shown: Shown) -> None:
    before = shown.engine.snapshot().engine.state
    async with client.ws_connect(f"{serving.url}ws?width=100&height=30", headers={"Origin": serving.origin}) as websocket:
        await read_until(websocket, b"\x1b[30;1H")
        shown.engine.events.record(Level.INFO, Code.ENGINE_STARTED, None, f"it has happened just now, password={SECRET}")
        assert SECRET not in (await read_until(websocket, b"it has happened just now, password=***")).decode()
        (child,) = serving.children()
        arguments = _proc(child, "cmdline")
        assert arguments[-5:] == ["attach", "--read-only", "--fps=8", "--", str(shown.path)]
        assert SECRET not in "".join(_proc(child, "environ"))
        await websocket.send_str(json.dumps(["stdin", "p"]))
        await websocket.send_str(json.dumps(["stdin", "s"]))
        assert b"keeps no files" in await read_until(websocket, b"keeps no files")
        await websocket.send_str(json.dumps(["resize", {"width": 10**9, "height": 45}]))
        await read_until(websocket, b"\x1b[45;1H")
        await websocket.send_str(json.dumps(["stdin", "q"]))
        _, code = await read_to_end(websocket)
        assert code == 1000
    wait_for_end({child})
    assert shown.engine.snapshot().engine.state == before
    assert not [event.text for event in shown.engine.events.snapshot() if "asked for by" in event.text]


def _proc(pid: int, name: str) -> list[str]:
    return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8").strip("\0").split("\0")


async def test_so_many_and_no_more_and_what_is_closed_makes_room(shown: Shown, client: ClientSession) -> None:
    server = ViewServer(attach_command([str(PROGRAM)], str(shown.path)), "a title", maximum_sessions=1, patience_seconds=0.05)
    async with server.listening("127.0.0.1", 0) as page:
        url, headers = f"{page}ws", {"Origin": page.split("/" + server.token)[0]}
        async with client.ws_connect(url, headers=headers) as first:
            await read_until(first, b"orders")
            (session,) = server.sessions
            assert await refusal(client, url, headers) == 503
            assert len(server.sessions) == 1
        assert session.process is not None
        server.patience_seconds = DEADLINE_SECONDS
        async with client.ws_connect(url, headers=headers):
            assert session.process.returncode is not None, "a session is over when its process is"


async def test_a_frame_that_is_none_ends_the_session(serving: Serving, client: ClientSession) -> None:
    async with client.ws_connect(f"{serving.url}ws", headers={"Origin": serving.origin}) as websocket:
        await websocket.send_str('["run", "id"]')
        assert (await read_to_end(websocket))[1] == 1008
    wait_until(lambda: not serving.children())


@pytest.mark.parametrize("frame", ["", "[", '["stdin", 1]', '["run", "id"]', "{}", '["resize", {"width": "a"}]', "[" * 60_000])
def test_what_is_no_frame(frame: str) -> None:
    with pytest.raises(ValueError, match=r"neither keys|Expecting|nested"):
        packet_of(frame)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (attach_command([str(PROGRAM)], "nowhere"), "is neither a process id"),
        ((sys.executable, "-c", "import sys; sys.stderr.write('it \x1b[2J broke'); print('no dashboard')"), "it ⟨1B⟩[2J broke"),
        (("/nonexistent/program",), "No such file"),
    ],
)
async def test_why_a_session_cannot_be_is_shown(client: ClientSession, command: tuple[str, ...], said: str) -> None:
    server = ViewServer(command, "a title")
    async with server.listening("127.0.0.1", 0) as page:
        headers = {"Origin": page.split("/" + server.token)[0]}
        async with client.ws_connect(f"{page}ws", headers=headers) as websocket:
            seen, code = await read_to_end(websocket)
    assert said in seen.decode()
    assert code == 1000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
async def test_sessions_end_with_the_server(shown: Shown, client: ClientSession, number: signal.Signals) -> None:
    with Serving(str(shown.path)) as serving:
        async with client.ws_connect(f"{serving.url}ws", headers={"Origin": serving.origin}) as websocket:
            await read_until(websocket, b"orders")
            children = serving.children()
            assert len(living(children)) == 1
            # The same program once more, as nothing else of it need be on the import path: it may be a single file.
            assert str(PROGRAM).encode() in Path(f"/proc/{next(iter(children))}/cmdline").read_bytes().split(b"\0")
            if number is signal.SIGKILL:
                serving.process.kill()
                wait_for_end(children)
            else:
                serving.process.send_signal(number)
                assert (await read_to_end(websocket))[1] == 1001
                assert serving.end(number) == (0, "", "")
                assert not living(children)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0"), "--host 0.0.0.0 is refused: only 127.0.0.1, localhost and ::1"),
        (("--host", "::"), "--host :: is refused"),
        (("--host", "evil.example"), "--host evil.example is refused"),
        (("4000000",), "no consumer with pid 4000000"),
        (("pod/orders",), "serve shows a consumer of this machine, and 'pod/orders' is elsewhere"),
        ((), "no consumer runs here"),
    ],
)
def test_what_cannot_be_served_is_refused(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where consumers of others would be found
    with pytest.raises(ConfigurationError) as refused:
        cli.main(["serve", *arguments], standalone_mode=False)
    assert said in str(refused.value)


def test_a_refusal_is_one_line() -> None:
    done = subprocess.run([str(PROGRAM), "serve", "--host", "0.0.0.0"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr


def test_a_port_that_is_taken_is_said(shown: Shown) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match=rf"--port {port} cannot be served \(.*: choose another"):
            cli.main(["serve", str(shown.path), "--port", port], standalone_mode=False)


@pytest.mark.parametrize("package", ["aiohttp", "textual_serve"])
def test_without_the_extra_it_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("sqs_tui.web.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigurationError, match=r"pip install 'sqs-tui\[serve\]'"):
        cli.main(["serve"], standalone_mode=False)
