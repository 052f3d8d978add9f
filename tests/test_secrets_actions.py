"""Secrets in what is sent, why, and in what is moved: neither the action log nor what a command prints repeats them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from consuming import PROCESS_SECONDS, PROGRAM, fill
from sqs_core.action_log import log_path
from test_secrets import BODY, PLANTED, hides_all  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

REASON = f"ticket 4711, password={PLANTED['body']} Bearer {PLANTED['attribute']}"


def test_what_writes_repeats_no_secret(
    hides_all: Callable[[str], None],  # noqa: F811 - the fixture
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
) -> None:
    queue = ministack_queue_factory(max_receive_count=1)
    fill(ministack_sqs, queue.dead_letters, [BODY])
    pair = {"AWS_ACCESS_KEY_ID": "AKIALOCALKEY", "AWS_SECRET_ACCESS_KEY": PLANTED["environment"]}
    program = [str(PROGRAM), "--endpoint-url", ministack, "--reason", REASON]
    attribute = f"auth-token={PLANTED['attribute']}"
    commands = [
        ["send", queue.name, "--body", BODY, "--attr", attribute, "--yes"],
        ["redrive", queue.dead_letters.name, "--yes"],
        ["redrive", queue.dead_letters.name, "--yes", "--json"],
    ]
    written = ""
    for command in commands:
        done = subprocess.run(
            [*program, *command], env={**os.environ, **pair}, capture_output=True, text=True, timeout=PROCESS_SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr
        written += done.stdout + done.stderr
    logged = log_path().read_text()
    assert "ticket 4711, password=***" in logged
    hides_all(written + logged)
