"""What crosses a thread: frozen records, and (handed on from `words`) closed sets of words.

Times that people read are seconds since the epoch, UTC (`time.time()`); `sqs_core.wire` turns them into ISO 8601 for JSON.
Durations are seconds as floats unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.credential_report import CredentialReport as CredentialReport  # noqa: TC001 - handed on
from sqs_core.credential_report import ProviderRow as ProviderRow
from sqs_core.engine_info import EngineInfo as EngineInfo  # noqa: TC001 - handed on
from sqs_core.failures import NO_FAILURES
from sqs_core.failures import FailureGroup as FailureGroup
from sqs_core.failures import Failures as Failures
from sqs_core.message import AttributeValue as AttributeValue
from sqs_core.message import Message as Message  # noqa: TC001 - handed on
from sqs_core.words import Level as Level  # noqa: TC001 - handed on
from sqs_core.words import Outcome as Outcome  # noqa: TC001 - handed on
from sqs_core.words import PoolName as PoolName
from sqs_core.words import Role as Role  # noqa: TC001 - handed on
from sqs_core.words import RunState as RunState  # noqa: TC001 - handed on
from sqs_core.words import ThreadState as ThreadState  # noqa: TC001 - handed on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA = 1
_DEPTH_GOOD_SECONDS = 8.0
"""Depths are read each 5 s; one that is older than this could not be read again."""
PREVIEW_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class PoolSize:
    """A pool: wanted and existing threads, and (workers only) how many hold a message."""

    target: int
    live: int
    busy: int = 0


@dataclass(frozen=True, slots=True)
class Autoscale:
    """The bounds between which the workers' pool is resized by itself; until `rests_until` it is not, as somebody resized it."""

    minimum: int
    maximum: int
    rests_until: float | None = None


@dataclass(frozen=True, slots=True)
class BufferSize:
    """Messages received and waiting for a worker, and the bound."""

    size: int
    limit: int


@dataclass(frozen=True, slots=True)
class Depth:
    """The queue's approximate counts, read at `at`. `oldest_age_seconds` is None where the server has no such figure."""

    visible: int
    in_flight: int
    delayed: int
    oldest_age_seconds: float | None
    at: float

    def is_old(self, now: float) -> bool:
        """Whether it should have been read again by `now`, and was not: then it says nothing about now."""
        return now - self.at > _DEPTH_GOOD_SECONDS


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """Where SQS moves a message received more than `max_receive_count` times. `visible` is None until it was read."""

    name: str
    visible: int | None
    max_receive_count: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Counters since the start. `received = handled + discarded + failed + released + leases_lost + held`."""

    received: int = 0
    handled: int = 0
    discarded: int = 0
    failed: int = 0
    retried: int = 0
    given_up: int = 0
    deleted: int = 0
    released: int = 0
    redelivered: int = 0
    leases_lost: int = 0
    empty_polls: int = 0
    poll_errors: int = 0
    hidden_retries: int = 0


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Milliseconds over a bounded window of the newest samples; `count` is of all samples, None means no sample yet."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Latencies:
    """poll: answer minus the later of request and send · queue: receive minus send · handler · ack: settle to proof."""

    poll: Percentiles
    queue: Percentiles
    handler: Percentiles
    ack: Percentiles


@dataclass(frozen=True, slots=True)
class ThreadInfo:
    """One thread of a consumer. `since` is when it entered its state."""

    name: str
    role: Role
    state: ThreadState
    since: float
    message_id: str | None = None
    handled: int = 0
    failed: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class InFlight:
    """A message we hold. `worker` is None while it waits in the buffer.

    `settling` is what its handler's end asks of SQS, `delete` or `return`, while that is not proved; its worker is done with it.
    """

    message_id: str
    worker: str | None
    received_at: float
    receive_count: int
    lease_expires_at: float
    extensions: int
    group_id: str | None
    preview: str
    sent_at: float | None = None
    settling: str | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A message that ended here; `handler_ms` is None where no handler ran.

    Where its handler failed, `error_type` is the exception's and `place` where in the handler's own code it was raised.
    """

    message_id: str
    outcome: Outcome
    finished_at: float
    handler_ms: float | None
    error: str | None
    preview: str
    error_type: str | None = None
    place: str | None = None
    receive_count: int | None = None
    group_id: str | None = None
    sent_at: float | None = None


@dataclass(frozen=True, slots=True)
class ConsumerSnapshot:
    """Everything about one queue's consumer at one moment; its `history` is told in the order in which messages ended.

    `transport`, lean or boto3, is what receives and deletes go by.

    `requests_per_message` is since the start and by messages received; `dollars_per_day` is the price of the requests at the pace
    of the last minute (see `spending`). Both None while they cannot be known.
    """

    queue: str
    url: str
    fifo: bool
    state: RunState
    handler: str
    pollers: PoolSize
    workers: PoolSize
    buffer: BufferSize
    depth: Depth | None
    dlq: DeadLetterQueue | None
    totals: Totals
    requests: Mapping[str, int]
    latency_ms: Latencies
    threads: tuple[ThreadInfo, ...]
    in_flight: tuple[InFlight, ...]
    history: Sequence[Finished]
    wait_seconds: int | None = None
    read_timeout_seconds: float | None = None
    visibility_seconds: int | None = None
    failures: Failures = NO_FAILURES
    transport: str | None = None
    requests_per_message: float | None = None
    dollars_per_day: float | None = None
    autoscale: Autoscale | None = None

    @property
    def held(self) -> int:
        """Messages received and not yet ended."""
        return len(self.in_flight)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the event log; `at` is the newest of `count` equal ones."""

    at: float
    level: Level
    code: str
    queue: str | None
    text: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine at one moment: what every face draws, and what `sqs-tui snapshot` prints."""

    at: float
    engine: EngineInfo
    credentials: CredentialReport | None
    consumers: tuple[ConsumerSnapshot, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class MessageDetail:
    """A message we hold or held, whole, with what this process saw of it (oldest first).

    `error` says why its newest end was none that was wanted, `place` where in the handler; None where that is not known.
    """

    message: Message
    timeline: tuple[tuple[float, str], ...]
    outcome: Outcome | None
    replayable: bool
    error: str | None = None
    place: str | None = None
