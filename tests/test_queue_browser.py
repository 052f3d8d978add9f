"""The listing of all queues, on real emulators: paged, as far as readable, bounded, and only while somebody looks."""

from __future__ import annotations

import json
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from fakes import FakeClock
from identity_servers import Denying, Server, hand_on, serve
from sqs_core.clock import SYSTEM_CLOCK
from sqs_core.engine import Engine
from sqs_core.errors import ProtocolError
from sqs_core.queue_browser import READERS, QueueBrowser
from sqs_core.queue_listing import ListedQueue, QueueListing, Reading
from sqs_core.reading_order import READS_PER_REFRESH
from sqs_core.settings import ConsumerSettings, make_connection_settings
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs import SQSClient

    from identity_servers import Answer, Seen
    from servers import QueueFactory, TestQueue
    from sqs_core.clock import Clock

pytestmark = pytest.mark.sdk
HARMLESS = {"ListQueues", "GetQueueAttributes", "ListDeadLetterSourceQueues", "ListQueueTags", "GetQueueUrl"}


def browser(endpoint_url: str, clock: Clock = SYSTEM_CLOCK) -> QueueBrowser:
    """A browser whose thread is the test."""
    connection = make_connection_settings(endpoint_url=endpoint_url, read_only=True)
    return QueueBrowser(Engine(connection, ConsumerSettings(), clock=clock))


def listed(looking: QueueBrowser, prefix: str = "", seen: tuple[str, ...] = ()) -> QueueListing:
    """The listing after one step."""
    looking.listing(prefix, seen)
    looking.step()
    return looking.listing(prefix, seen)


def row(listing: QueueListing, queue: TestQueue | str) -> ListedQueue:
    """One queue of a listing."""
    name = queue if isinstance(queue, str) else queue.name
    return next(each for each in listing.queues if each.name == name)


@contextmanager
def denying(target: str, **codes: str) -> Iterator[tuple[str, Denying]]:
    """A server in front of another that refuses operations."""
    refusing = Denying(target, **codes)
    with serve(refusing.answer) as server:
        yield server.url, refusing


@pytest.fixture(params=["localstack", "ministack"])
def place(request: pytest.FixtureRequest) -> tuple[str, SQSClient, QueueFactory]:
    """An emulator, a client of it and a maker of queues there."""
    prefix = "" if request.param == "localstack" else "ministack_"
    client, factory = request.getfixturevalue(f"{prefix}sqs"), request.getfixturevalue(f"{prefix}queue_factory")
    return request.getfixturevalue(request.param), client, factory


def test_more_than_a_thousand_queues_are_listed_and_read_within_the_bound(ministack: str, ministack_sqs: SQSClient) -> None:
    client = ministack_sqs
    prefix = f"many-{uuid.uuid4().hex[:8]}-"
    with ThreadPoolExecutor(8) as pool:
        urls = list(pool.map(lambda n: client.create_queue(QueueName=f"{prefix}{n:04}")["QueueUrl"], range(1100)))
    clock = FakeClock()
    try:
        with denying(ministack) as (url, proxy):
            looking = browser(url, clock.clock())
            listing = listed(looking, prefix)
            assert [queue.name for queue in listing.queues] == [f"{prefix}{n:04}" for n in range(1100)]
            asked = Counter(proxy.asked)
            assert asked["ListQueues"] == 2
            assert 0 < asked["GetQueueAttributes"] <= READS_PER_REFRESH
            assert listing.unread == 1100 - asked["GetQueueAttributes"]
            last = f"{prefix}1099"
            assert row(listing, last).reading is Reading.UNREAD
            assert row(listed(looking, prefix, (last,)), last).reading is Reading.READ
            assert Counter(proxy.asked)["GetQueueAttributes"] == asked["GetQueueAttributes"] + 1
            clock.advance(5)
            listing = listed(looking, prefix, (last,))
            assert Counter(proxy.asked)["GetQueueAttributes"] <= 2 * READS_PER_REFRESH
            assert listing.unread < 1100 - READS_PER_REFRESH
            assert set(proxy.asked) <= HARMLESS
    finally:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda queue_url: client.delete_queue(QueueUrl=queue_url), urls))


