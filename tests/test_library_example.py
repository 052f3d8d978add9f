"""The example that documents the library runs as it stands."""

from __future__ import annotations

import contextlib
import inspect
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from consuming import bodies_in
from sqs_core import Consumer

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

pytestmark = pytest.mark.sdk


def _example() -> str:
    documentation = inspect.getdoc(Consumer) or ""
    indented = [line for line in documentation.splitlines() if line.startswith("    ") or not line]
    return "from sqs_core import Consumer\n" + textwrap.dedent("\n".join(indented))


def test_the_example_consumes_and_drains(localstack: str, sqs: SQSClient) -> None:
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    environment = {**os.environ, "LOCALSTACK_HOST": localstack.removeprefix("http://")}
    try:
        message_id = sqs.send_message(QueueUrl=url, MessageBody='{"total": 7}')["MessageId"]
        command = [sys.executable, "-u", "-c", _example()]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == f"{message_id} {{'total': 7}}\n"
                process.terminate()
                sqs.send_message(QueueUrl=url, MessageBody='{"total": 8}')  # the poll that is out ends with it
                assert process.wait(20) == 0
            finally:
                process.kill()
        assert bodies_in(sqs, url) == ['{"total": 8}']
    finally:
        with contextlib.suppress(sqs.exceptions.QueueDoesNotExist):
            sqs.delete_queue(QueueUrl=url)
