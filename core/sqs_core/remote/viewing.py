"""One connection to a consumer, kept up: hello, frames, questions and answers; after a loss it is made again."""

from __future__ import annotations

import getpass
import itertools
import os
import socket
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqs_core.errors import ConfigurationError, SqsTuiError, UnreachableError, describe
from sqs_core.plain_text import one_line
from sqs_core.policy import Backoff
from sqs_core.remote.picture import Picture
from sqs_core.remote.protocol import Hello, decode, encode, read_hello
from sqs_core.remote.records import MalformedError
from sqs_core.words import LinkPhase

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.model import Snapshot
    from sqs_core.remote.peers import Peer

PING_SECONDS = 20.0
"""So often a viewer says that it is still there."""
_HELLO_SECONDS = 15.0
_LONGEST_ERROR = 500


class Target(Protocol):
    """Where a consumer is."""

    @property
    def name(self) -> str:
        """What people call it: `pid 4711`, `pod/orders-7d4`."""

    def open(self) -> Peer:
        """A new connection. Raises `OSError`, `SqsTuiError`."""

    def met(self, hello: Hello) -> None:
        """Who answered there; told at each connection, so that one that was restarted is found again."""


@dataclass(frozen=True, slots=True)
class View:
    """What is known now. `age_seconds` since the newest data, None where there was none yet; `problem` says what is wrong."""

    phase: LinkPhase
    hello: Hello | None
    snapshot: Snapshot | None
    age_seconds: float | None
    problem: str
    dropped: int
    connections: int


class Viewing:
    """A thread that keeps one connection. `per_second` 0 asks for no frames. Safe from any thread."""

    def __init__(
        self, target: Target, *, per_second: float, summary: bool = False, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self.target = target
        self._per_second, self._summary, self._on_change = per_second, summary, on_change
        self._lock = threading.Lock()
        self._view = View(LinkPhase.CONNECTING, None, None, None, "", 0, 0)
        self._heard_at: float | None = None
        self._ping_at = 0.0
        self._peer: Peer | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._who = whoami()

    def start(self) -> None:
        """Connect in the background; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"view {self.target.name}", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Leave. The consumer goes on."""
        self._closed.set()
        peer = self._peer
        if peer is not None:
            peer.close()

    def view(self) -> View:
        """As it is now."""
        with self._lock:
            view, heard_at = self._view, self._heard_at
        age = None if heard_at is None else time.monotonic() - heard_at
        phase = view.phase
        if phase is LinkPhase.LIVE and age is not None and self._per_second and age > self._patience_seconds:
            phase = LinkPhase.STALLED
        return View(phase, view.hello, view.snapshot, age, view.problem, view.dropped, view.connections)

    @property
    def _patience_seconds(self) -> float:
        return max(3.0, 3 / self._per_second)

    def watch(self, per_second: float, *, summary: bool) -> None:
        """Ask for frames at another rate, or of another kind, from now on."""
        self._per_second, self._summary = per_second, summary
        if self._peer is not None:
            self._ask_for_frames()

    def ask(self, kind: str, **fields: Any) -> Future[Any]:
        """Ask something; the result comes in the future, `ConfigurationError` where it is refused.

        `UnreachableError` where there is no connection, or where it is lost before the answer.
        """
        answer: Future[Any] = Future()
        number = next(self._numbers)
        peer = self._peer
        if peer is None:
            answer.set_exception(UnreachableError(f"{self.target.name} is not connected"))
            return answer
        with self._lock:
            self._waiting[number] = answer
        request = {
            "type": kind,
            "id": number,
            "who": self._who,
            **{name: value for name, value in fields.items() if value is not None},
        }
        try:
            peer.write(encode(request))
        except (OSError, ValueError) as error:
            threading.Thread(target=peer.close, name="close", daemon=True).start()  # a program may take a while to end
            self._settle(number, UnreachableError(f"{self.target.name} takes no requests: {describe(error)}"))
        return answer

    def _run(self) -> None:
        backoff, attempt = Backoff(base_seconds=0.2, cap_seconds=3.0), 0
        while not self._closed.is_set():
            before = self._view.connections
            problem = self._keep_one()
            attempt = 1 if self._view.connections > before else attempt + 1
            self._change(phase=LinkPhase.LOST, problem=one_line(problem, _LONGEST_ERROR))
            self._forget_questions(problem)
            self._closed.wait(backoff.delay_seconds(min(attempt, 6)))

    def _keep_one(self) -> str:
        """One connection, from its beginning to its end; why it ended."""
        peer: Peer | None = None
        try:
            peer = self.target.open()
            self._greet(peer)
            picture = Picture()
            while not self._closed.is_set():
                self._hear(decode(peer.read_line()), picture)
        except (OSError, ValueError, SqsTuiError) as error:
            return str(error) if isinstance(error, SqsTuiError | MalformedError) else describe(error)
        finally:
            self._peer = None
            if peer is not None:
                peer.close()
        return "closed"

    def _greet(self, peer: Peer) -> None:
        # A peer that connects and says nothing is closed, which wakes the read.
        alarm = threading.Timer(_HELLO_SECONDS, peer.close)
        alarm.daemon = True
        alarm.start()
        try:
            hello = read_hello(decode(peer.read_line()))
        finally:
            alarm.cancel()
        self.target.met(hello)
        self._peer = peer
        self._heard_at = time.monotonic()
        self._change(phase=LinkPhase.LIVE, hello=hello, problem="", connections=self._view.connections + 1)
        if self._per_second:
            self._ask_for_frames()

    def _ask_for_frames(self) -> None:
        self.ask("frames", per_second=self._per_second, summary=self._summary)

    def _hear(self, message: dict[str, Any], picture: Picture) -> None:
        kind = message.get("type")
        if kind == "frame":
            snapshot = picture.apply(message)
            self._heard_at = now = time.monotonic()
            if now > self._ping_at:
                self._ping_at = now + PING_SECONDS
                self.ask("ping")
            self._change(snapshot=snapshot, dropped=picture.dropped)
        elif kind == "answer":
            self._hear_answer(message)
        elif kind == "goodbye":
            raise UnreachableError("the consumer has ended")
        else:
            raise MalformedError(f"the consumer says {kind!r}, which is not of this protocol")

    def _hear_answer(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        if not isinstance(number, int):
            raise MalformedError(f"the consumer complains: {message.get('error')}")
        if message.get("ok") is True:
            self._settle(number, None, message.get("result"))
        else:
            self._settle(number, ConfigurationError(one_line(str(message.get("error")), _LONGEST_ERROR)))

    def _settle(self, number: int, error: Exception | None, result: Any = None) -> None:
        with self._lock:
            answer = self._waiting.pop(number, None)
        if answer is None:
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    def _forget_questions(self, problem: str) -> None:
        for number in list(self._waiting):
            self._settle(number, UnreachableError(f"{self.target.name} was lost before it answered: {problem}"))

    def _change(self, **changed: Any) -> None:
        with self._lock:
            now = {name: getattr(self._view, name) for name in View.__slots__}
            self._view = View(**{**now, **changed})
        self._on_change()


def whoami() -> str:
    """Who asks, as this machine knows them: `alice@laptop`. The consumer logs it beside the user id it sees itself."""
    name = f"uid {os.getuid()}"
    with suppress(KeyError, OSError):
        name = getpass.getuser()
    return f"{name}@{socket.gethostname()}"
