"""All latencies since the start, counted by size: what a monitoring system sums over pods, as it cannot sum percentiles."""

from __future__ import annotations

from dataclasses import dataclass

BUCKET_BOUNDS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 43200.0)
"""Upper bounds, inclusive; the longest is SQS's longest visibility timeout."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts` has one number for each bound and a last one for what is above them all; they are not cumulative."""

    counts: tuple[int, ...] = (0,) * (len(BUCKET_BOUNDS_SECONDS) + 1)
    sum_seconds: float = 0.0

    @property
    def count(self) -> int:
        """How many samples there were."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Histograms:
    """The four latencies of `Latencies`, whose counts are these counts."""

    poll: Histogram
    queue: Histogram
    handler: Histogram
    ack: Histogram
