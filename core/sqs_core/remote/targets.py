"""Consumers of this machine as targets: by process id, by the path of their socket, or whatever is found."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError, SqsTuiError, UnreachableError
from sqs_core.remote.peers import SocketPeer
from sqs_core.remote.protocol import decode, read_hello
from sqs_core.remote.sockets import living_sockets, runtime_directory

if TYPE_CHECKING:
    from sqs_core.remote.protocol import Hello

_HELLO_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Found:
    """A consumer that answers on a socket of this machine."""

    path: Path
    hello: Hello


def greet(path: Path) -> Hello:
    """Who listens on a socket, asked within three seconds. Raises `OSError`, `MalformedError` or `UnreachableError`."""
    peer = SocketPeer(path)
    try:
        peer.limit(_HELLO_SECONDS)
        return read_hello(decode(peer.read_line()))
    finally:
        peer.close()


def discover() -> list[Found]:
    """All consumers of this machine that may be looked at, the newest first."""
    found: list[Found] = []
    for path in living_sockets():
        try:
            found.append(Found(path, greet(path)))
        except (OSError, ValueError, SqsTuiError):
            continue  # it has just ended, is another user's, or is no consumer
    return found


class LocalTarget:
    """One consumer of this machine. When it is gone, another that consumes the same queues is taken for its next start."""

    def __init__(self, path: Path, hello: Hello | None = None) -> None:
        self.path = path
        self._hello = hello
        self._met_at = time.time()

    @property
    def name(self) -> str:
        """See `Target`."""
        return f"pid {self._hello.pid}" if self._hello else str(self.path)

    def open(self) -> SocketPeer:
        """See `Target`."""
        try:
            return SocketPeer(self.path)
        except OSError as error:
            successor = self._successor()
            if successor is None:
                raise UnreachableError(
                    f"nothing listens on {self.path} ({error.strerror or error}): has the consumer ended?"
                ) from error
            self.path = successor.path
            return SocketPeer(successor.path)

    def met(self, hello: Hello) -> None:
        """See `Target`."""
        self._hello, self._met_at = hello, time.time()

    def _successor(self) -> Found | None:
        known = self._hello
        if known is None:
            return None
        same = (each for each in discover() if each.path.parent == self.path.parent and each.hello.queues == known.queues)
        # Who was there beside it when it was met is no next start of it, but another process of several.
        return next((each for each in same if each.hello.started_at >= self._met_at), None)


def local_target(text: str) -> LocalTarget:
    """The target of a process id or a socket's path. Raises `ConfigurationError` where nothing can be there."""
    if text.isdigit():
        return _by_pid(int(text))
    path = Path(text)
    if not path.is_socket():
        raise ConfigurationError(
            f"target {text!r} is neither a process id, a socket, k8s:NAMESPACE/SELECTOR, pod/NAME nor deploy/NAME: "
            "`sqs-tui attach` lists what runs here"
        )
    return LocalTarget(path)


def _by_pid(pid: int) -> LocalTarget:
    for found in discover():
        if found.hello.pid == pid:
            return LocalTarget(found.path, found.hello)
    raise ConfigurationError(
        f"no consumer with pid {pid} has a socket in {runtime_directory()}: `sqs-tui attach` lists what runs here; "
        "a consumer has one while it runs with `sqs-tui consume`, or as a library with control=True"
    )


def only_one() -> LocalTarget:
    """The consumer that runs here, where there is just one. Raises `ConfigurationError` otherwise."""
    found = discover()
    if not found:
        raise ConfigurationError(f"no consumer runs here: none has a socket in {runtime_directory()}")
    if len(found) > 1:
        pids = ", ".join(str(each.hello.pid) for each in found)
        raise ConfigurationError(f"several consumers run here ({pids}): name one by its pid")
    return LocalTarget(found[0].path, found[0].hello)
