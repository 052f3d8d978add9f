"""What can go wrong between a client and SQS, each as what it does to one request and its answer."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from email.utils import formatdate
from enum import StrEnum
from fnmatch import fnmatchcase
from time import time
from typing import TYPE_CHECKING, Any, Protocol
from xml.sax.saxutils import escape

from sqs_core.demo.http_stream import HttpMessage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_PIECES = 40
_QUIET = {"server": "chaos", "x-amzn-requestid": "chaos"}


class Fault(StrEnum):
    """See `Rule` for when one happens. "After the server acted" means that the server did what it was asked."""

    RESET = "reset"
    """The connection is reset before the server hears of the request."""
    LOST = "lost"
    """The connection is reset after the server acted."""
    HUNG = "hung"
    """No answer, and the server never hears of the request."""
    STALLED = "stalled"
    """No answer, after the server acted."""
    SLOW = "slow"
    """The request reaches the server only after `seconds`."""
    TRUNCATED = "truncated"
    """Half of the answer's body, then the end of the connection."""
    DRIPPED = "dripped"
    """The answer comes in small pieces over `seconds`."""
    TWICE = "twice"
    """The server gets the request twice, the client the second answer."""
    REDELIVERED = "redelivered"
    """What a receive brings is made visible again at once, so that it comes again while its receiver holds it."""
    ERROR = "error"
    """The server never hears of the request; `code`, `text` and `status` are answered."""
    HTML = "html"
    """A web page with `status` in the server's place."""
    EMPTY = "empty"
    """HTTP 200 without a body in the server's place."""
    PARTIAL = "partial"
    """Every second entry of a batch is refused with `code`; the server hears only of the others."""
    WRONG_MD5 = "wrong-md5"
    """The digest of every body in the answer is wrong."""
    SKEWED = "skewed"
    """The answer's Date is `seconds` off."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a fault happens: to operations that match `operation` (`*` is any text), after the first `skip` of them to each
    `every`-th, to `times` at most (None: to all), each with `probability`."""

    fault: Fault
    operation: str = "*"
    times: int | None = None
    skip: int = 0
    every: int = 1
    probability: float = 1.0
    code: str = "InternalFailure"
    text: str = "told to"
    status: int = 500
    seconds: float = 1.0

    def matches(self, operation: str) -> bool:
        """Whether the rule is about this operation."""
        return fnmatchcase(operation, self.operation)


class Exchange(Protocol):
    """One request, and the means to answer it."""

    request: HttpMessage
    rule: Rule

    async def forward(self, request: HttpMessage) -> HttpMessage: ...
    async def send(self, answer: HttpMessage) -> None: ...
    async def write(self, data: bytes) -> None: ...
    async def client_gone(self) -> None: ...
    def reset(self) -> None: ...


async def strike(exchange: Exchange) -> bool:
    """Let the rule's fault happen; False when the connection is over."""
    return await _FAULTS[exchange.rule.fault](exchange)


async def _reset(exchange: Exchange) -> bool:
    exchange.reset()
    return False


async def _lost(exchange: Exchange) -> bool:
    await exchange.forward(exchange.request)
    exchange.reset()
    return False


async def _hung(exchange: Exchange) -> bool:
    await exchange.client_gone()
    return False


async def _stalled(exchange: Exchange) -> bool:
    await exchange.forward(exchange.request)
    await exchange.client_gone()
    return False


async def _slow(exchange: Exchange) -> bool:
    await asyncio.sleep(exchange.rule.seconds)
    await exchange.send(await exchange.forward(exchange.request))
    return True


