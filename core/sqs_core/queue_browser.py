"""The queues of the endpoint, or those that were named, read only while somebody looks: names at once, figures as they come.

One thread lists and hands reading to a few others. The bounds in requests a second: 40 GetQueueAttributes
(`reading_order`), 2 ListQueues for up to 10,000 queues, and 3 requests each 5 s for the one queue that is open.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.errors import RequestError, Trouble, describe
from sqs_core.queue_details import find_urls, list_urls, outcome, read_details
from sqs_core.queue_facts import fetch_attributes
from sqs_core.queue_listing import REFRESH_SECONDS, ListedQueue, QueueDetails, QueueListing, Reading, listed_attributes
from sqs_core.reading_order import REMEMBERED, ReadingOrder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_sqs import SQSClient

    from sqs_core.engine import Engine
    from sqs_core.settings import QueueReference

READERS = 4
_ASKED_RECENTLY_SECONDS = 15.0
_PUBLISH_SECONDS = 0.25
_SETTLE_SECONDS = 0.3


class QueueBrowser:
    """Answers faces at once with what is known; asking keeps it refreshed for 15 s.

    Where queues were named, those are listed and no others, and nobody is asked for a list.
    """

    def __init__(self, engine: Engine, named: Sequence[QueueReference] = ()) -> None:
        self._engine, self._named = engine, named
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._known: dict[str, ListedQueue] = {}
        self._order = ReadingOrder()
        self._listing = QueueListing(0.0)
        self._changed = False
        self._limited: str | None = None
        self._asked_at: float | None = None
        self._prefix = self._tried_prefix = ""
        self._seen: tuple[str, ...] = ()
        self._refresh_due = 0.0
        self._details = QueueDetails("")
        self._opened: tuple[str, float] | None = None
        self._details_due = 0.0
        self._look: SQSClient | None = None

    def listing(self, prefix: str = "", seen: Sequence[str] = ()) -> QueueListing:
        """See `EngineFacade.list_queues`."""
        asked = (prefix, tuple(seen))
        new = not self._is_watched() or asked != (self._prefix, self._seen)
        self._prefix, self._seen = asked
        self._asked_at = self._engine.clock.monotonic()
        if new:
            self._wake.set()
        return self._listing

    def details(self, name: str) -> QueueDetails:
        """See `EngineFacade.queue_details`."""
        known, new = self._details, self._opened_name() != name
        self._opened = (name, self._engine.clock.monotonic())
        if new:
            self._wake.set()
        return known if known.name == name else QueueDetails(name)

    def forget_clients(self) -> None:
        """Make a new client, with the session's new credentials, when it is next needed."""
        self._look = None

    def run(self) -> None:
        """The thread's body."""
        while not self._engine.stopping().is_set():
            self.step()
            self._wake.wait(self._pause_seconds())
            self._wake.clear()

    def step(self) -> None:
        """Whatever is asked for and due. Never raises."""
        self._open()
        if not self._is_watched():
            return
        if self._prefix != self._tried_prefix:
            self._engine.stopping().wait(_SETTLE_SECONDS)  # somebody types: the next letter is under way
        due = self._engine.clock.monotonic() >= self._refresh_due
        if due:
            self._refresh_due = self._engine.clock.monotonic() + REFRESH_SECONDS
            self._limited = None
            self._order.begin_refresh()
        if due or self._prefix != self._tried_prefix:
            self._list(self._prefix)
        self._read_some()

    def _is_watched(self) -> bool:
        return self._asked_at is not None and self._engine.clock.monotonic() - self._asked_at < _ASKED_RECENTLY_SECONDS

    def _opened_name(self) -> str | None:
        if self._opened is None or self._engine.clock.monotonic() - self._opened[1] >= _ASKED_RECENTLY_SECONDS:
            return None
        return self._opened[0]

    def _pause_seconds(self) -> float:
        watched = [self._refresh_due] if self._is_watched() else []
        opened = [self._details_due] if self._opened_name() is not None else []
        now = self._engine.clock.monotonic()
        return max(0.05, min([now + REFRESH_SECONDS, *watched, *opened]) - now)

    def _client(self) -> SQSClient:
        from sqs_core.client import LOOK

        look = self._look
        if look is None:
            look = self._look = self._engine.session().client(LOOK)
        return look

    def _list(self, prefix: str) -> None:
        self._tried_prefix = prefix
        now = self._engine.clock.wall()
        try:
            urls, note = self._urls(prefix)
        except Exception as error:  # noqa: BLE001 - shown with what was listed before
            self._listing = replace(self._listing, error=self._engine.say_unreachable(error))
            return
        with self._lock:
            others = self._known.items() if prefix and len(self._known) + len(urls) <= REMEMBERED else ()
            known = {name: row for name, row in others if not name.startswith(prefix)}
            self._known = known | {name: self._known.get(name) or ListedQueue(name, url) for name, url in urls.items()}
        self._order.set_names(urls)
        self._publish(QueueListing(now, note=note, prefix=prefix), tuple(urls))

    def _urls(self, prefix: str) -> tuple[dict[str, str], str | None]:
        """Name → URL of what is to be listed, and what to say of what is missing."""
        if not self._named:
            urls, cut = list_urls(self._client(), prefix)
            return urls, f"only {len(urls):,} queues are listed: ^ and the start of a name searches them all" if cut else None
        known = {row.name: row.url for row in self._known.values()}
        found, missing = find_urls(self._client(), self._named, known, self._engine.connection.region)
        return {name: url for name, url in found.items() if name.startswith(prefix)}, missing

    def _publish(self, listing: QueueListing, names: Sequence[str]) -> None:
        """Make the newest rows of these names the listing. Called by the one thread only."""
        with self._lock:
            self._changed = False
            rows = tuple([self._known[name] for name in names])
            everything = list(self._known.values())
        sources: dict[str, list[str]] = {}
        for row in everything:
            if row.attributes is not None and row.attributes.dead_letter_name is not None:
                sources.setdefault(row.attributes.dead_letter_name, []).append(row.name)
        self._listing = replace(
            listing,
            queues=rows,
            note=self._limited or listing.note,
            sources={name: tuple(sorted(names)) for name, names in sources.items()},
            unread=sum(row.reading is Reading.UNREAD for row in rows),
        )

    def _publish_changes(self) -> None:
        if self._changed:
            self._publish(self._listing, [row.name for row in self._listing.queues])

    def _read_some(self) -> None:
        readers = [threading.Thread(target=self._reader, name=f"browser-reader-{n}", daemon=True) for n in range(READERS)]
        for reader in readers:
            reader.start()
        for reader in readers:
            while reader.is_alive():
                reader.join(_PUBLISH_SECONDS)
                self._publish_changes()
        self._publish_changes()

    def _reader(self) -> None:
        while not self._is_interrupted():
            name = self._order.take(self._seen)
            row = self._known.get(name) if name is not None else None
            if row is None:
                return
            self._read(row)

    def _is_interrupted(self) -> bool:
        opened = self._opened_name() not in (None, self._details.name)
        return opened or self._prefix != self._tried_prefix or self._engine.stopping().is_set()

    def _read(self, row: ListedQueue) -> None:
        try:
            attributes = fetch_attributes(self._client(), row.url)
            now = self._engine.clock.wall()
            row = ListedQueue(row.name, row.url, Reading.READ, now, listed_attributes(attributes, now))
        except Exception as error:  # noqa: BLE001 - told in the queue's own row
            row = self._failed(row, error)
        with self._lock:
            self._known[row.name] = row
            self._changed = True

    def _failed(self, row: ListedQueue, error: Exception) -> ListedQueue:
        why, reading = describe(error), outcome(error)
        if isinstance(error, RequestError) and error.trouble is Trouble.THROTTLE:
            self._order.rest()
            self._limited = f"SQS is limiting the rate, figures come later: {why}"
            return row
        if reading is not Reading.FAILED:
            self._order.postpone(row.name)
            return ListedQueue(row.name, row.url, reading, self._engine.clock.wall(), error=why)
        if _concerns_all(error):
            self._order.rest()
        return replace(row, reading=reading, error=why)

    def _open(self) -> None:
        name, now = self._opened_name(), self._engine.clock.monotonic()
        if name is not None and (name != self._details.name or now >= self._details_due):
            self._details_due = now + REFRESH_SECONDS
            self._details = self._read_details(name)

    def _read_details(self, name: str) -> QueueDetails:
        row = self._known.get(name)
        url = row.url if row else None
        try:
            return read_details(self._client(), name, url, self._listing.sources.get(name, ()), self._engine.clock.wall())
        except Exception as error:  # noqa: BLE001 - shown where the details would be
            reading, why = outcome(error), describe(error)
            if reading is Reading.FAILED and self._details.name == name:
                return replace(self._details, reading=reading, error=why)
            return QueueDetails(name, url, reading, error=why)


def _concerns_all(error: Exception) -> bool:
    """Whether other queues would fail, too: nobody answers, or these credentials or this clock will not do."""
    if not isinstance(error, RequestError):
        return False
    silent = error.trouble is Trouble.TRANSPORT and error.code is None
    return silent or error.trouble in (Trouble.AUTH, Trouble.CLOCK)
