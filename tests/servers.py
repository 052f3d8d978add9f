"""Real servers for the tests: started on free loopback ports, watched over by a guard, never left running."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sqs_core.demo.emulator import LOOPBACK, answers, free_port
from sqs_core.demo.guarded import GuardedProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_sqs import SQSClient

REPOSITORY = Path(__file__).parent.parent
CACHE = REPOSITORY / ".cache"
REGION = "us-east-1"
DUMMY_KEY = "test"

# What a message needs to become visible again, beyond its timeout: LocalStack looks once a second.
VISIBILITY_SLACK_SECONDS = 1.5

_READY_SECONDS = 90
_LOOK_SECONDS = 0.1


@contextlib.contextmanager
def localstack(scratch: Path) -> Iterator[str]:
    """A LocalStack with SQS and STS; yields its endpoint URL. Its log is kept in `.cache/localstack.log`.

    Raises `RuntimeError`, with the end of the log, when its environment was not made or it does not come up.
    """
    python = Path(os.environ.get("LOCALSTACK_VENV", REPOSITORY / ".venv-localstack")) / "bin" / "python"
    if not python.exists():
        raise RuntimeError(f"no LocalStack at {python}: run `make test` once, or set LOCALSTACK_VENV")
    port = free_port()
    with _filesystem_root(scratch) as root, (root / "localstack.log").open("w+b") as log:
        server = GuardedProcess([str(python), "-m", "localstack.runtime.main"], _localstack_environment(port, root), log)
        try:
            _wait_until_ready(server, port, "/_localstack/health", log)
            yield f"http://{LOOPBACK}:{port}"
        finally:
            server.stop()


@contextlib.contextmanager
def _filesystem_root(scratch: Path) -> Iterator[Path]:
    """`.cache/localstack`, which saves 4 s of its first call; a fresh directory when another session uses that one."""
    root = CACHE / "localstack"
    root.mkdir(parents=True, exist_ok=True)
    with (CACHE / "localstack.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            root = scratch / "localstack"
            root.mkdir()
        yield root


def _localstack_environment(port: int, root: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(root),
        # It ignores an IPv4 host here and would listen on every interface.
        "GATEWAY_LISTEN": f"[::ffff:{LOOPBACK}]:{port}",
        "LOCALSTACK_HOST": f"{LOOPBACK}:{port}",
        "SERVICES": "sqs,sts",
        "EAGER_SERVICE_LOADING": "1",
        "SQS_ENDPOINT_STRATEGY": "path",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "LS_LOG": "error",
    }


def _wait_until_ready(server: GuardedProcess, port: int, path: str, log: IO[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not answers(port, path):
        ended = server.ended(within_seconds=_LOOK_SECONDS)
        if ended or time.monotonic() > deadline:
            log.seek(0)
            tail = log.read().decode("utf-8", "replace")[-2000:]
            raise RuntimeError(f"the server {'ended while it started' if ended else 'is not ready'}: {tail}")


def group_is_gone(group: int, within_seconds: float = 5) -> bool:
    """Whether no process of the group runs any more; waits for that. The dead that nobody has reaped do not count."""
    deadline = time.monotonic() + within_seconds
    while _runs(group):
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(_LOOK_SECONDS / 4)
    return True


def _runs(group: int) -> bool:
    if not Path("/proc/self/stat").exists():
        listing = subprocess.run(["ps", "-A", "-o", "stat=,pgid="], capture_output=True, text=True, check=True, timeout=30)
        rows = [line.split() for line in listing.stdout.splitlines()]
        return any(int(pgid) == group and not state.startswith("Z") for state, pgid in rows)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, pgid = stat.read_text().rpartition(")")[2].split()[:3]
            if int(pgid) == group and state not in "ZX":
                return True
    return False


@dataclass(frozen=True)
class TestQueue:
    """A queue made for one test; `dlq_url` is None without a dead-letter queue."""

    __test__ = False

    name: str
    url: str
    dlq_url: str | None

    @property
    def dead_letters(self) -> TestQueue:
        """The dead-letter queue."""
        assert self.dlq_url is not None
        return TestQueue(self.dlq_url.rpartition("/")[2], self.dlq_url, None)


class QueueFactory:
    """Makes queues with names nobody else has, on one server, and deletes them all at the end."""

    def __init__(self, client: SQSClient) -> None:
        self._client = client
        self._urls: list[str] = []

    def __call__(
        self,
        *,
        fifo: bool = False,
        max_receive_count: int | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> TestQueue:
        """A queue with SQS's `attributes`; with `max_receive_count` it gets a dead-letter queue of its own."""
        suffix = ".fifo" if fifo else ""
        name = f"t-{uuid.uuid4().hex[:12]}"
        wanted: dict[str, Any] = {"FifoQueue": "true"} if fifo else {}
        dlq_url = None
        if max_receive_count is not None:
            dlq_url = self._create(f"{name}-dlq{suffix}", wanted)
            arn = self._client.get_queue_attributes(QueueUrl=dlq_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": "{max_receive_count}"}}'
            wanted = {**wanted, "RedrivePolicy": policy}
        url = self._create(name + suffix, {**wanted, **(attributes or {})})
        return TestQueue(name + suffix, url, dlq_url)

    def delete_all(self) -> None:
        """Delete every queue that was made; one that is gone already does not matter."""
        while self._urls:
            with contextlib.suppress(self._client.exceptions.QueueDoesNotExist):
                self._client.delete_queue(QueueUrl=self._urls.pop())

    def _create(self, name: str, attributes: Any) -> str:
        url = self._client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self._urls.append(url)
        return url
