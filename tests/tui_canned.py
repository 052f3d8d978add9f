"""Canned snapshots at a time that stands still."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqs_core.model import (
    AttributeValue,
    BufferSize,
    ConsumerSnapshot,
    CredentialReport,
    DeadLetterQueue,
    Depth,
    EngineInfo,
    Event,
    Finished,
    InFlight,
    Latencies,
    Level,
    Message,
    MessageDetail,
    Outcome,
    Percentiles,
    PoolSize,
    ProviderRow,
    Role,
    RunState,
    Snapshot,
    ThreadInfo,
    ThreadState,
    Totals,
)

NOW = 1_772_359_200.0  # 2026-03-01 10:00:00 UTC
IDS = (
    "7d9f1c52-0b1e-4f2a-9c53-1f0c2a6de101",
    "a41be7f0-6a0d-4a3b-8a55-2c6f3d1be202",
    "19c0ffee-51aa-4c19-b1d4-3f7a4e2cf303",
    "e2b7740d-8c3f-4b7e-a6f0-408b5f3d0404",
    "5f0d93aa-2d94-4f0b-93c7-519c604e1505",
    "c83a16be-7e25-4d6c-8e11-62ad715f2606",
    "3b94e8d1-943b-4e71-bd02-73be82603707",
    "90aa5c27-1f6d-4a82-a7f9-84cf93714808",
)
PREVIEWS = (
    '{"type": "order.created", "order": 10291, "total": "49.90 EUR"}',
    '{"type": "order.paid", "order": 10288, "method": "card"}',
    '{"type": "refund", "order": 10107, "reason": "damaged in transit"}',
    '{"type": "order.created", "order": 10292, "total": "12.00 EUR"}',
    '{"type": "order.shipped", "order": 10279, "carrier": "DHL"}',
    '{"type": "order.cancelled", "order": 10290}',
    '{"type": "order.created", "order": 10293, "total": "230.00 EUR"}',
    '{"type": "order.paid", "order": 10289, "method": "invoice"}',
)


def message_id(number: int) -> str:
    """A stable id that looks like SQS's."""
    return IDS[number % len(IDS)] if number < len(IDS) else f"{number * 2654435761 % 2**32:08x}-0000-4000-8000-{number:012x}"


def worker(number: int, state: ThreadState = ThreadState.IDLE, since: float = NOW - 61, **more: Any) -> ThreadInfo:
    """A worker thread."""
    return ThreadInfo(f"orders-worker-{number}", Role.WORKER, state, since, **more)


def poller(number: int, state: ThreadState = ThreadState.WAITING, since: float = NOW - 8, **more: Any) -> ThreadInfo:
    """A poller thread."""
    return ThreadInfo(f"orders-poller-{number}", Role.POLLER, state, since, **more)


def held(number: int, **more: Any) -> InFlight:
    """A message in flight."""
    values: dict[str, Any] = {
        "message_id": message_id(number),
        "worker": f"orders-worker-{number}",
        "received_at": NOW - 6 + number * 0.5,
        "receive_count": 1,
        "lease_expires_at": NOW + 24 + number * 0.5,
        "extensions": 0,
        "group_id": None,
        "preview": PREVIEWS[number % len(PREVIEWS)],
    }
    return InFlight(**{**values, **more})


def finished(number: int, outcome: Outcome = Outcome.HANDLED, **more: Any) -> Finished:
    """A message that ended, the higher the number the earlier."""
    values: dict[str, Any] = {
        "message_id": message_id(number + 20),
        "outcome": outcome,
        "finished_at": NOW - number * 0.7,
        "handler_ms": 180.0 + number * 13 % 70,
        "error": None,
        "preview": PREVIEWS[(number * 5 + 3) % len(PREVIEWS)],
    }
    return Finished(**{**values, **more})


def consumer(queue: str = "orders", **more: Any) -> ConsumerSnapshot:
    """A consumer in full swing; `more` replaces any field."""
    busy = [
        worker(n, ThreadState.HANDLING, NOW - 5.5 + n * 0.5, message_id=message_id(n), handled=120 + n * 3, failed=n % 3)
        for n in range(1, 6)
    ]
    idle = [worker(n, handled=118 + n, failed=0) for n in range(6, 9)]
    values: dict[str, Any] = {
        "queue": queue,
        "url": f"http://127.0.0.1:4566/000000000000/{queue}",
        "fifo": queue.endswith(".fifo"),
        "state": RunState.RUNNING,
        "handler": "builtin:sleep?seconds=0.2&fail=0.1",
        "pollers": PoolSize(2, 2),
        "workers": PoolSize(8, 8, 5),
        "buffer": BufferSize(2, 10),
        "depth": Depth(118, 7, 0, 14.0, NOW - 1),
        "dlq": DeadLetterQueue(f"{queue}-dlq", 3, 5),
        "totals": Totals(
            received=1049, handled=991, failed=51, retried=48, given_up=3, deleted=990, redelivered=48, empty_polls=4
        ),
        "requests": {"ReceiveMessage": 121, "DeleteMessageBatch": 104, "ChangeMessageVisibility": 51},
        "requests_per_message": 0.2631,
        "latency_ms": Latencies(
            Percentiles(12.0, 33.0, 61.0, 88.0, 121),
            Percentiles(420.0, 1310.0, 2240.0, 3105.0, 1049),
            Percentiles(204.0, 238.0, 251.0, 266.0, 1042),
            Percentiles(31.0, 96.0, 104.0, 140.0, 990),
        ),
        "threads": (poller(1), poller(2, ThreadState.BLOCKED, NOW - 2), *busy, *idle),
        "in_flight": (
            *(held(n) for n in range(1, 6)),
            held(6, worker=None, receive_count=2),
            held(7, worker=None, extensions=1, group_id="customer-77"),
        ),
        "history": (
            *(finished(n) for n in range(15, 9, -1)),
            finished(9, Outcome.GIVEN_UP, error="HandlerError: no such order 10107", handler_ms=41.0),
            *(finished(n) for n in range(8, 3, -1)),
            finished(3, Outcome.RETRIED, error="HandlerError: the payment service answered 503"),
            *(finished(n) for n in range(2, -1, -1)),
        ),
    }
    return ConsumerSnapshot(**{**values, **more})


