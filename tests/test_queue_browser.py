"""The listing of all queues, on real emulators: paged, as far as readable, bounded, and only while somebody looks."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError

from browsing import browser, denying, listed, row
from fakes import FakeClock
from sqs_core import queue_details
from sqs_core.engine import Engine
from sqs_core.errors import RequestError
from sqs_core.queue_listing import Reading
from sqs_core.reading_order import READS_PER_REFRESH
from sqs_core.settings import ConsumerSettings, make_connection_settings, parse_queue
from waiting import wait_until

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core.settings import QueueReference

pytestmark = pytest.mark.sdk
HARMLESS = {"ListQueues", "GetQueueAttributes", "ListDeadLetterSourceQueues", "ListQueueTags", "GetQueueUrl"}


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


def test_queues_that_are_named_are_listed_and_read_without_leave_to_list(
    ministack: str, ministack_queue_factory: QueueFactory
) -> None:
    one, other = sorted((ministack_queue_factory(), ministack_queue_factory()), key=lambda queue: queue.name)
    with denying(ministack, ListQueues="AccessDenied") as (url, proxy):
        looking = browser(url, named=(other.name, "no-such-queue", one.url))
        listing = listed(looking)
        assert [(queue.name, queue.reading) for queue in listing.queues] == [
            (one.name, Reading.READ),
            (other.name, Reading.READ),
        ]
        assert listing.error is None
        assert "queue 'no-such-queue' does not exist" in str(listing.note)
        assert [queue.name for queue in listed(looking, one.name).queues] == [one.name]
        assert proxy.asked.count("ListQueues") == 0
        assert proxy.asked.count("GetQueueUrl") == 4, "what is found is not asked for again"


def test_a_named_queue_that_may_not_be_looked_for_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(reference: QueueReference, look: SQSClient, region: str) -> str:
        if reference.name == "secret":
            raise RequestError("GetQueueUrl", ClientError({"Error": {"Code": "AccessDenied"}}, "GetQueueUrl"))
        return f"http://here/1/{reference.name}"

    monkeypatch.setattr(queue_details, "resolve_queue", resolve)
    urls, note = queue_details.find_urls(
        boto3.client("sqs", region_name="eu-central-1"), [parse_queue("secret"), parse_queue("orders")], {}, "eu-central-1"
    )
    assert list(urls) == ["orders"]
    assert "queue 'secret'" in str(note)


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