def test_a_row_holds_what_sqs_tells_of_a_queue(place: tuple[str, SQSClient, QueueFactory]) -> None:
    endpoint_url, client, make = place
    queue = make(max_receive_count=3, attributes={"VisibilityTimeout": "77", "DelaySeconds": "5", "KmsMasterKeyId": "alias/k"})
    client.send_message(QueueUrl=queue.url, MessageBody="one", DelaySeconds=0)
    client.send_message(QueueUrl=queue.url, MessageBody="later", DelaySeconds=900)
    fifo = make(fifo=True)
    looking = browser(endpoint_url)
    listing = listed(looking, "", (queue.name, f"{queue.name}-dlq", fifo.name))
    found = row(listing, queue)
    assert found.reading is Reading.READ
    assert found.read_at is not None
    assert found.attributes is not None
    assert found.attributes.depth is not None
    assert (found.attributes.depth.visible, found.attributes.depth.delayed) == (1, 1)
    assert found.attributes.depth.at == found.read_at
    assert (found.attributes.dead_letter_name, found.attributes.maximum_receives) == (f"{queue.name}-dlq", 3)
    assert (found.attributes.visibility_seconds, found.attributes.delay_seconds) == (77, 5)
    assert found.attributes.retention_seconds == 345_600
    assert found.attributes.encryption == "KMS alias/k"
    assert not found.fifo
    assert row(listing, fifo).fifo
    assert listing.sources[f"{queue.name}-dlq"] == (queue.name,)
    assert queue.name not in listing.sources


def test_a_prefix_is_searched_on_the_server_and_figures_are_kept(ministack: str, ministack_queue_factory: QueueFactory) -> None:
    one, other = ministack_queue_factory(), ministack_queue_factory()
    with denying(ministack) as (url, proxy):
        looking = browser(url)
        before = row(listed(looking, "", (one.name, other.name)), other)
        assert before.reading is Reading.READ
        narrowed = listed(looking, one.name)
        assert (narrowed.prefix, [queue.name for queue in narrowed.queues]) == (one.name, [one.name])
        whole = listed(looking)
        assert row(whole, other) == before
        assert proxy.asked.count("ListQueues") == 3


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


def test_nothing_is_asked_when_nobody_looks(ministack: str) -> None:
    clock = FakeClock()
    with denying(ministack) as (url, proxy):
        looking = browser(url, clock.clock())
        looking.step()
        assert proxy.asked == []
        listed(looking)
        looking.details("no-such-queue")
        looking.step()
        asked = len(proxy.asked)
        assert asked > 0
        clock.advance(15)
        looking.step()
        assert len(proxy.asked) == asked
        assert looking._pause_seconds() == pytest.approx(5.0)


def test_an_engine_lists_in_the_background(ministack: str, ministack_queue_factory: QueueFactory) -> None:
    queue = ministack_queue_factory()
    engine = Engine(make_connection_settings(endpoint_url=ministack, read_only=True), ConsumerSettings())
    engine.start()
    try:
        wait_until(lambda: any(each.reading is Reading.READ for each in engine.list_queues(queue.name).queues))
        wait_until(lambda: engine.queue_details(queue.name).reading is Reading.READ)
    finally:
        engine.stop_now()
        engine.close()


def test_details_hold_all_attributes_sources_and_tags(localstack: str, sqs: SQSClient, queue_factory: QueueFactory) -> None:
    queue = queue_factory(max_receive_count=2)
    assert queue.dlq_url is not None
    sqs.tag_queue(QueueUrl=queue.dlq_url, Tags={"team": "checkout"})
    with denying(localstack) as (url, proxy):
        looking = browser(url)
        assert looking.details(f"{queue.name}-dlq").reading is Reading.UNREAD
        looking.step()
        details = looking.details(f"{queue.name}-dlq")
        assert details.reading is Reading.READ
        assert dict(details.attributes)["MessageRetentionPeriod"] == "345600"
        assert (details.sources, details.sources_error, details.more_sources) == ((queue.name,), None, False)
        assert (details.tags, details.tags_error) == ((("team", "checkout"),), None)
        assert set(proxy.asked) <= HARMLESS
        looking.step()
        assert proxy.asked.count("ListQueueTags") == 1


def test_details_say_what_could_not_be_read(ministack: str, ministack_queue_factory: QueueFactory) -> None:
    queue, clock = ministack_queue_factory(max_receive_count=2), FakeClock()
    dead = f"{queue.name}-dlq"
    with denying(ministack, ListQueueTags="AccessDenied") as (url, proxy):
        looking = browser(url, clock.clock())
        listed(looking, queue.name)
        looking.details(dead)
        looking.step()
        details = looking.details(dead)
        assert details.sources == (queue.name,), "MiniStack lists no sources: the listing's stand in"
        assert details.sources_error is not None
        assert details.tags is None
        assert details.tags_error is not None
        assert "AccessDenied" in details.tags_error
        proxy.codes["GetQueueAttributes"] = "AccessDenied"
        clock.advance(5)
        looking.details(dead)
        looking.step()
        assert (looking.details(dead).reading, looking.details(dead).attributes) == (Reading.DENIED, ())
        looking.details("no-such-queue")
        looking.step()
        assert looking.details("no-such-queue").reading is Reading.GONE