def quiet_consumer(queue: str = "orders", **more: Any) -> ConsumerSnapshot:
    """A consumer with nothing to do."""
    nothing = Percentiles()
    values: dict[str, Any] = {
        "pollers": PoolSize(1, 1),
        "workers": PoolSize(2, 2),
        "buffer": BufferSize(0, 10),
        "depth": None,
        "dlq": None,
        "totals": Totals(),
        "requests": {},
        "requests_per_message": None,
        "latency_ms": Latencies(nothing, nothing, nothing, nothing),
        "threads": (poller(1), worker(1), worker(2)),
        "in_flight": (),
        "history": (),
    }
    return consumer(queue, **{**values, **more})


def event(text: str, level: Level = Level.INFO, code: str = "consumer.started", **more: Any) -> Event:
    """An event line."""
    values: dict[str, Any] = {"at": NOW - 30, "level": level, "code": code, "queue": "orders", "text": text}
    return Event(**{**values, **more})


EVENTS = (
    event("consuming with 2 pollers and 8 workers", at=NOW - 300),
    event("SlowDown: the server limits the rate; backing off", Level.WARNING, "poll.throttled", at=NOW - 42, count=37),
    event("receiving again", code="poll.recovered", at=NOW - 40),
    event("1 message given up after 5 receives", Level.WARNING, "message.given-up", at=NOW - 6, count=3),
)


def snapshot(*consumers: ConsumerSnapshot, state: RunState = RunState.RUNNING, **more: Any) -> Snapshot:
    """An engine's snapshot; without consumers given, the lively one and a FIFO queue."""
    info = EngineInfo(4711, "host", NOW - 300, state, "local", False, "http://127.0.0.1:4566", "eu-central-1", "0.1.0")
    values: dict[str, Any] = {
        "at": NOW,
        "engine": info,
        "credentials": CredentialReport("env", "MPLE", "000000000000"),
        "consumers": consumers or (consumer(), quiet_consumer("invoices.fifo", depth=Depth(0, 0, 0, None, NOW))),
        "events": EVENTS,
    }
    return Snapshot(**{**values, **more})


ROLE_ARN = "arn:aws:iam::123456789012:role/platform/orders-worker"
STATIC_RULE = "static keys in shared files are refused: use a role or an SSO profile"


def pod_credentials(**more: Any) -> CredentialReport:
    """A pod's web identity, with a provider in each state."""
    rows = (
        ("env", "not-configured", "AWS_ACCESS_KEY_ID is not set"),
        ("assume-role", "not-configured", "nothing is configured"),
        ("assume-role-with-web-identity", "found", f"token file /var/run/secrets/token, role {ROLE_ARN}"),
        ("sso", "not-configured", "nothing is configured"),
        ("shared-credentials-file", "skipped", STATIC_RULE),
        ("login", "failed", "no token in the cache: run `aws login`"),
        (
            "container-role",
            "shadowed",
            "agent at http://169.254.170.23/v1/credentials; assume-role-with-web-identity comes first",
        ),
        ("iam-role", "not-tried", "metadata service at its usual address; asking it would use the network"),
    )
    values: dict[str, Any] = {
        "provider": "assume-role-with-web-identity",
        "key_hint": "K7QX",
        "account": "123456789012",
        "role_arn": ROLE_ARN,
        "expires_at": NOW + 3300,
        "warnings": ("more than one mechanism is configured: the first that works is used",),
        "chain": tuple(ProviderRow(*row) for row in rows),
        "arn": "arn:aws:sts::123456789012:assumed-role/orders-worker/botocore-session-1772359200",
        "session_name": "botocore-session-1772359200",
        "last_refresh_at": NOW - 300,
    }
    return CredentialReport(**{**values, **more})


def pod_snapshot(**more: Any) -> Snapshot:
    """The lively consumer in a pod of staging."""
    engine = replace(
        snapshot().engine,
        environment="staging",
        environment_decided_by="APP_ENV",
        endpoint="https://sqs.eu-central-1.amazonaws.com",
    )
    one = consumer(wait_seconds=20, read_timeout_seconds=30.0, visibility_seconds=60)
    return snapshot(one, **{"engine": engine, "credentials": pod_credentials(), **more})


def empty_snapshot(**more: Any) -> Snapshot:
    """An engine without consumers."""
    return snapshot(**{"consumers": (), "events": (), **more})


def detail(number: int = 1, body: str | None = None, **more: Any) -> MessageDetail:
    """A message, whole."""
    message = Message(
        message_id=message_id(number),
        body=PREVIEWS[number] if body is None else body,
        receipt_handle="handle",
        queue="orders",
        typed_attributes={
            "tenant": AttributeValue("String", "acme"),
            "amount": AttributeValue("Number.eur", "49.90"),
            "thumbnail": AttributeValue("Binary", bytes(range(16))),
        },
        system={"ApproximateReceiveCount": "2", "SentTimestamp": str(int((NOW - 14) * 1000)), "SenderId": "000000000000"},
    )
    values: dict[str, Any] = {
        "message": message,
        "timeline": ((NOW - 6, "received, receive 2"), (NOW - 5.5, "handler started on orders-worker-1")),
        "outcome": None,
        "replayable": False,
    }
    return MessageDetail(**{**values, **more})
