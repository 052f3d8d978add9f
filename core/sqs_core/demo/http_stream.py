"""HTTP/1.1 messages on asyncio streams, as far as a proxy on this machine needs them: whole bodies, no trailers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_HEAD_BYTES = 256 * 1024
_HOP_BY_HOP = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """A request or an answer. `start` is its first line; header names are lower case."""

    start: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The AWS operation that a request asks for; empty where it names none."""
        target = self.headers.get("x-amz-target")
        if target is not None:
            return target.rpartition(".")[2]
        if "x-www-form-urlencoded" not in self.headers.get("content-type", ""):
            return ""
        return parse_qs(self.body.decode("utf-8", "replace")).get("Action", [""])[0]

    def with_headers(self, **headers: str) -> HttpMessage:
        """The same with some headers set; underscores stand for hyphens."""
        return replace(self, headers={**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}})

    def with_body(self, body: bytes) -> HttpMessage:
        """The same with another body."""
        return replace(self, body=body)

    def head(self, host: str | None = None) -> bytes:
        """The first line and the headers; `host` only for a request."""
        headers = {name: value for name, value in self.headers.items() if name not in _HOP_BY_HOP}
        headers |= {"host": host} if host is not None else {}
        headers["content-length"] = str(len(self.body))
        lines = [self.start, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1")


async def read_message(reader: asyncio.StreamReader) -> HttpMessage | None:
    """The next message, None at the end of the stream. Raises `OSError`, `ValueError` or `asyncio.IncompleteReadError`."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    start, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return HttpMessage(start, headers, await _read_chunks(reader))
    return HttpMessage(start, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readuntil(b"\r\n")
    await reader.readuntil(b"\r\n")
    return body
