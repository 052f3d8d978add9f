"""A consumer as a program of its own, for a scene to end from outside.

`python -m sqs_core.demo.other_program ENDPOINT REGION QUEUE SECONDS`: each message takes so many seconds. Its standard output
has a line for each thing that happens: `pid NUMBER`, `began MESSAGE_ID`, `ended MESSAGE_ID`.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from sqs_core.library import Consumer

if TYPE_CHECKING:
    from sqs_core.model import Message

WORKERS = 4


def main(arguments: list[str]) -> int:
    """Consume until a signal; the exit code."""
    endpoint_url, region, queue, seconds = arguments

    def handle(message: Message) -> None:
        _say(f"began {message.message_id}")
        time.sleep(float(seconds))
        _say(f"ended {message.message_id}")

    _say(f"pid {os.getpid()}")
    consumer = Consumer(
        queue, handler=handle, env="local", endpoint_url=endpoint_url, region=region, workers=WORKERS, pollers=1
    )  # fmt: skip
    return consumer.run().exit_code


def _say(line: str) -> None:
    """Past every buffer of this process, so that what was said is known however it ends."""
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
