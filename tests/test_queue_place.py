"""A queue URL names a server, too: another server's queue is not looked for at this one."""

from __future__ import annotations

import pytest

from sqs_core.errors import ConfigurationError
from sqs_core.queue_facts import check_place
from sqs_core.settings import parse_queue

AWS = "https://sqs.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("queue", "endpoint"),
    [
        ("orders", "http://127.0.0.1:4566"),
        ("arn:aws:sqs:eu-west-1:123456789012:orders", AWS),
        ("http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/orders", "http://127.0.0.1:4599"),
        ("http://emulator:9324/000000000000/orders", "http://emulator:9324"),
        (f"{AWS}/123456789012/orders", AWS),
        ("https://eu-west-1.queue.amazonaws.com/123456789012/orders", AWS),
        ("https://queue.amazonaws.com/123456789012/orders", AWS),
        (f"{AWS}/123456789012/orders", "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com"),
    ],
)
def test_a_queue_at_this_endpoint(queue: str, endpoint: str) -> None:
    check_place(parse_queue(queue), endpoint, "eu-west-1")


@pytest.mark.parametrize(
    ("queue", "endpoint", "said"),
    [
        ("http://otherhost:9/000000000000/orders", "http://127.0.0.1:4566", "is not at this endpoint"),
        (f"{AWS}/123456789012/orders", "http://127.0.0.1:4566", "pass --endpoint-url, or the queue's name alone"),
        ("http://127.0.0.1:4566/000000000000/orders", AWS, "is not at this endpoint"),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/orders", AWS, "pass --region us-east-1"),
        ("https://us-gov-west-1.queue.amazonaws.com/123456789012/orders", AWS, "pass --region us-gov-west-1"),
    ],
)
def test_a_queue_elsewhere_is_refused(queue: str, endpoint: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        check_place(parse_queue(queue), endpoint, "eu-west-1")
