"""Pure: what a filter leaves of a consumer's panes, and titles that say of how much."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqs_core.matching import Subject
from sqs_core.words import Role
from sqs_tui import format as shown

if TYPE_CHECKING:
    from sqs_core.matching import Query
    from sqs_core.model import ConsumerSnapshot, Finished, InFlight, ThreadInfo


def filtered(consumer: ConsumerSnapshot, query: Query, now: float) -> ConsumerSnapshot:
    """The consumer with only those workers, held and finished messages that match; the same one where nothing is asked for."""
    if not query:
        return consumer
    by_id = {message.message_id: message for message in consumer.in_flight}

    def worker(thread: ThreadInfo) -> Subject:
        held = by_id.get(thread.message_id or "")
        texts = (thread.name, thread.message_id, thread.error, thread.state)
        return _held(held, now)._replace(texts=texts) if held else Subject(texts)

    workers = [thread for thread in consumer.threads if thread.role is Role.WORKER]
    return replace(
        consumer,
        threads=tuple(query.select(workers, worker)),
        in_flight=tuple(query.select(consumer.in_flight, lambda message: _held(message, now))),
        history=tuple(query.select(consumer.history, _finished)),
    )


def _held(message: InFlight, now: float) -> Subject:
    since = message.received_at if message.sent_at is None else message.sent_at
    texts = (message.message_id, message.preview, message.group_id, message.worker)
    return Subject(texts, message.receive_count, now - since, message.group_id)


def _finished(message: Finished) -> Subject:
    age = None if message.sent_at is None else message.finished_at - message.sent_at
    texts = (message.message_id, message.preview, message.error, message.outcome, message.group_id, message.place)
    return Subject(texts, message.receive_count, age, message.group_id, message.outcome)


def workers_title(whole: ConsumerSnapshot, left: ConsumerSnapshot, query: Query) -> str:
    """`Workers  5 of 8 busy`, or how many the filter leaves of how many."""
    if not _filters(query):
        return f"Workers  {whole.workers.busy} of {whole.workers.live} busy{_autoscale(whole)}{_asked(query)}"
    everyone = sum(thread.role is Role.WORKER for thread in whole.threads)
    return f"Workers  {len(left.threads)} of {everyone}{_asked(query)}"


def _autoscale(consumer: ConsumerSnapshot) -> str:
    scale = consumer.autoscale
    if scale is None:
        return ""
    if scale.rests_until is None:
        return f" · autoscale {scale.minimum}–{scale.maximum}"
    return f" · by hand: autoscale rests until {shown.clock_time(scale.rests_until)}"


def in_flight_title(whole: ConsumerSnapshot, left: ConsumerSnapshot, query: Query) -> str:
    """`In flight  7 held, 2 in the buffer`, or how many the filter leaves of how many."""
    held = f"{whole.held:,} held, {whole.buffer.size} in the buffer"
    return f"In flight  {f'{left.held:,} of ' if _filters(query) else ''}{held}{_asked(query)}"


def history_title(whole: ConsumerSnapshot, left: ConsumerSnapshot, query: Query) -> str:
    """The totals, or how many the filter leaves of those remembered; where older ones are forgotten, that is said."""
    totals, kept = whole.totals, len(whole.history)
    if not _filters(query):
        given_up = f" ({shown.count(totals.given_up)} given up)" if totals.given_up else ""
        failed = f"{shown.count(totals.failed)} failed{given_up}"
        lost = f", {shown.count(totals.leases_lost)} lost" if totals.leases_lost else ""
        return f"Messages  {shown.count(totals.handled)} handled, {failed}{lost}{_asked(query)}"
    finished = totals.handled + totals.discarded + totals.failed + totals.released + totals.leases_lost
    of = f"the last {kept:,} kept, {finished:,} finished" if finished > kept else f"{kept:,}"
    return f"Messages  {len(left.history):,} of {of}{_asked(query)}"


def _filters(query: Query) -> bool:
    return bool(query) and query.problem is None


def _asked(query: Query) -> str:
    if not query:
        return ""
    return f" · filter {query.text}" if query.problem is None else " · not filtered"
