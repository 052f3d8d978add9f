"""Pure: a snapshot becomes the rows of the main screen's panes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.model import Level, Outcome, Role, ThreadState
from sqs_tui import format as shown
from sqs_tui.rows import ROW_LIMIT, Cell, Column, LateRows, Row, Tone, limited
from sqs_tui.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqs_core.model import ConsumerSnapshot, Event, Finished, InFlight, ThreadInfo
    from sqs_tui.rows import Cells

SHORT_ID_LENGTH = 8
_TRANSIT_SECONDS = 5.0
"""What an answer may take beyond its wait before its poll counts as overdue."""

_STATE_TONES = {
    ThreadState.HANDLING: Tone.ACCENT,
    ThreadState.WAITING: Tone.PLAIN,
    ThreadState.DELETING: Tone.ACCENT,
    ThreadState.BLOCKED: Tone.WARNING,
    ThreadState.BACKING_OFF: Tone.WARNING,
    ThreadState.PAUSED: Tone.WARNING,
    ThreadState.STOPPING: Tone.WARNING,
    ThreadState.HUNG: Tone.BAD,
    ThreadState.DEAD: Tone.BAD,
}
OUTCOMES = {
    Outcome.HANDLED: ("✓", Tone.GOOD),
    Outcome.DISCARDED: ("–", Tone.MUTED),
    Outcome.RETRIED: ("↻", Tone.WARNING),
    Outcome.GIVEN_UP: ("✗", Tone.BAD),
    Outcome.RELEASED: ("↩", Tone.MUTED),
    Outcome.LEASE_LOST: ("✗", Tone.BAD),
}
_SETTLING = {"delete": "deleting", "return": "returning"}
_LEVELS = {Level.INFO: ("·", Tone.MUTED), Level.WARNING: ("▲", Tone.WARNING), Level.ERROR: ("✗", Tone.BAD)}
_BUSY = frozenset({ThreadState.HANDLING, ThreadState.HUNG, ThreadState.DELETING, ThreadState.EXTENDING})

WORKER_COLUMNS = (
    Column("worker", 10),
    Column("state", 11),
    Column("message", SHORT_ID_LENGTH),
    Column("since", 8),
    Column("age", 5, right=True),
    Column("handled", 7, right=True),
    Column("failed", 6, right=True),
    Column("error", 8, grows=True),
)
POLLER_COLUMNS = (Column("poller", 10), Column("state", 11), Column("since", 8), Column("error", 8, grows=True))
IN_FLIGHT_COLUMNS = (
    Column("message", SHORT_ID_LENGTH),
    Column("worker", 10),
    Column("received", 8, needs=84),
    Column("receives", 8, right=True),
    Column("lease", 10),
    Column("ext.", 4, right=True, needs=90),
    Column("group", 12, needs=100),
    Column("body", 8, grows=True),
)
HISTORY_COLUMNS = (
    Column("finished", 8),
    Column("message", SHORT_ID_LENGTH),
    Column("outcome", 12),
    Column("handler", 7, right=True),
    Column("error or body", 8, grows=True),
)
EVENT_COLUMNS = (
    Column("at", 8),
    Column("", 1),
    Column("event", 8, grows=True),
)


def short_id(message_id: str) -> str:
    """The first eight characters, which tell messages apart on a screen."""
    return one_line(message_id[: SHORT_ID_LENGTH + 1], SHORT_ID_LENGTH + 1)[:SHORT_ID_LENGTH]


def thread_name(name: str) -> str:
    """The end of the name, from the role on: `orders-worker-3` and `worker-3` both read `worker-3`."""
    start = max(name.rfind(role) for role in (Role.WORKER, Role.POLLER))
    return one_line(name[start:] if start > 0 else name)


def worker_rows(consumer: ConsumerSnapshot, now: float) -> tuple[Row, ...]:
    """A row for each worker thread. Only a busy worker's row holds an age, so that idle rows never change."""
    return limited([_worker_row(thread, now) for thread in consumer.threads if thread.role is Role.WORKER])


def poller_rows(consumer: ConsumerSnapshot, now: float) -> tuple[Row, ...]:
    """A row for each poller thread: what it does, since when as a clock time, and how far its poll is past its time."""
    return tuple(
        Row(
            thread.name,
            (
                Cell(thread_name(thread.name), Tone.STRONG),
                Cell(thread.state, _STATE_TONES.get(thread.state, Tone.MUTED)),
                Cell(shown.clock_time(thread.since), Tone.MUTED),
                Cell(one_line(thread.error or _overdue(thread, consumer.wait_seconds, now)), Tone.BAD),
            ),
        )
        for thread in consumer.threads
        if thread.role is Role.POLLER
    )


def _overdue(thread: ThreadInfo, wait_seconds: int | None, now: float) -> str:
    out_seconds = now - thread.since
    if thread.state is not ThreadState.WAITING or wait_seconds is None or out_seconds < wait_seconds + _TRANSIT_SECONDS:
        return ""
    return f"no answer for {shown.duration(out_seconds)}; a poll takes {wait_seconds} s at most"


def in_flight_rows(consumer: ConsumerSnapshot, now: float, longest_lease_seconds: float) -> tuple[Row, ...]:
    """A row for each message we hold, the one held longest first."""
    held = sorted(consumer.in_flight, key=lambda message: (message.received_at, message.message_id))
    return limited([_in_flight_row(message, now, longest_lease_seconds) for message in held[: ROW_LIMIT + 1]], len(held))


