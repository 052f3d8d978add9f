"""Which transport is in use, and what keeps it from being the lean one, is told by an event."""

from __future__ import annotations

import pytest

from sqs_core.client import AwsSession
from sqs_core.clock import SYSTEM_CLOCK
from sqs_core.consumer import QueueConsumer
from sqs_core.events import Code, EventLog
from sqs_core.handlers import load_handler
from sqs_core.model import Level
from sqs_core.settings import ConsumerSettings, make_connection_settings, parse_queue

pytestmark = pytest.mark.sdk


@pytest.mark.parametrize(
    ("path", "transport", "used", "said"),
    [
        ("", "auto", "lean", ""),
        ("", "boto3", "boto3", ""),
        ("/base", "auto", "boto3", "lean does not do an endpoint with the path /base"),
        ("/base", "boto3", "boto3", ""),
    ],
)
def test_a_fallback_is_said_once_with_its_reason(path: str, transport: str, used: str, said: str) -> None:
    events = EventLog(SYSTEM_CLOCK)
    settings = ConsumerSettings(transport=transport)
    consumer = QueueConsumer(parse_queue("orders"), load_handler("builtin:noop"), settings, events, SYSTEM_CLOCK)
    session = AwsSession(make_connection_settings(endpoint_url=f"http://127.0.0.1:1{path}"))
    for _ in range(2):  # again after credentials were renewed
        consumer._clients(session)
    assert consumer.snapshot().transport == used
    told = [event for event in events.snapshot() if event.code == Code.TRANSPORT_FALLBACK]
    assert [(event.level, event.count) for event in told] == ([(Level.WARNING, 2)] if said else [])
    assert all(said in event.text for event in told)
