"""A FIFO consumer to be killed: `fifo_consumer.py ENDPOINT QUEUE SEED`. Handlers fail at random, pools are resized at random.

Runs until SIGTERM. What finished is in `$FINISHED_LOG`, a line for each, on the disk before the handler returns.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqs_core import Consumer, Retry
from total_queue import Log

if TYPE_CHECKING:
    from sqs_core import Message

RESIZE_SECONDS = 0.3


def main(endpoint_url: str, queue: str, seed: str) -> int:
    """Consume until told to stop; the exit code."""
    dice, lock = random.Random(int(seed) + os.getpid()), threading.Lock()
    log = Log(Path(os.environ["FINISHED_LOG"]))

    def handle(message: Message) -> None:
        with lock:
            pause, fails = dice.uniform(0, 0.03), dice.random() < 0.05
        time.sleep(pause)
        if fails:
            raise Retry(0)
        log.write([{"id": message.body, "pid": os.getpid(), "at": time.time(), "receives": message.receive_count}])

    consumer = Consumer(queue, handler=handle, endpoint_url=endpoint_url, workers=8, pollers=4, wait_seconds=1)

    def resize() -> None:
        while True:
            threading.Event().wait(RESIZE_SECONDS)
            try:
                consumer.resize("workers", dice.randint(1, 16))
                consumer.resize("pollers", dice.randint(1, 6))
            except Exception:  # noqa: BLE001 - not running yet, or no more
                continue

    threading.Thread(target=resize, daemon=True).start()
    return consumer.run().exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
