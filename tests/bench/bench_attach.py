"""What viewers cost a consumer: its CPU time per message on LocalStack with viewers and without, in turns within one run.

`python bench_attach.py [--pairs N] [--seconds S]`. With viewers means: three dashboards' connections that attach and leave all
the time, one viewer that is stopped (SIGSTOP) and reads nothing, and one that sends garbage. LocalStack is the limit of the
rate; CPU time is read from /proc, so this runs on Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "core"), str(HERE.parent.parent / "tui")]

from consuming import PROGRAM, Process  # noqa: E402 - found by the line above
from servers import QueueFactory, localstack  # noqa: E402 - as above
from sqs_core.remote.attached import AttachedEngine  # noqa: E402 - as above
from sqs_core.remote.targets import local_target  # noqa: E402 - as above
from waiting import DEADLINE_SECONDS, wait_until  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator

GOAL = 0.03
DASHBOARDS = 3
STAY_SECONDS = 1.4
FRAMES = 2  # a second, what attach asks for
SETTLE_SECONDS = 1.0
IDLE_SHARE = 0.005
PRODUCERS = 2
PRODUCE = """
import boto3, sys
url, endpoint, number = sys.argv[1:]
session = boto3.Session("test", "test", region_name="us-east-1")
client = session.client("sqs", endpoint_url=endpoint)
sent = 0
while True:
    entries = [{"Id": str(at), "MessageBody": f"{number}-{sent + at} " + "x" * 200} for at in range(10)]
    client.send_message_batch(QueueUrl=url, Entries=entries)
    sent += 10
    depth = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]) if sent % 500 == 0 else None
    if depth and int(depth["Attributes"]["ApproximateNumberOfMessages"]) > 2000:
        import time
        time.sleep(0.5)
