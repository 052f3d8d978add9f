"""What a single snapshot cannot say: rates per second, latency over time, and how long this queue's leases are."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqs_core.model import ConsumerSnapshot, Snapshot

SAMPLE_EVERY_SECONDS = 1.0
_NEARLY_SECONDS = 0.9
"""Frames come a little early or late, and the next may be a second away."""
RATE_WINDOW_SECONDS = 5.0
SERIES_LENGTH = 240
SERIES_SECONDS = SERIES_LENGTH * SAMPLE_EVERY_SECONDS


class Rates(NamedTuple):
    """Messages per second over the last few seconds; None until two samples exist."""

    received: float | None = None
    deleted: float | None = None


class Series(NamedTuple):
    """Medians in milliseconds, a value for each second in which messages came; oldest first."""

    poll: tuple[float, ...] = ()
    queue: tuple[float, ...] = ()


class _Track:
    def __init__(self) -> None:
        self.samples: deque[tuple[float, int, int]] = deque()
        self.poll: deque[float] = deque(maxlen=SERIES_LENGTH)
        self.queue: deque[float] = deque(maxlen=SERIES_LENGTH)
        self.counted = -1
        self.rates, self.series = Rates(), Series()
        self.longest_lease_seconds = 0.0


class Trends:
    """Fed with every snapshot; samples once a second, so that what it says changes at most once a second."""

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}

    def observe(self, snapshot: Snapshot) -> None:
        """Take in a snapshot. Queues that are gone are forgotten."""
        names = {consumer.queue for consumer in snapshot.consumers}
        for gone in self._tracks.keys() - names:
            del self._tracks[gone]
        for consumer in snapshot.consumers:
            self._observe_consumer(snapshot.at, consumer)

    def rates(self, queue: str) -> Rates:
        """The queue's rates as of the last sample."""
        track = self._tracks.get(queue)
        return track.rates if track else Rates()

    def series(self, queue: str) -> Series:
        """The queue's latency curves."""
        track = self._tracks.get(queue)
        return track.series if track else Series()

    def longest_lease_seconds(self, queue: str) -> float:
        """The longest time to expiry seen on any lease of this queue: what a full lease looks like."""
        track = self._tracks.get(queue)
        return track.longest_lease_seconds if track else 0.0

    def _observe_consumer(self, at: float, consumer: ConsumerSnapshot) -> None:
        track = self._tracks.setdefault(consumer.queue, _Track())
        for message in consumer.in_flight:
            remaining = message.lease_expires_at - at
            track.longest_lease_seconds = max(track.longest_lease_seconds, remaining)
        if track.samples and at - track.samples[-1][0] < _NEARLY_SECONDS:
            return
        track.samples.append((at, consumer.totals.received, consumer.totals.deleted))
        while len(track.samples) > 2 and at - track.samples[1][0] >= RATE_WINDOW_SECONDS:
            track.samples.popleft()
        track.rates = _rates(track.samples)
        _extend_series(track, consumer)


def _rates(samples: deque[tuple[float, int, int]]) -> Rates:
    (first_at, first_received, first_deleted), (last_at, last_received, last_deleted) = samples[0], samples[-1]
    elapsed_seconds = last_at - first_at
    if elapsed_seconds <= 0:
        return Rates()
    return Rates(
        max(0.0, (last_received - first_received) / elapsed_seconds),
        max(0.0, (last_deleted - first_deleted) / elapsed_seconds),
    )


def _extend_series(track: _Track, consumer: ConsumerSnapshot) -> None:
    counted = consumer.latency_ms.queue.count + consumer.latency_ms.poll.count
    if counted == track.counted:
        return
    track.counted = counted
    for curve, percentiles in ((track.poll, consumer.latency_ms.poll), (track.queue, consumer.latency_ms.queue)):
        if percentiles.p50 is not None:
            curve.append(percentiles.p50)
    track.series = Series(tuple(track.poll), tuple(track.queue))
