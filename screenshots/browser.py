"""Draws browser.png: a consumer at work, seen in headless Chromium: `python screenshots/browser.py [FOLDER]`.

It is a run of its own on an embedded emulator, so the figures differ each time. Chromium and playwright are needed.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "core"), str(ROOT / "tui"), str(ROOT / "tests")]
os.environ["TEXTUAL_ANIMATIONS"] = "none"

import boto3  # noqa: E402 - the paths come first

import servers  # noqa: E402
from chromium import browsed  # noqa: E402
from consuming import Process  # noqa: E402
from serving import Serving  # noqa: E402
from sqs_core.demo.emulator import Emulator  # noqa: E402
from sqs_core.demo.producer import Producer  # noqa: E402

WIDTH, HEIGHT = 1208, 720
HANDLER = "builtin:sleep?seconds=0.3&jitter=0.2&fail=0.04"
HANDLED_BEFORE = 250


def main() -> None:
    """Draw it into a folder, this one unless another is named."""
    picture = (Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent) / "browser.png"
    with tempfile.TemporaryDirectory() as sockets, Emulator() as emulator:
        os.environ["XDG_RUNTIME_DIR"] = sockets
        session = boto3.Session(servers.DUMMY_KEY, servers.DUMMY_KEY, region_name=servers.REGION)
        sqs = session.client("sqs", endpoint_url=emulator.endpoint_url)
        producer = Producer(sqs, sqs.create_queue(QueueName="orders")["QueueUrl"], None, rate_per_second=20)
        with Process(emulator.endpoint_url, "orders", "--handler", HANDLER) as consumer:
            consumer.wait_for("consumer.started")
            producer.start()
            draw(consumer.pid, picture)
            producer.stop()
            consumer.signal(signal.SIGTERM)
            consumer.end()
    print(picture)


def draw(pid: int, picture: Path) -> None:
    """What a browser shows once there is something to see."""
    with Serving(str(pid)) as serving, browsed(serving.url, WIDTH, HEIGHT) as there:
        there.until(lambda: any(int(found) >= HANDLED_BEFORE for found in re.findall(rb"(\d+) handled,", there.drawn)))
        there.page.screenshot(path=picture)
        serving.end()


if __name__ == "__main__":
    main()
