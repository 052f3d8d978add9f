"""End to end on LocalStack, where the server is the limit: what the engine and a boto3 loop cost and reach there."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from contenders import BOTO3_LOOP, engine, peer
from rig import LOOK_SECONDS, TIMEOUT_SECONDS, contender, cpu_seconds

from servers import localstack

if TYPE_CHECKING:
    from contenders import Contender

QUEUE = "bench-0"


def end_to_end(messages: int) -> dict[str, Any]:
    """CPU and rate by contender, or why it was skipped."""
    found: dict[str, Any] = {"messages": messages}
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        try:
            endpoint = stack.enter_context(localstack(Path(scratch)))
        except RuntimeError as error:
            return {"skipped": str(error).splitlines()[0]}
        sqs = boto3.client(
            "sqs", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        for each in (
            engine("engine", workers=8),
            peer(BOTO3_LOOP, "boto3_loop", "boto3"),
        ):
            # A new queue for each: the last polls of one that was ended would take the next one's messages.
            url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
            found[each.name] = _drain(sqs, url, each, endpoint, messages)
            sqs.delete_queue(QueueUrl=url)
    return found


def _drain(sqs: Any, url: str, who: Contender, endpoint: str, messages: int) -> dict[str, float]:
    for first in range(0, messages, 10):
        entries = [{"Id": str(at), "MessageBody": f"{first + at} ".ljust(256, "x")} for at in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    began = time.monotonic()
    with contender(who.command(endpoint)) as process:
        while _left(sqs, url):
            if time.monotonic() - began > TIMEOUT_SECONDS:
                raise RuntimeError(f"{who.name} did not empty the queue")
            time.sleep(5 * LOOK_SECONDS)
        used, elapsed = cpu_seconds(process.pid), time.monotonic() - began
    return {"cpu_us_with_start": round(used * 1e6 / messages, 1), "rate_with_start": round(messages / elapsed, 1)}


def _left(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))
