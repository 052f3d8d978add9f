"""Who may ask: browsers of this machine that were given the address, on behalf of the page that is served here alone."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Handler, Middleware

_TOKEN_BYTES = 24
_OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.ASCII | re.IGNORECASE)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "Server": "sqs-tui",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def new_token() -> str:
    """What nobody can guess, fit for a path."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def is_own_host(host: str) -> bool:
    """Whether a Host header names this machine. The port may be another: that of a forwarding such as `ssh -L`.

    A foreign name that resolves to 127.0.0.1 is not ours: that is how a page elsewhere would reach in.
    """
    return _OWN_HOST.fullmatch(host) is not None


def is_own_origin(origin: str, host: str) -> bool:
    """Whether an Origin header names the page that was served under this Host header."""
    return origin.lower() == f"http://{host}".lower()


def make_guard(token: str) -> Middleware:
    """Refuses the requests of foreign pages (403), and those that lack the token (404)."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        _refuse_foreign(request)
        _, first, *_ = request.path.split("/")
        if not secrets.compare_digest(first.encode(), token.encode()):
            raise web.HTTPNotFound
        return await handler(request)

    return guard


def _refuse_foreign(request: web.Request) -> None:
    hosts, origins = request.headers.getall("Host", []), request.headers.getall("Origin", [])
    if len(hosts) != 1 or not is_own_host(hosts[0]):
        raise web.HTTPForbidden(text="This host name is not served.")
    if not all(is_own_origin(origin, hosts[0]) for origin in origins):
        raise web.HTTPForbidden(text="Pages from elsewhere are not served.")
    # A browser says for every websocket whose page opened it.
    if not origins and "Upgrade" in request.headers:
        raise web.HTTPForbidden(text="A websocket must name its Origin.")


def _content_policy(host: str) -> str:
    """Nothing from elsewhere is loaded, and no other page may hold this one. The terminal makes style sheets as it runs."""
    socket = f" ws://{host}" if is_own_host(host) else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'{socket}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )


def make_headers() -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Adds to every response, refusals too, what keeps a browser from loading, telling or embedding too much."""

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = _content_policy(request.headers.get("Host", ""))

    return add_headers
