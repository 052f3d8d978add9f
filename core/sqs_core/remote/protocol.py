"""What two processes say to each other: JSON objects, one a line, both ways.

The consumer speaks first, with `hello`. A viewer asks with `{"type", "id", …}` and gets `{"type": "answer", "id", "ok",
"result" | "error"}`. After a request `frames` it also gets frames, each complete or the difference from the one before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.remote.records import MalformedError, from_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL = 1
LONGEST_REQUEST_BYTES = 8 * 2**20
"""A replay of an edited body of 1 MiB, were every character of it escaped."""
LONGEST_LINE_BYTES = 64 * 2**20
"""The most a viewer takes of a consumer."""
FASTEST_FRAMES = 10.0
LOOKS = ("snapshot", "frames", "message", "unmask", "ping")
CONTROLS = ("pause", "resume", "resize", "drain", "replay")


@dataclass(frozen=True, slots=True)
class Hello:
    """Who serves: what it consumes, and `capabilities`, the requests it answers. `schema` is the snapshot's."""

    protocol: int
    schema: int
    version: str
    pid: int
    host: str
    started_at: float
    environment: str
    queues: tuple[str, ...]
    capabilities: tuple[str, ...]

    @property
    def control(self) -> bool:
        """Whether it takes commands."""
        return set(CONTROLS) <= set(self.capabilities)


def encode(message: Mapping[str, Any]) -> bytes:
    """One line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The object of one line. Raises `MalformedError`."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MalformedError("a line is no JSON") from error
    if not isinstance(message, dict):
        raise MalformedError("a line is no JSON object")
    return message


def read_hello(message: Mapping[str, Any]) -> Hello:
    """Who answers. Raises `MalformedError` for what is no consumer, or speaks another protocol."""
    if message.get("type") == "refused":
        raise MalformedError(f"refused: {message.get('error')}")
    if message.get("type") != "hello":
        raise MalformedError("it does not say hello as a consumer does")
    if message.get("protocol") != PROTOCOL:
        raise MalformedError(
            f"it speaks protocol {message.get('protocol')!r}, not {PROTOCOL}: use the same version on both sides"
        )
    return from_plain(Hello, message)