async def _truncated(exchange: Exchange) -> bool:
    answer = await exchange.forward(exchange.request)
    await exchange.write(answer.head() + answer.body[: len(answer.body) // 2])
    return False


async def _dripped(exchange: Exchange) -> bool:
    answer = await exchange.forward(exchange.request)
    whole = answer.head() + answer.body
    size = max(1, len(whole) // _PIECES)
    for start in range(0, len(whole), size):
        await exchange.write(whole[start : start + size])
        await asyncio.sleep(exchange.rule.seconds / _PIECES)
    return True


async def _twice(exchange: Exchange) -> bool:
    await exchange.forward(exchange.request)
    await exchange.send(await exchange.forward(exchange.request))
    return True


async def _redelivered(exchange: Exchange) -> bool:
    answer = await exchange.forward(exchange.request)
    messages = _parsed(answer).get("Messages") or []
    if messages:
        entries = [
            {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            for index, message in enumerate(messages)
        ]
        change = {"QueueUrl": _parsed(exchange.request)["QueueUrl"], "Entries": entries}
        request = exchange.request.with_body(json.dumps(change).encode())
        await exchange.forward(request.with_headers(x_amz_target="AmazonSQS.ChangeMessageVisibilityBatch"))
    await exchange.send(answer)
    return True


async def _error(exchange: Exchange) -> bool:
    code, text, status = exchange.rule.code, exchange.rule.text, exchange.rule.status
    if "x-amz-target" in exchange.request.headers:
        kind, body = "application/x-amz-json-1.0", json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": text})
    else:
        kind, body = (
            "text/xml",
            f"<ErrorResponse><Error><Code>{code}</Code><Message>{escape(text)}</Message></Error></ErrorResponse>",
        )
    await exchange.send(_made_up(status, kind, body))
    return True


async def _html(exchange: Exchange) -> bool:
    await exchange.send(_made_up(exchange.rule.status, "text/html", "<html><body>We will be back soon.</body></html>"))
    return True


async def _empty(exchange: Exchange) -> bool:
    await exchange.send(_made_up(200, "application/x-amz-json-1.0", ""))
    return True


async def _partial(exchange: Exchange) -> bool:
    asked = _parsed(exchange.request)
    entries = asked.get("Entries", [])
    refused = [
        {"Id": entry["Id"], "Code": exchange.rule.code, "Message": "told to", "SenderFault": False} for entry in entries[1::2]
    ]
    request = exchange.request.with_body(json.dumps({**asked, "Entries": entries[::2]}).encode()) if refused else exchange.request
    answer = await exchange.forward(request)
    seen = _parsed(answer)
    seen["Failed"] = [*(seen.get("Failed") or []), *refused]
    await exchange.send(answer.with_body(json.dumps(seen).encode()) if refused else answer)
    return True


async def _wrong_md5(exchange: Exchange) -> bool:
    answer = await exchange.forward(exchange.request)
    seen = _parsed(answer)
    for entry in (seen, *(seen.get("Messages") or []), *(seen.get("Successful") or [])):
        for name in ("MD5OfBody", "MD5OfMessageBody"):
            if name in entry:
                entry[name] = "0" * 32
    await exchange.send(answer.with_body(json.dumps(seen).encode()) if seen else answer)
    return True


async def _skewed(exchange: Exchange) -> bool:
    answer = await exchange.forward(exchange.request)
    await exchange.send(answer.with_headers(date=formatdate(time() + exchange.rule.seconds, usegmt=True)))
    return True


def _made_up(status: int, kind: str, body: str) -> HttpMessage:
    headers = {**_QUIET, "content-type": kind, "date": formatdate(usegmt=True)}
    return HttpMessage(f"HTTP/1.1 {status} Told", headers, body.encode())


def _parsed(message: HttpMessage) -> dict[str, Any]:
    try:
        found = json.loads(message.body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


_FAULTS: dict[Fault, Callable[[Exchange], Awaitable[bool]]] = {
    Fault.RESET: _reset,
    Fault.LOST: _lost,
    Fault.HUNG: _hung,
    Fault.STALLED: _stalled,
    Fault.SLOW: _slow,
    Fault.TRUNCATED: _truncated,
    Fault.DRIPPED: _dripped,
    Fault.TWICE: _twice,
    Fault.REDELIVERED: _redelivered,
    Fault.ERROR: _error,
    Fault.HTML: _html,
    Fault.EMPTY: _empty,
    Fault.PARTIAL: _partial,
    Fault.WRONG_MD5: _wrong_md5,
    Fault.SKEWED: _skewed,
}
