"""A queue of a scripted server, through the lean client or the SDK's."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from sqs_core.client import LOOK, SEND, AwsSession, ack_profile, poll_profile
from sqs_core.errors import RequestError
from sqs_core.queue import SqsQueue
from sqs_core.settings import ConsumerSettings, make_connection_settings
from sqs_core.transports import hot_client
from sqs_core.words import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

BOTH = [Transport.BOTO3, Transport.LEAN]
POLL = dataclasses.replace(poll_profile(ConsumerSettings()), read_timeout_seconds=0.5)
ACK = dataclasses.replace(ack_profile(30), read_timeout_seconds=0.5)


class Subject:
    """A queue of a scripted server, through one transport. `asked` counts what it says it put on the wire."""

    def __init__(self, url: str, transport: Transport, session: AwsSession | None = None) -> None:
        self.asked: Counter[str] = Counter()
        session = session or AwsSession(make_connection_settings(endpoint_url=url))

        def count(operation: str) -> None:
            self.asked[operation] += 1

        self.poll, self.ack = (hot_client(session, profile, count, transport)[0] for profile in (POLL, ACK))
        self.queue = SqsQueue(
            "orders", f"{url}/000000000000/orders", self.poll, self.ack, session.client(LOOK), session.client(SEND)
        )

    def trouble(self, operation: str) -> tuple[object, ...]:
        """What a request that fails says of why."""
        calls: dict[str, Callable[[], object]] = {
            "receive": lambda: self.queue.receive(10, 0, 30, None),
            "delete": lambda: self.queue.delete_batch(["a", "b"]),
        }
        with pytest.raises(RequestError) as caught:
            calls[operation]()
        error = caught.value
        return type(error.__cause__).__name__, error.trouble, error.code, error.answer_lost, error.surely_refused, str(error)
