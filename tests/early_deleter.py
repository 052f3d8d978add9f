"""A consumer that deletes before it handles, which loses what it holds when it is killed: `early_deleter.py ENDPOINT URL`."""

from __future__ import annotations

import importlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import boto3

WORKERS = 16


def main(endpoint_url: str, url: str) -> None:
    """Consume until killed."""
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - the handlers of the test
    jobs: Any = importlib.import_module("jobs")

    sqs = boto3.client("sqs", endpoint_url=endpoint_url, region_name="us-east-1")
    with ThreadPoolExecutor(WORKERS) as pool:
        while True:
            answer: Any = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            messages = [SimpleNamespace(body=each["Body"], receive_count=1) for each in answer.get("Messages", [])]
            for each in answer.get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
            list(pool.map(jobs.handle, messages))


if __name__ == "__main__":
    main(*sys.argv[1:])
