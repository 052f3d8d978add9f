"""The event log: a bounded list in which equal events collapse into one line with a count."""

from __future__ import annotations

import threading
from collections import OrderedDict
from enum import StrEnum
from typing import TYPE_CHECKING

from sqs_core.clock import SYSTEM_CLOCK, Clock
from sqs_core.masking import mask_secrets
from sqs_core.model import Event, Level

if TYPE_CHECKING:
    from collections.abc import Callable

MAXIMUM_EVENTS = 200
MAXIMUM_TEXT = 500


class Code(StrEnum):
    """Every event code there is."""

    ENGINE_STARTED = "engine.started"
    ENGINE_WARNING = "engine.warning"
    CLOCK_JUMPED = "clock.jumped"
    ENDPOINT_UNREACHABLE = "endpoint.unreachable"
    ENDPOINT_REACHED = "endpoint.reached"
    CONSUMER_STARTED = "consumer.started"
    CONSUMER_REFUSED = "consumer.refused"
    CONSUMER_PAUSING = "consumer.pausing"
    CONSUMER_PAUSED = "consumer.paused"
    CONSUMER_RESUMED = "consumer.resumed"
    CONSUMER_RESIZED = "consumer.resized"
    CONSUMER_DRAINING = "consumer.draining"
    CONSUMER_STOPPED = "consumer.stopped"
    DRAIN_OVERDUE = "drain.overdue"
    TRANSPORT_FALLBACK = "transport.fallback"
    POLL_ERROR = "poll.error"
    POLL_RECOVERED = "poll.recovered"
    POLL_DAMAGED = "poll.damaged"
    POLL_EARLY = "poll.early"
    POLL_STALLED = "poll.stalled"
    POLL_HIDDEN_RETRY = "poll.hidden-retry"
    ATTRIBUTES_UNREADABLE = "attributes.unreadable"
    HANDLER_FAILED = "handler.failed"
    HANDLER_HUNG = "handler.hung"
    THREAD_DIED = "thread.died"
    ACK_ERROR = "ack.error"
    ACK_RECOVERED = "ack.recovered"
    ACK_REFUSED = "ack.refused"
    LEASE_ERROR = "lease.error"
    LEASE_LOST = "lease.lost"
    LEASE_LIMIT = "lease.limit"
    FOLLOWER_SPENT = "fifo.follower-spent"
    MESSAGE_GIVEN_UP = "message.given-up"
    CREDENTIALS_WARNING = "credentials.warning"
    CREDENTIALS_REFRESH_FAILED = "credentials.refresh-failed"
    CREDENTIALS_REFRESHED = "credentials.refreshed"
    CREDENTIALS_RENEWED = "credentials.renewed"
    REPLAY_SENT = "replay.sent"
    REPLAY_FAILED = "replay.failed"
    CAPTURE_ENDED = "capture.ended"
    RECORDING_STARTED = "recording.started"
    RECORDING_ENDED = "recording.ended"
    METRICS_SERVED = "metrics.served"
    PROCESS_STARTED = "process.started"
    PROCESS_RESTARTED = "process.restarted"
    PROCESS_CRASHED = "process.crashed"
    PROCESS_ENDED = "process.ended"
    PROCESSES_DRAINING = "processes.draining"
    PROCESS_PRINTED = "process.printed"
    WORK_ENDED = "work.ended"
    SETTINGS_IGNORED = "settings.ignored"
    TERMINAL_SILENT = "terminal.silent"
    TERMINAL_BACK = "terminal.back"
    WRITES_UNLOCKED = "writes.unlocked"
    CONTROL = "control.command"
    CONTROL_REFUSED = "control.refused"
    CONTROL_UNAVAILABLE = "control.unavailable"


class EventLog:
    """Thread-safe; secrets in texts are masked.

    `on_event` hears every record, repeats included; it must be quick and must not raise.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK, on_event: Callable[[Event], None] | None = None) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._events: OrderedDict[tuple[str, str | None, str], Event] = OrderedDict()
        self._snapshot: tuple[Event, ...] = ()
        self._on_event = on_event

    def record(self, level: Level, code: Code, queue: str | None, text: str, *, collapse: str | None = None) -> None:
        """Add an event. One with the same code, queue and `collapse` key (by default the text) only raises its count."""
        text = mask_secrets(text, MAXIMUM_TEXT)
        key = (code.value, queue, text if collapse is None else collapse)
        with self._lock:
            known = self._events.pop(key, None)
            count = known.count + 1 if known else 1
            event = Event(self._clock.wall(), level, code.value, queue, text, count)
            self._events[key] = event
            if len(self._events) > MAXIMUM_EVENTS:
                self._events.popitem(last=False)
            self._snapshot = ()
        if self._on_event is not None:
            self._on_event(event)

    def close(self, code: Code, queue: str | None, collapse: str) -> int:
        """End a run of repeats, so that the next such event is a line of its own. Returns how many there were."""
        key = (code.value, queue, collapse)
        with self._lock:
            known = self._events.get(key)
            if known is None:
                return 0
            closed = (code.value, queue, f"{collapse} until {known.at}")
            self._events = OrderedDict((closed, event) if name == key else (name, event) for name, event in self._events.items())
            return known.count

    def snapshot(self) -> tuple[Event, ...]:
        """All events, oldest first; the same tuple while nothing happens."""
        with self._lock:
            if not self._snapshot and self._events:
                self._snapshot = tuple(self._events.values())
            return self._snapshot
