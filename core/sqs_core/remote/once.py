"""One question to one or many consumers, for scripts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError, SqsTuiError, UnreachableError, describe
from sqs_core.plain_text import one_line
from sqs_core.remote.protocol import Hello, decode, encode, read_hello
from sqs_core.remote.records import MalformedError
from sqs_core.remote.viewing import whoami

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_core.remote.viewing import Target

ANSWER_SECONDS = 15.0
_AT_ONCE = 16
_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What one member said: its `result`, or in `error` why there is none. `refused` is a no of the consumer's own."""

    target: Target
    hello: Hello | None
    result: Any = None
    error: str | None = None
    refused: bool = False


def ask_once(target: Target, kind: str, **fields: Any) -> Told:
    """Connect, ask, and leave, within fifteen seconds. Never raises for what the other side does."""
    hello: Hello | None = None
    try:
        peer = target.open()
        alarm = threading.Timer(ANSWER_SECONDS, peer.close)
        alarm.daemon = True
        alarm.start()
        try:
            hello = read_hello(decode(peer.read_line()))
            given = {name: value for name, value in fields.items() if value is not None}
            peer.write(encode({"type": kind, "id": 1, "who": whoami(), **given}))
            answer = decode(peer.read_line())
        finally:
            alarm.cancel()
            peer.close()
    except (OSError, ValueError, SqsTuiError) as error:
        text = str(error) if isinstance(error, SqsTuiError | MalformedError) else describe(error)
        return Told(target, hello, error=one_line(text, _LONGEST_ERROR))
    if answer.get("ok") is True:
        return Told(target, hello, answer.get("result"))
    return Told(target, hello, error=one_line(str(answer.get("error")), _LONGEST_ERROR), refused=True)


def ask_all(targets: Sequence[Target], kind: str, **fields: Any) -> list[Told]:
    """The same question to all, several at a time; the answers in the order of the targets."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ask") as pool:
        return list(pool.map(lambda target: ask_once(target, kind, **fields), targets))


def raise_unless_told(told: Told) -> Any:
    """The result. Raises `ConfigurationError` where it was refused, `UnreachableError` where nobody answered."""
    if told.error is None:
        return told.result
    kind = ConfigurationError if told.refused else UnreachableError
    raise kind(f"{told.target.name}: {told.error}")
