"""What a consumer's requests come to: how many for a message, how many in a day at the last minute's pace, and their price."""

from __future__ import annotations

from collections import deque

DOLLARS_PER_MILLION = {False: 0.40, True: 0.50}
"""By whether the queue is FIFO. Source: the price list of SQS in us-east-1 (https://aws.amazon.com/sqs/pricing/), up to 100
billion requests a month; the million that are free are not taken off. AWS counts each 64 KB of messages in a request or an
answer as one more, which is not seen here."""
_WINDOW_SECONDS = 60
_LEAST_SECONDS = 10.0
_DAY_SECONDS = 86_400


class RequestPace:
    """Requests of the last minute, by the (monotonic) second. Guarded by the ledger's lock."""

    def __init__(self) -> None:
        self._seconds: deque[list[int]] = deque(maxlen=_WINDOW_SECONDS)
        self._began: float | None = None

    def add(self, now: float) -> None:
        """One more request."""
        if self._began is None:
            self._began = now
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1][1] += 1
        else:
            self._seconds.append([second, 1])

    def per_day(self, now: float) -> float | None:
        """At the pace of the last minute; None in the first seconds, when there is no pace yet."""
        elapsed = 0.0 if self._began is None else now - self._began
        if elapsed < _LEAST_SECONDS:
            return None
        recent = sum(count for second, count in self._seconds if second > now - _WINDOW_SECONDS)
        return recent / min(elapsed, _WINDOW_SECONDS) * _DAY_SECONDS


def requests_per_message(requests: int, received: int) -> float | None:
    """How many requests a received message took; None before one was received."""
    return round(requests / received, 4) if received else None


def dollars_per_day(requests_per_day: float | None, *, fifo: bool) -> float | None:
    """The price of so many requests."""
    return None if requests_per_day is None else round(requests_per_day * DOLLARS_PER_MILLION[fifo] / 1e6, 6)
