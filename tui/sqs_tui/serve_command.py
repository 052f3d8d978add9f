"""`sqs-tui serve`: a running consumer in a browser."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError, SqsTuiError, describe
from sqs_core.plain_text import one_line
from sqs_core.remote.kube import is_kubernetes
from sqs_core.remote.targets import greet, local_target, only_one
from sqs_tui.again import program

if TYPE_CHECKING:
    from pathlib import Path

    from sqs_core.remote.protocol import Hello
    from sqs_tui.web.server import ViewServer

_HOSTS = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}
_PASSED_ON = ("fps", "theme", "color")


def run_serve(text: str | None, flags: dict[str, Any]) -> int:
    """Serve until a signal; returns the exit code. Raises `ConfigurationError` for what is refused."""
    host = _HOSTS.get(flags["host"])
    if host is None:
        raise ConfigurationError(
            f"--host {flags['host']} is refused: only 127.0.0.1, localhost and ::1 are served; from elsewhere use `ssh -L`"
        )
    try:
        from sqs_tui.web.server import ViewServer
        from sqs_tui.web.session import attach_command
    except ImportError as error:
        raise ConfigurationError(f"serve needs more packages ({error}): pip install 'sqs-tui[serve]'") from error
    hello = _find(text)
    more = [f"--{name}={flags[name]}" for name in _PASSED_ON if flags[name] is not None]
    title = one_line(f"sqs-tui: pid {hello.pid}, {', '.join(hello.queues) or 'no queues yet'}")
    server = ViewServer(attach_command(program(), text or str(hello.pid), *more), title, flags["max_sessions"])
    try:
        return asyncio.run(_serve(server, host, flags["port"]))
    except OSError as error:
        why = error.strerror or describe(error)
        raise ConfigurationError(f"--host {host} --port {flags['port']} cannot be served ({why}): choose another") from error


def _find(text: str | None) -> Hello:
    """Who is to be shown. Raises `ConfigurationError` where nobody is there."""
    if text is not None and is_kubernetes(text):
        raise ConfigurationError(f"serve shows a consumer of this machine, and {text!r} is elsewhere: `sqs-tui attach {text}`")
    path: Path = (local_target(text) if text else only_one()).path
    try:
        return greet(path)
    except (OSError, SqsTuiError) as error:
        raise ConfigurationError(f"no consumer answers on {path}: {describe(error)}") from error


async def _serve(server: ViewServer, host: str, port: int) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with server.listening(host, port) as url:
        sys.stdout.write(f"{server.title}; view only; Ctrl-C ends it\n{url}\n")
        sys.stdout.flush()
        await stop.wait()
    return 0
