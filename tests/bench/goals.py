"""What the figures have to be. Most are counts, or ratios within one run, which a busy machine moves least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contenders import BOTO3_LOOP, OURS

Results = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """A figure of the results, found by a path of keys, and its bound."""

    what: str
    path: tuple[str, ...]
    bound: float
    at_least: bool = False

    def value(self, results: Results) -> float | None:
        """The figure, None where it was not measured."""
        found: Any = results
        for key in self.path:
            found = found.get(key) if isinstance(found, dict) else None
        return None if found is None else float(found)

    def verdict(self, results: Results) -> str:
        """`met`, `MISSED` or `not measured`."""
        value = self.value(results)
        if value is None:
            return "not measured"
        return "met" if (value >= self.bound if self.at_least else value <= self.bound) else "MISSED"


GOALS = (
    Goal("CPU per message to boto3 loop", ("peers", "cpu_ratios_to", BOTO3_LOOP, OURS), 0.25),
    Goal("CPU per message to fanferro", ("closely", "cpu_ratio"), 0.9),
    Goal("requests per message, no-op handlers", ("peers", "rows", OURS, "requests"), 0.21),
    Goal("drain of 50 ms handlers at 32 workers, to the ideal", ("drains", "50", "to_ideal"), 1.05),
    Goal("rate with the dashboard to headless", ("beside", "ratio"), 0.95, at_least=True),
    Goal("CPU of the screen: 64 workers, 1,000 in flight, 4 fps (share of a core)", ("screen", "load", "screen_share"), 0.08),
    Goal("bytes written per idle second", ("screen", "idle", "bytes_per_second"), 200),
    Goal("key press to changed screen at 10,000 messages/s, p95 ms", ("screen", "keys", "p95_ms"), 100),
    Goal("time to first frame to a bare Textual application's", ("screen", "first_frame", "ratio"), 1.15),
    Goal("memory with 64 workers beyond the boto3 loop, MiB", ("memory", "more_than_boto3_loop_mib"), 30),
    Goal("memory growth from the fewer messages to the more, MiB", ("memory", "growth_mib"), 2),
)