def history_rows(consumer: ConsumerSnapshot) -> Sequence[Row]:
    """A row for each finished message, the one that ended last first; made when somebody looks at it."""
    history = consumer.history
    return LateRows(len(history), lambda index: _history_row(history, len(history) - 1 - index))


def event_rows(events: Iterable[Event], *, of_several: bool) -> tuple[Row, ...]:
    """A row for each event line, the newest first, with its queue where there are several; what happened again says `×37`."""
    keyed = keyed_events(events)
    newest_first = sorted(keyed, key=lambda key: keyed[key].at, reverse=True)
    shown_rows = [_event_row(key, keyed[key], of_several=of_several) for key in newest_first[: ROW_LIMIT + 1]]
    return limited(shown_rows, len(newest_first))


def keyed_events(events: Iterable[Event]) -> dict[str, Event]:
    """Each event by the key of its row, which stays the same while the event is repeated."""
    keyed: dict[str, Event] = {}
    for event in events:
        key = name = f"{event.code}\0{event.queue}\0{event.text}"
        number = 1
        while key in keyed:
            number += 1
            key = f"{name}\0{number}"
        keyed[key] = event
    return keyed


def _worker_row(thread: ThreadInfo, now: float) -> Row:
    return Row(thread.name, None, thread.message_id, _worker_cells, (thread, now))


def _worker_cells(thread: ThreadInfo, now: float) -> Cells:
    busy = thread.state in _BUSY
    return (
        Cell(thread_name(thread.name), Tone.STRONG),
        Cell(thread.state, _STATE_TONES.get(thread.state, Tone.MUTED)),
        Cell(short_id(thread.message_id) if thread.message_id else ""),
        Cell(shown.clock_time(thread.since), Tone.MUTED),
        Cell(shown.duration(now - thread.since) if busy else ""),
        Cell(shown.count(thread.handled)),
        Cell(shown.count(thread.failed), Tone.WARNING if thread.failed else Tone.MUTED),
        Cell(one_line(thread.error or ""), Tone.WARNING),
    )


def _in_flight_row(message: InFlight, now: float, longest_lease_seconds: float) -> Row:
    return Row(message.message_id, None, message.message_id, _in_flight_cells, (message, now, longest_lease_seconds))


def _in_flight_cells(message: InFlight, now: float, longest_lease_seconds: float) -> Cells:
    remaining_seconds = message.lease_expires_at - now
    return (
        Cell(short_id(message.message_id), Tone.STRONG),
        _whose(message),
        Cell(shown.clock_time(message.received_at), Tone.MUTED),
        Cell(shown.count(message.receive_count), Tone.WARNING if message.receive_count > 1 else Tone.MUTED),
        Cell(shown.lease(remaining_seconds, longest_lease_seconds), _lease_tone(remaining_seconds)),
        Cell(str(message.extensions), Tone.PLAIN if message.extensions else Tone.MUTED),
        Cell(one_line(message.group_id or "")),
        Cell(one_line(message.preview), Tone.MUTED),
    )


def _whose(message: InFlight) -> Cell:
    """The worker that has it; one that its worker is done with is nobody's, and waits for SQS."""
    if message.settling:
        return Cell(_SETTLING.get(message.settling, one_line(message.settling)), Tone.ACCENT)
    return Cell(thread_name(message.worker)) if message.worker else Cell("buffer", Tone.MUTED)


def _lease_tone(remaining_seconds: float) -> Tone:
    if remaining_seconds <= 0:
        return Tone.BAD
    return Tone.WARNING if remaining_seconds < 5 else Tone.GOOD


def _history_row(history: Sequence[Finished], place: int) -> Row:
    """A message that came back ends more than once, even twice at the same moment; the key of one end stays what it is."""
    finished = history[place]
    earlier = 0
    for before in range(place - 1, -1, -1):
        if history[before].finished_at != finished.finished_at:
            break
        earlier += history[before].message_id == finished.message_id
    key = f"{finished.message_id}\0{finished.finished_at}"
    return Row(f"{key}\0{earlier}" if earlier else key, None, finished.message_id, _history_cells, (finished,))


def _history_cells(finished: Finished) -> Cells:
    glyph, tone = OUTCOMES[finished.outcome]
    return (
        Cell(shown.clock_time(finished.finished_at), Tone.MUTED),
        Cell(short_id(finished.message_id), Tone.STRONG),
        Cell(f"{glyph} {finished.outcome}", tone),
        Cell(shown.milliseconds(finished.handler_ms)),
        Cell(one_line(finished.error), Tone.WARNING) if finished.error else Cell(one_line(finished.preview), Tone.MUTED),
    )


def _event_row(key: str, event: Event, *, of_several: bool) -> Row:
    glyph, tone = _LEVELS[event.level]
    repeated = f"×{shown.count(event.count)} " if event.count > 1 else ""
    where = f"{event.queue}: " if of_several and event.queue else ""
    return Row(
        key,
        (
            Cell(shown.clock_time(event.at), Tone.MUTED),
            Cell(glyph, tone),
            Cell(f"{repeated}{one_line(where + event.text)}", Tone.PLAIN if tone is Tone.MUTED else tone),
        ),
    )
