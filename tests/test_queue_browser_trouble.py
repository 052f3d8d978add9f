"""The listing of all queues where reading fails: denied, gone, limited, silent, without an end, in another shape."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from browsing import browser, denying, listed, row
from fakes import FakeClock
from identity_servers import Server, hand_on, serve
from sqs_core.errors import ProtocolError
from sqs_core.queue_browser import READERS
from sqs_core.queue_listing import Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from identity_servers import Answer, Seen
    from servers import QueueFactory

pytestmark = pytest.mark.sdk


def test_denied_queues_say_so_and_are_not_asked_over_and_over(localstack: str, queue_factory: QueueFactory) -> None:
    queue, clock = queue_factory(), FakeClock()
    with denying(localstack, GetQueueAttributes="AccessDenied") as (url, proxy):
        looking = browser(url, clock.clock())
        found = row(listed(looking, queue.name), queue)
        assert (found.reading, found.attributes) == (Reading.DENIED, None)
        assert found.error is not None
        assert "AccessDenied" in found.error
        for _ in range(3):
            clock.advance(5)
            listed(looking, queue.name)
        assert proxy.asked.count("GetQueueAttributes") == 1
        clock.advance(5)
        del proxy.codes["GetQueueAttributes"]
        for _ in range(12):
            clock.advance(5)
            listing = listed(looking, queue.name)
        assert row(listing, queue).reading is Reading.READ


def test_a_queue_deleted_while_it_is_listed_is_gone_and_then_no_longer_there(
    localstack: str, sqs: SQSClient, queue_factory: QueueFactory
) -> None:
    queue, clock = queue_factory(), FakeClock()
    deleted = threading.Event()

    def delete_before_it_is_read(_: Server, seen: Seen) -> Answer:
        if seen.headers["x-amz-target"].endswith("GetQueueAttributes") and not deleted.is_set():
            sqs.delete_queue(QueueUrl=queue.url)
            deleted.set()
        return hand_on(localstack, seen)

    with serve(delete_before_it_is_read) as server:
        looking = browser(server.url, clock.clock())
        found = row(listed(looking, queue.name), queue)
        assert found.reading is Reading.GONE
        assert found.error is not None
        assert "does not exist" in found.error
        clock.advance(5)
        assert listed(looking, queue.name).queues == ()


def test_a_listing_that_is_denied_keeps_what_was_listed(ministack: str, ministack_queue_factory: QueueFactory) -> None:
    queue, clock = ministack_queue_factory(), FakeClock()
    with denying(ministack) as (url, proxy):
        looking = browser(url, clock.clock())
        before = listed(looking, queue.name)
        proxy.codes["ListQueues"] = "AccessDenied"
        clock.advance(5)
        after = listed(looking, queue.name)
        assert after.error is not None
        assert "ListQueues" in after.error
        assert after.at == before.at
        assert row(after, queue).read_at == clock.now
        del proxy.codes["ListQueues"]
        clock.advance(5)
        assert listed(looking, queue.name).error is None


def test_a_limited_rate_ends_the_refresh_and_keeps_the_figures(ministack: str, ministack_queue_factory: QueueFactory) -> None:
    queue, clock = ministack_queue_factory(), FakeClock()
    with denying(ministack) as (url, proxy):
        looking = browser(url, clock.clock())
        before = row(listed(looking, queue.name), queue)
        proxy.codes["GetQueueAttributes"] = "RequestThrottled"
        clock.advance(5)
        limited = listed(looking, queue.name)
        assert limited.note is not None
        assert "limiting the rate" in limited.note
        assert row(limited, queue) == before
        asked = len(proxy.asked)
        listed(looking, queue.name)
        assert len(proxy.asked) == asked


def page_forever(_: Server, seen: Seen) -> Answer:
    """A server whose list has no end."""
    if not seen.headers["x-amz-target"].endswith("ListQueues"):
        return 200, "application/x-amz-json-1.0", "{}"
    start = int(json.loads(seen.body).get("NextToken", "0"))
    urls = [f"http://127.0.0.1/000000000000/q{start + n:06}" for n in range(1000)]
    return 200, "application/x-amz-json-1.0", json.dumps({"QueueUrls": urls, "NextToken": str(start + 1000)})


def same_page_forever(_: Server, __: Seen) -> Answer:
    """A server that goes round in circles."""
    urls = ["http://127.0.0.1/000000000000/q"]
    return 200, "application/x-amz-json-1.0", json.dumps({"QueueUrls": urls, "NextToken": "again"})


@pytest.mark.parametrize(
    ("answer", "queues", "pages"), [(page_forever, 10_000, 10), (same_page_forever, 1, 2)], ids=["more", "circle"]
)
def test_a_list_without_an_end_is_cut_and_said_so(answer: Callable[[Server, Seen], Answer], queues: int, pages: int) -> None:
    with serve(answer) as server:
        listing = listed(browser(server.url))
        assert len(listing.queues) == queues
        assert sum(seen.headers["x-amz-target"].endswith("ListQueues") for seen in server.seen) == pages
        assert listing.note is not None
        assert f"only {queues:,} queues are listed" in listing.note


@pytest.mark.parametrize("answer", ['{"QueueUrls": "all"}', '{"QueueUrls": [1]}', '{"QueueUrls": {"a": 1}}', "<html>", "[]"])
def test_an_answer_in_another_shape_is_trouble_and_no_crash(answer: str) -> None:
    with serve(lambda _, __: (200, "application/x-amz-json-1.0", answer)) as server:
        listing = listed(browser(server.url))
        assert not any(queue.reading is Reading.READ for queue in listing.queues)
        assert listing.error or all(queue.error for queue in listing.queues)


@pytest.mark.parametrize("code", ["ExpiredToken", "InternalFailure"])
def test_trouble_that_is_not_the_queues_own_keeps_the_figures(
    code: str, ministack: str, ministack_queue_factory: QueueFactory
) -> None:
    queue, clock = ministack_queue_factory(), FakeClock()
    with denying(ministack) as (url, proxy):
        looking = browser(url, clock.clock())
        before = row(listed(looking, queue.name), queue)
        proxy.codes["GetQueueAttributes"] = code
        clock.advance(5)
        after = row(listed(looking, queue.name), queue)
        assert (after.reading, after.attributes, after.read_at) == (Reading.FAILED, before.attributes, before.read_at)
        assert after.error is not None
        assert code in after.error
        del proxy.codes["GetQueueAttributes"]
        clock.advance(5)
        assert row(listed(looking, queue.name), queue).reading is Reading.READ


class Silent:
    """A client of an endpoint that lists 30 queues and answers nothing else."""

    def __init__(self, error: Exception) -> None:
        self.asked, self._error = 0, error

    def list_queues(self, **_: Any) -> dict[str, Any]:
        return {"QueueUrls": [f"http://127.0.0.1/000000000000/q{n:02}" for n in range(30)]}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        raise self._error


@pytest.mark.parametrize(
    ("error", "most"),
    [(EndpointConnectionError(endpoint_url="http://127.0.0.1"), READERS), (ProtocolError("of this queue alone"), 30)],
)
def test_where_nothing_answers_the_others_are_not_tried(error: Exception, most: int) -> None:
    looking, silent = browser("http://127.0.0.1:1", FakeClock().clock()), Silent(error)
    looking._look = cast("SQSClient", silent)
    listing = listed(looking)
    assert len(listing.queues) == 30
    assert 0 < silent.asked <= most
    assert listing.unread == 30 - silent.asked
    assert silent.asked == most or most == READERS
