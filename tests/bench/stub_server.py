"""An SQS that does as little as possible, so that a benchmark measures the consumer and not the server.

`python stub_server.py` prints its endpoint URL and serves on the loopback until its standard input closes. It has queues
named bench-0, bench-1 … with canned messages. `GET /reset?messages=N&bytes=B&queues=Q&json=J` fills Q queues with N messages of B
bytes altogether (JSON where J is 1, else words) and clears the counters; `GET /counters` gives them as JSON: `requests` by
operation, `received`, `deleted`, `busy_seconds` from the reset to the newest delete, and `cpu_seconds` of this server since the
reset. A stand-in for SQS's cost, not for its behaviour: every delete succeeds and nothing comes back.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import sys
import time
from collections import Counter
from email.utils import formatdate
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

LONGEST_HOLD_SECONDS = 20.0
_TARGET = b"x-amz-target: amazonsqs."
_LENGTH = b"content-length: "
_END = b"\r\n\r\n"
_ATTRIBUTES = {
    "QueueArn": "arn:aws:sqs:us-east-1:000000000000:bench",
    "VisibilityTimeout": "30",
    "ReceiveMessageWaitTimeSeconds": "0",
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
}


class Queues:
    """The queues, and what was asked of them."""

    def __init__(self) -> None:
        self.port = 0
        self.waiting: dict[Connection, int] = {}
        self.reset()

    def reset(self, messages: int = 0, size_bytes: int = 256, queues: int = 1, *, as_json: bool = False) -> None:
        """Fill the queues, begin to count again, and answer the receives that are out."""
        self.left = {f"bench-{number}": messages // queues for number in range(queues)}
        self.requests: Counter[str] = Counter()
        self.received = self.deleted = 0
        self.began = self.newest_at = time.monotonic()
        self._cpu_began = time.process_time()
        body = _orders(size_bytes) if as_json else ("order " * (size_bytes // 6 + 1))[:size_bytes]
        digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        beside = f'"MD5OfBody":"{digest}","Body":{json.dumps(body)}'
        self._tail = f'",{beside},"Attributes":{{"SenderId":"000000000000","SentTimestamp":"'
        waiting, self.waiting = self.waiting, {}
        for connection, wanted in waiting.items():
            self.requests["receivemessage"] += 1
            connection.receive(wanted, LONGEST_HOLD_SECONDS)

    def counters(self) -> dict[str, Any]:
        """What was counted since the reset."""
        return {
            "requests": dict(self.requests),
            "received": self.received,
            "deleted": self.deleted,
            "busy_seconds": self.newest_at - self.began,
            "cpu_seconds": time.process_time() - self._cpu_began,
        }

    def take(self, queue: str, wanted: int) -> str:
        """The next messages as an answer, `{}` when the queue is empty."""
        count = min(wanted, self.left.get(queue, 0))
        if not count:
            return "{}"
        sent = int(time.time() * 1000)
        end = f'{self._tail}{sent}","ApproximateReceiveCount":"1","ApproximateFirstReceiveTimestamp":"{sent}"}}}}'
        numbers = range(self.received, self.received + count)
        each = [f'{{"MessageId":"00000000-0000-4000-8000-{n:012x}","ReceiptHandle":"{n:012x}{"A" * 160}{end}' for n in numbers]
        self.left[queue] -= count
        self.received += count
        return f'{{"Messages":[{",".join(each)}]}}'

    def delete(self, count: int) -> None:
        """Count so many messages as deleted."""
        self.deleted += count
        self.newest_at = time.monotonic()


def _orders(size_bytes: int) -> str:
    one = {"order_id": "A-000001", "amount": 12.5, "state": "paid"}
    count = (size_bytes - len('{"orders": []}')) // (len(json.dumps(one)) + len(", "))
    return json.dumps({"orders": [one] * count}).ljust(size_bytes)


class Connection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection; a client sends its next request after the answer to its last."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._data = b""
        self._queue = ""
        self._given_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        # uvloop's transports are of no class of asyncio's.
        self._transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's."""
        self._stop_waiting()

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
            self._control(head.split(b" ", 2)[1].decode())
        else:
            self._operate(head.partition(_TARGET)[2].partition(b"\r\n")[0].decode(), json.loads(body))

    def receive(self, wanted: int, wait_seconds: float) -> None:
        """Answer with messages, or hold the receive until there are some."""
        answer = self._queues.take(self._queue, wanted)
        if answer != "{}" or not wait_seconds:
            self._stop_waiting()
            self._answer(answer)
        else:
            self._queues.waiting[self] = wanted
            if self._given_up is None:
                self._given_up = asyncio.get_running_loop().call_later(wait_seconds, self.receive, wanted, 0)

    def _stop_waiting(self) -> None:
        self._queues.waiting.pop(self, None)
        if self._given_up is not None:
            self._given_up.cancel()
            self._given_up = None

    def _control(self, path: str) -> None:
        address = urlsplit(path)
        if address.path == "/reset":
            asked = {name: int(value) for name, value in parse_qsl(address.query)}
            size_bytes, queues, as_json = asked.get("bytes", 256), asked.get("queues", 1), bool(asked.get("json"))
            self._queues.reset(asked["messages"], size_bytes, queues, as_json=as_json)
        self._answer(json.dumps(self._queues.counters()))

    def _operate(self, operation: str, asked: dict[str, Any]) -> None:
        queues = self._queues
        queues.requests[operation] += 1
        self._queue = asked.get("QueueUrl", "").rpartition("/")[2]
        if operation == "receivemessage":
            self.receive(asked.get("MaxNumberOfMessages", 1), min(asked.get("WaitTimeSeconds", 0), LONGEST_HOLD_SECONDS))
        elif operation == "deletemessage":
            queues.delete(1)
            self._answer("{}")
        elif operation in {"deletemessagebatch", "changemessagevisibilitybatch"}:
            if operation == "deletemessagebatch":
                queues.delete(len(asked["Entries"]))
            successful = ",".join(f'{{"Id":"{entry["Id"]}"}}' for entry in asked["Entries"])
            self._answer(f'{{"Successful":[{successful}],"Failed":[]}}')
        elif operation == "getqueueurl":
            self._answer(json.dumps({"QueueUrl": f"http://127.0.0.1:{queues.port}/000000000000/{asked['QueueName']}"}))
        elif operation == "getqueueattributes":
            self._answer(json.dumps({"Attributes": _ATTRIBUTES}))
        else:
            self._answer('{"__type":"InvalidAction","message":"not in this stub"}', "400 Bad Request")

    def _answer(self, text: str, status: str = "200 OK") -> None:
        body = text.encode()
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n"
            f"Date: {formatdate(usegmt=True)}\r\nx-amzn-RequestId: bench\r\n\r\n"
        )
        self._transport.write(head.encode() + body)


async def serve() -> None:
    """Serve until the standard input closes."""
    queues = Queues()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(queues), "127.0.0.1", 0)
    queues.port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{queues.port}", flush=True)
    closed = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), closed.set)
    await closed.wait()
    server.close()


def run() -> None:
    """Serve on uvloop where it is installed: it takes half the time."""
    try:
        uvloop: Any = importlib.import_module("uvloop")
    except ImportError:
        asyncio.run(serve())
    else:
        uvloop.run(serve())


if __name__ == "__main__":
    run()
