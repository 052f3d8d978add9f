"""What this engine is compared with: consumers that handle with nothing, or with a sleep, until they are ended.

`python peers.py NAME ENDPOINT_URL HANDLER_SECONDS`. Each consumes the queue bench-0 as its own documentation has it.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

QUEUE = "bench-0"
ARTICLE_WORKERS = 4
TASKS = 4
FANFERRO_CONCURRENCY = 20


def boto3_loop(endpoint_url: str, handler_seconds: float) -> None:
    """Receive 10, handle them one by one, delete 10, in one thread."""
    client, url = _client(endpoint_url)
    while True:
        batch = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20).get("Messages", [])
        if handler_seconds:
            time.sleep(handler_seconds * len(batch))
        entries = [{"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(batch)]
        if entries:
            client.delete_message_batch(QueueUrl=url, Entries=entries)


def article(endpoint_url: str, handler_seconds: float) -> None:
    """Workers that receive 10, handle and delete each on a thread of its own, and wait for the slowest."""
    with ThreadPoolExecutor(ARTICLE_WORKERS) as workers:
        wait([workers.submit(_article_worker, endpoint_url, handler_seconds) for _ in range(ARTICLE_WORKERS)])


def _article_worker(endpoint_url: str, handler_seconds: float) -> None:
    client, url = _client(endpoint_url)

    def handle(message: Any) -> None:
        if handler_seconds:
            time.sleep(handler_seconds)
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    with ThreadPoolExecutor(10) as threads:
        while True:
            batch = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20).get("Messages", [])
            wait([threads.submit(handle, message) for message in batch])


def _client(endpoint_url: str) -> tuple[Any, str]:
    import boto3

    client: Any = boto3.Session("test", "test", region_name="us-east-1").client("sqs", endpoint_url=endpoint_url)
    return client, client.get_queue_url(QueueName=QUEUE)["QueueUrl"]


def aiobotocore(endpoint_url: str, handler_seconds: float) -> None:
    """Tasks that receive 10, handle them together and delete 10."""
    session: Any = importlib.import_module("aiobotocore.session").get_session()

    async def consume(client: Any, url: str) -> None:
        while True:
            answer = await client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
            if handler_seconds:
                await asyncio.sleep(handler_seconds)
            batch = answer.get("Messages", [])
            entries = [{"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(batch)]
            if entries:
                await client.delete_message_batch(QueueUrl=url, Entries=entries)

    async def run() -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        async with session.create_client("sqs", region_name="us-east-1", endpoint_url=endpoint_url, **keys) as client:
            url = (await client.get_queue_url(QueueName=QUEUE))["QueueUrl"]
            await asyncio.gather(*(consume(client, url) for _ in range(TASKS)))

    asyncio.run(run())


def fanferro(endpoint_url: str, handler_seconds: float) -> None:
    """Its consumer with a handler of its own kind."""
    library: Any = importlib.import_module("fanferro")

    async def run() -> None:
        credentials = library.Credentials("test", "test")
        client = library.Client(region="us-east-1", endpoint_url=endpoint_url, credentials=credentials, auto_provision=False)
        async with client:
            consumer = client.consumer(client.queue(QUEUE), concurrency=FANFERRO_CONCURRENCY)

            async def handle(_message: Any) -> None:
                if handler_seconds:
                    await asyncio.sleep(handler_seconds)

            consumer.default(handle)
            await consumer.run()

    asyncio.run(run())


PEERS: dict[str, Callable[[str, float], None]] = {each.__name__: each for each in (boto3_loop, article, aiobotocore, fanferro)}


if __name__ == "__main__":
    PEERS[sys.argv[1]](sys.argv[2], float(sys.argv[3]))