"""


class Reading:
    """What a process has used so far: CPU seconds in all and of each thread, and how many threads and descriptors it has."""

    def __init__(self, pid: int) -> None:
        tasks = Path(f"/proc/{pid}/task")
        self.by_thread = {task.name: int((task / "schedstat").read_text().split()[0]) / 1e9 for task in tasks.iterdir()}
        self.threads = len(self.by_thread)
        self.descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))

    @property
    def cpu_seconds(self) -> float:
        """Of all threads that live."""
        return sum(self.by_thread.values())


def handled(pid: int) -> int:
    """Messages that are handled so far."""
    done = subprocess.run([str(PROGRAM), "snapshot", str(pid)], capture_output=True, check=True, text=True, timeout=60)
    return int(json.loads(done.stdout)["consumers"][0]["totals"]["handled"])


class Dashboards:
    """Attach, look for a moment, leave, attach again."""

    def __init__(self, pid: int) -> None:
        self.visits = 0
        self._pid = pid
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(DASHBOARDS)]

    def __enter__(self) -> Dashboards:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(DEADLINE_SECONDS)

    def _visit(self) -> None:
        while not self._over.is_set():
            engine = AttachedEngine(local_target(str(self._pid)), per_second=FRAMES)
            engine.start()
            self._over.wait(STAY_SECONDS)
            self.visits += engine.viewing.view().snapshot is not None
            engine.close()


@contextlib.contextmanager
def stopped_viewer(pid: int) -> Iterator[None]:
    """A viewer that has asked for frames and is then stopped."""
    with subprocess.Popen([str(PROGRAM), "bridge", str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as viewer:
        assert viewer.stdin is not None
        assert viewer.stdout is not None
        viewer.stdout.readline()
        viewer.stdin.write(b'{"type": "frames", "id": 1, "per_second": 10}\n')
        viewer.stdin.flush()
        viewer.stdout.readline()
        viewer.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            viewer.kill()


@contextlib.contextmanager
def garbage(path: Path) -> Iterator[None]:
    """Somebody who does not speak the protocol, five times a second."""
    over = threading.Event()

    def send() -> None:
        while not over.wait(0.2):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as peer:
                peer.connect(str(path))
                peer.sendall(os.urandom(2000) + b"\n")
                peer.recv(1)

    thread = threading.Thread(target=send)
    thread.start()
    yield
    over.set()
    thread.join(DEADLINE_SECONDS)


def phase(pid: int, seconds: float) -> tuple[float, dict[str, float]]:
    """CPU microseconds a message over so many seconds, in all and by thread."""
    time.sleep(SETTLE_SECONDS)
    messages, before = handled(pid), Reading(pid)
    time.sleep(seconds)
    after, more = Reading(pid), handled(pid)
    each = {thread: after.by_thread[thread] - used for thread, used in before.by_thread.items() if thread in after.by_thread}
    costs = {thread: used * 1e6 / (more - messages) for thread, used in each.items()}
    return sum(costs.values()), costs


def compare(pid: int, pairs: int, seconds: float) -> dict[str, Any]:
    """Phases in turns; the first of each pair takes turns too."""
    costs: dict[bool, list[float]] = {False: [], True: []}
    threads: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    visits = 0
    path = local_target(str(pid)).path
    for pair in range(pairs):
        for crowded in (False, True) if pair % 2 else (True, False):
            with contextlib.ExitStack() as crowd:
                if crowded:
                    dashboards = crowd.enter_context(Dashboards(pid))
                    crowd.enter_context(stopped_viewer(pid))
                    crowd.enter_context(garbage(path))
                cost, by_thread = phase(pid, seconds)
                costs[crowded].append(cost)
                threads[crowded].append(by_thread)
            visits += dashboards.visits if crowded else 0
    ratios = [crowded / alone for alone, crowded in zip(costs[False], costs[True], strict=True)]
    median = {
        crowded: {name: statistics.median(each.get(name, 0.0) for each in found) for name in found[0]}
        for crowded, found in threads.items()
    }
    # The thread that serves viewers is the one that does next to nothing without them.
    idle = {name for name, cost in median[False].items() if cost < IDLE_SHARE * statistics.median(costs[False])}
    serving = max((median[True].get(name, 0.0) for name in idle), default=0.0)
    return {"alone": costs[False], "crowded": costs[True], "ratios": ratios, "visits": visits, "serving": serving}


def _print(found: dict[str, Any], report: dict[str, Any]) -> None:
    alone, ratio = statistics.median(found["alone"]), statistics.median(found["ratios"])
    print(f"CPU µs/message alone    {alone:7.1f}  {[round(each, 1) for each in found['alone']]}")
    print(f"CPU µs/message crowded  {statistics.median(found['crowded']):7.1f}  {[round(each, 1) for each in found['crowded']]}")
    print(f"ratio, median of pairs: {ratio:.3f}; goal <= {1 + GOAL:.2f}: {'met' if ratio <= 1 + GOAL else 'MISSED'}")
    print(f"the thread that serves viewers: {found['serving']:.2f} µs/message, {found['serving'] / alone:.1%} of the cost alone")
    ended = f"handled {report['handled']:,}, leases lost {report['leases_lost']}, held at exit {report['in_flight_at_exit']}"
    print(f"visits {found['visits']}; {ended}")


def main() -> None:
    """Print the table; exit 1 where something was lost or leaked."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pairs", type=int, default=6)
    options.add_argument("--seconds", type=float, default=8.0)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        os.environ.update({"XDG_RUNTIME_DIR": scratch, "XDG_STATE_HOME": scratch, "HOME": scratch})
        endpoint = stack.enter_context(localstack(Path(scratch)))
        import boto3

        sqs = boto3.client(
            "sqs", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
        )
        queue = QueueFactory(sqs)()
        producers = [subprocess.Popen([sys.executable, "-c", PRODUCE, queue.url, endpoint, str(n)]) for n in range(PRODUCERS)]
        process = stack.enter_context(Process(endpoint, queue.name, "--handler", "builtin:noop"))
        try:
            process.wait_for("consumer.started")
            time.sleep(2 * SETTLE_SECONDS)
            before = Reading(process.pid)
            found = compare(process.pid, chosen.pairs, chosen.seconds)
            wait_until(lambda: Reading(process.pid).descriptors <= before.descriptors)
            after = Reading(process.pid)
        finally:
            for producer in producers:
                producer.kill()
                producer.wait(DEADLINE_SECONDS)
        process.signal()
        report = process.end().report()
    _print(found, report)
    print(f"threads {before.threads} -> {after.threads}, descriptors {before.descriptors} -> {after.descriptors}")
    sys.exit(int(after.threads > before.threads or after.descriptors > before.descriptors or report["leases_lost"] > 0))


if __name__ == "__main__":
    main()
