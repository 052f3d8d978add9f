"""What watching forty pods costs: the processor time of `sqs-tui attach k8s:…` on a terminal, and the bytes it writes.

Run it with `.venv/bin/python tests/bench/bench_fleet.py [PODS] [SECONDS]`. Forty real consumers would be more than a small
machine can carry, so a few stand for ten pods each; each pod has a bridge of its own, as it has through `kubectl exec`.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / each) for each in ("core", "tui", "tests")]

import boto3  # noqa: E402

from cluster import Cluster, cluster  # noqa: E402
from consuming import PROGRAM  # noqa: E402
from sqs_core.demo.emulator import Emulator  # noqa: E402

PODS_OF_A_CONSUMER = 10
MESSAGES_A_SECOND = 40
HANDLER = "builtin:sleep?seconds=0.3&jitter=0.2&fail=0.02"
SETTLE_SECONDS = 120
MOST_OF_A_CORE = 0.20


def main(pods: int, seconds: float) -> int:
    """Measure, and fail where it is too much."""
    with Emulator() as emulator, tempfile.TemporaryDirectory(dir="/tmp") as folder, cluster(Path(folder)) as made:
        end = threading.Event()
        threading.Thread(target=produce, args=(emulator.endpoint_url, end), daemon=True).start()
        for number in range(-(-pods // PODS_OF_A_CONSUMER)):
            made.start(f"c{number}", emulator.endpoint_url, "orders", "--handler", HANDLER)
        for number in range(pods):
            made.set(f"orders-7d4f9c6b8-{number:05}", consumer=f"c{number // PODS_OF_A_CONSUMER}")
        try:
            share, written = watch(made, pods, seconds)
        finally:
            end.set()
    print(f"{pods} pods at 1 frame a second: {100 * share:.1f} % of a core, {written / seconds / 1000:.1f} kB/s written")
    return 0 if share < MOST_OF_A_CORE else 1


def produce(endpoint_url: str, end: threading.Event) -> None:
    """A steady trickle."""
    sqs = boto3.client(
        "sqs", endpoint_url=endpoint_url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    while not end.wait(10 / MESSAGES_A_SECOND):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(number), "MessageBody": "{}"} for number in range(10)])


def watch(made: Cluster, pods: int, seconds: float) -> tuple[float, int]:
    """The viewer's share of a core once all answer, and the bytes that it writes meanwhile."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    environment = {**os.environ, **made.environment(), "TERM": "xterm-256color"}
    command = [str(PROGRAM), "attach", "k8s:staging/app=orders"]
    viewer = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
    os.close(slave)
    try:
        seen = b""
        until = time.monotonic() + SETTLE_SECONDS
        while f"{pods} of {pods} answer".encode() not in seen[-200_000:]:
            assert time.monotonic() < until, "they do not all answer"
            seen += read(master, 1.0)
        read_for(master, 5.0)
        before, started = processor_seconds(viewer.pid), time.monotonic()
        written = read_for(master, seconds)
        return (processor_seconds(viewer.pid) - before) / (time.monotonic() - started), written
    finally:
        viewer.kill()
        viewer.wait(SETTLE_SECONDS)
        os.close(master)


def read(master: int, seconds: float) -> bytes:
    """What comes within so many seconds."""
    return os.read(master, 65536) if select.select([master], [], [], seconds)[0] else b""


def read_for(master: int, seconds: float) -> int:
    """Read along for so long; how many bytes came."""
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        count += len(read(master, 0.2))
    return count


def processor_seconds(pid: int) -> float:
    """User and system time of the process itself; its children, which stand for kubectl, are not counted."""
    parts = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40, float(sys.argv[2]) if len(sys.argv) > 2 else 30))
