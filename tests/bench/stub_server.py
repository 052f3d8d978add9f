"""An SQS that does as little as possible, so that a benchmark measures the consumer and not the server.

`python stub_server.py [HOLD_SECONDS]` prints its endpoint URL and serves on the loopback until its standard input
closes. `GET /reset?messages=N` fills the queue and clears the counters; `GET /counters` gives them as JSON:
`requests` by operation, `received`, `deleted`, and `busy_seconds` from the first receive to the newest delete. A
stand-in for SQS's cost, not for its behaviour: there is one queue, every delete succeeds and nothing comes back.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections import Counter
from email.utils import formatdate
from typing import Any

BODY = ("order " * 43)[:256]
_MD5 = hashlib.md5(BODY.encode(), usedforsecurity=False).hexdigest()
_TARGET = b"x-amz-target: amazonsqs."
_LENGTH = b"content-length: "
_END = b"\r\n\r\n"
_SYSTEM = {
    "SenderId": "000000000000",
    "SentTimestamp": "%(sent)d",
    "ApproximateReceiveCount": "1",
    "ApproximateFirstReceiveTimestamp": "%(sent)d",
}
_MESSAGE = json.dumps(
    {
        "MessageId": "00000000-0000-4000-8000-%(number)012x",
        "ReceiptHandle": "handle-%(number)012x" + "A" * 160,
        "MD5OfBody": _MD5,
        "Body": BODY,
        "Attributes": _SYSTEM,
    }
)
_ATTRIBUTES = {
    "QueueArn": "arn:aws:sqs:us-east-1:000000000000:bench",
    "VisibilityTimeout": "30",
    "ReceiveMessageWaitTimeSeconds": "0",
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
}


class Bench:
    """The one queue, and what was asked of it."""

    def __init__(self, hold_seconds: float) -> None:
        self.hold_seconds = hold_seconds
        self.port = 0
        self.reset(0)

    def reset(self, messages: int) -> None:
        """Fill the queue and begin to count again."""
        self.left = messages
        self.requests: Counter[str] = Counter()
        self.received = self.deleted = 0
        self.first_at = self.newest_at = 0.0

    def counters(self) -> dict[str, Any]:
        """What was counted since the reset."""
        return {
            "requests": dict(self.requests),
            "received": self.received,
            "deleted": self.deleted,
            "busy_seconds": self.newest_at - self.first_at,
        }

    def receive(self, wanted: int) -> str:
        """The next messages as an answer, without any when the queue is empty."""
        count = min(wanted, self.left)
        if not self.received:
            self.first_at = time.monotonic()
        sent = int(time.time() * 1000)
        messages = [_MESSAGE % {"number": self.received + offset, "sent": sent} for offset in range(count)]
        self.left -= count
        self.received += count
        return f'{{"Messages":[{",".join(messages)}]}}' if count else "{}"

    def batch(self, entries: list[dict[str, Any]], deleting: bool) -> str:
        """Success for every entry."""
        if deleting:
            self.deleted += len(entries)
            self.newest_at = time.monotonic()
        return json.dumps({"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []})


class Connection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection; a client sends its next request after the answer to its last."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """asyncio's."""
        self._data += data
        end = self._data.find(_END)
        if end < 0:
            return
        head = self._data[:end].lower()
        length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0] or 0)
        if len(self._data) < end + 4 + length:
            return
        body = self._data[end + 4 : end + 4 + length]
        self._data = self._data[end + 4 + length :]
        if head.startswith(b"get "):
            self._answer(self._control(head.split(b" ", 2)[1].decode()))
        else:
            operation = head.partition(_TARGET)[2].partition(b"\r\n")[0].decode()
            self._operate(operation, json.loads(body))

    def _control(self, path: str) -> str:
        if path.startswith("/reset?messages="):
            self._bench.reset(int(path.rpartition("=")[2]))
        return json.dumps(self._bench.counters())

    def _operate(self, operation: str, asked: dict[str, Any]) -> None:
        bench = self._bench
        bench.requests[operation] += 1
        if operation == "receivemessage":
            wait_seconds = min(asked.get("WaitTimeSeconds", 0), bench.hold_seconds)
            if bench.left or not wait_seconds:
                self._answer(bench.receive(asked.get("MaxNumberOfMessages", 1)))
            else:
                asyncio.get_running_loop().call_later(wait_seconds, self._answer, "{}")
        elif operation in {"deletemessagebatch", "changemessagevisibilitybatch"}:
            self._answer(bench.batch(asked["Entries"], operation == "deletemessagebatch"))
        elif operation == "getqueueurl":
            self._answer(json.dumps({"QueueUrl": f"http://127.0.0.1:{bench.port}/000000000000/bench"}))
        elif operation == "getqueueattributes":
            self._answer(json.dumps({"Attributes": _ATTRIBUTES}))
        else:
            self._answer('{"__type":"InvalidAction","message":"not in this stub"}', "400 Bad Request")

    def _answer(self, text: str, status: str = "200 OK") -> None:
        body = text.encode()
        self._transport.write(
            f"HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n"
            f"Date: {formatdate(usegmt=True)}\r\nx-amzn-RequestId: bench\r\n\r\n".encode()
            + body
        )


async def serve(hold_seconds: float) -> None:
    """Serve until the standard input closes."""
    bench = Bench(hold_seconds)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(bench), "127.0.0.1", 0)
    bench.port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{bench.port}", flush=True)
    closed = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), closed.set)
    await closed.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0))
