"""A browser of queues whose thread is the test, and what it is pointed at."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from identity_servers import Denying, serve
from sqs_core.clock import SYSTEM_CLOCK
from sqs_core.engine import Engine
from sqs_core.queue_browser import QueueBrowser
from sqs_core.settings import ConsumerSettings, make_connection_settings, parse_queue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from servers import TestQueue
    from sqs_core.clock import Clock
    from sqs_core.queue_listing import ListedQueue, QueueListing


def browser(endpoint_url: str, clock: Clock = SYSTEM_CLOCK, named: Iterable[str] = ()) -> QueueBrowser:
    """A browser whose thread is the test, of all queues or of those that are named."""
    connection = make_connection_settings(endpoint_url=endpoint_url, read_only=True)
    return QueueBrowser(Engine(connection, ConsumerSettings(), clock=clock), tuple(parse_queue(name) for name in named))


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
