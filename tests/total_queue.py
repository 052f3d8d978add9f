"""What goes in must come out: a log of what was sent, a log of what handlers finished, and what the two say together.

Both are JSON Lines, each line on the disk before its writer goes on, so that they hold after a SIGKILL.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

HANDLERS = """
import json, os, random, time
LOG = os.open(os.environ["FINISHED_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

def handle(message):
    time.sleep(random.uniform(0.05, 0.2))
    line = {"id": message.body, "pid": os.getpid(), "at": time.time(), "receives": message.receive_count}
    os.write(LOG, (json.dumps(line) + "\\n").encode())
    os.fsync(LOG)
"""


@dataclass(frozen=True)
class Finished:
    """A handler's line."""

    id: str
    pid: int
    at: float
    receives: int


@dataclass
class Verdict:
    """Ids by what became of them. `recovered` came although their send was not proved; `unexplained` came twice, and no kill
    after the first time says why. `times` is how often something came beyond its first time."""

    ok: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    unexpected: set[str] = field(default_factory=set)
    recovered: set[str] = field(default_factory=set)
    duplicated: set[str] = field(default_factory=set)
    unexplained: set[str] = field(default_factory=set)
    times: int = 0


class Log:
    """Lines that are on the disk before `write` returns."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, lines: Sequence[dict[str, Any]]) -> None:
        """Add lines."""
        with self._lock:
            os.write(self._file, "".join(json.dumps(line) + "\n" for line in lines).encode())
            os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; an end that was cut off is no line."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def judge(sent: Path, finished: Path, kills: dict[int, float]) -> Verdict:
    """Compare the logs. `kills` are the times of SIGKILLs by pid."""
    proved: dict[str, bool] = {}
    for line in read_lines(sent):  # each id has a line before it is sent and one after it was proved
        proved[line["id"]] = proved.get(line["id"], False) or line["proved"]
    came: dict[str, list[Finished]] = defaultdict(list)
    for line in read_lines(finished):
        came[line["id"]].append(Finished(**line))
    verdict = Verdict(
        ok=set(came) & set(proved),
        lost={name for name, sure in proved.items() if sure} - set(came),
        unexpected=set(came) - set(proved),
        recovered={name for name, sure in proved.items() if not sure} & set(came),
        duplicated={name for name, each in came.items() if len(each) > 1},
        times=sum(len(each) - 1 for each in came.values()),
    )
    verdict.unexplained = {name for name in verdict.duplicated if not _explained(came[name], kills)}
    return verdict


def _explained(finished: list[Finished], kills: dict[int, float]) -> bool:
    """Each time but the last was in a process that was killed after it: the delete may not have been sent."""
    *before, _ = sorted(finished, key=lambda each: each.at)
    return all(kills.get(each.pid, 0.0) >= each.at for each in before)


def produce(sqs: SQSClient, url: str, ids: Sequence[str], log: Path, group: Callable[[str], str] | None = None) -> None:
    """Send each id as a body, in batches and in order; `group` makes a FIFO queue's group and the id its deduplication id."""
    written = Log(log)
    for start in range(0, len(ids), 10):
        batch = ids[start : start + 10]
        written.write([{"id": name, "proved": False} for name in batch])
        entries: list[Any] = [
            {"Id": str(index), "MessageBody": name}
            | ({} if group is None else {"MessageGroupId": group(name), "MessageDeduplicationId": name})
            for index, name in enumerate(batch)
        ]
        try:
            answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        except Exception:  # noqa: BLE001 - it stays unproved, whatever it was
            continue
        done = {int(entry["Id"]) for entry in answer.get("Successful", [])}
        written.write([{"id": name, "proved": True} for index, name in enumerate(batch) if index in done])
    written.close()


class Killer:
    """Starts a command again and again, and kills it at random moments once it has done something. None outlives the block."""

    def __init__(self, command: Sequence[str], finished: Path, seed: int, **popen: Any) -> None:
        self._command, self._finished, self._popen = command, finished, popen
        self._errors = finished.with_name("errors")
        self._dice = random.Random(seed)
        self.kills: dict[int, float] = {}
        self.by_phase: Counter[str] = Counter()
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.communicate(timeout=DEADLINE_SECONDS)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it."""
        with self._errors.open("wb") as errors:
            # One short line on stdout at the end: the pipe cannot fill.
            process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=errors, **self._popen)
        self._started.append(process)
        return process

    def start_and_wait(self) -> subprocess.Popen[bytes]:
        """Start it, and wait until it says that it consumes: from then on it ends in order when it is told to."""
        process = self.start()
        wait_until(lambda: b"consumer.started" in self._errors.read_bytes(), 60)
        return process

    def kill_after_a_while(self, longest_seconds: float) -> None:
        """Start it, wait for its first finished message (now and then not even that), and a random time more; kill it."""
        process = self.start()
        size = self._size()
        if self._dice.random() < 0.1:
            self.by_phase["starting"] += 1
            moment = self._dice.uniform(0, 1.0)
        else:
            self.by_phase["working"] += 1
            wait_until(lambda: self._size() > size or process.poll() is not None, 60)
            moment = self._dice.uniform(0, longest_seconds)
        threading.Event().wait(moment)  # the moment is what is tried
        process.send_signal(signal.SIGKILL)
        self.kills[process.pid] = time.time()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()

    def _size(self) -> int:
        return self._finished.stat().st_size if self._finished.exists() else 0
