"""What is served: the page, its assets, and a websocket for each session. All of it comes from here."""

from __future__ import annotations

import asyncio
import contextlib
import html
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import textual_serve
from aiohttp import WSCloseCode, web

from sqs_tui.web.guards import make_guard, make_headers, new_token
from sqs_tui.web.packets import fit
from sqs_tui.web.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

_OWN_ASSETS = Path(__file__).parent / "assets"
_TERMINAL_ASSETS = Path(textual_serve.__file__).parent / "static"
_HEARTBEAT_SECONDS = 15.0
_CLOSE_SECONDS = 1.0
_SHUTDOWN_SECONDS = 5.0
_LONGEST_FRAME_BYTES = 64 * 2**10


@dataclass(slots=True)
class ViewServer:
    """Serves `command`, a dashboard, to browsers that know `token`; at most `maximum_sessions` at once.

    A session beyond that waits `patience_seconds` for one to end, as when a page is loaded again.
    """

    command: Sequence[str]
    title: str
    maximum_sessions: int = 8
    patience_seconds: float = 2.0
    token: str = field(default_factory=new_token)
    sessions: set[Session] = field(default_factory=set)
    _room: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.maximum_sessions)

    @contextlib.asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[str]:
        """Serve while the block runs; the value is the URL. All sessions have ended afterwards. Raises `OSError`."""
        runner = web.AppRunner(self._make_app(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            name = f"[{host}]" if ":" in host else host
            yield f"http://{name}:{runner.addresses[0][1]}/{self.token}/"
        finally:
            await runner.cleanup()

    def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[make_guard(self.token)])
        base = f"/{self.token}"
        app.router.add_get(f"{base}/", self._page)
        app.router.add_get(f"{base}/ws", self._session)
        app.router.add_static(f"{base}/own", _OWN_ASSETS)
        app.router.add_static(f"{base}/terminal", _TERMINAL_ASSETS)
        app.on_response_prepare.append(make_headers())
        app.on_shutdown.append(self._close_all)
        app.on_cleanup.append(self._kill_all)
        return app

    async def _page(self, request: web.Request) -> web.Response:
        text = Template((_OWN_ASSETS / "page.html").read_text(encoding="utf-8"))
        socket = f"ws://{request.host}/{self.token}/ws"
        page = text.substitute(title=html.escape(self.title), socket=html.escape(socket), maximum=self.maximum_sessions)
        return web.Response(text=page, content_type="text/html")

    async def _session(self, request: web.Request) -> web.StreamResponse:
        columns, rows = _size(request)
        try:
            async with asyncio.timeout(self.patience_seconds):
                await self._room.acquire()
        except TimeoutError:
            raise web.HTTPServiceUnavailable(text=f"{self.maximum_sessions} sessions are open, which is the most.") from None
        try:
            websocket = web.WebSocketResponse(
                heartbeat=_HEARTBEAT_SECONDS, timeout=_CLOSE_SECONDS, max_msg_size=_LONGEST_FRAME_BYTES
            )
            await websocket.prepare(request)
            session = Session(self.command, websocket)
            self.sessions.add(session)
            try:
                await session.run(columns, rows)
            finally:
                self.sessions.discard(session)
        finally:
            self._room.release()
        return websocket

    async def _close_all(self, _app: web.Application) -> None:
        closing = [session.websocket.close(code=WSCloseCode.GOING_AWAY) for session in self.sessions]
        await asyncio.gather(*closing, return_exceptions=True)

    async def _kill_all(self, _app: web.Application) -> None:
        for session in self.sessions:
            session.kill()


def _size(request: web.Request) -> tuple[int, int]:
    """Columns and rows, as the page asks for them."""
    try:
        return fit(int(request.query.get("width", "80")), int(request.query.get("height", "24")))
    except ValueError:
        raise web.HTTPBadRequest(text="width and height are numbers of cells.") from None
