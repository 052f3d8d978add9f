"""The latency pane: percentiles, two curves, and what the requests cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content

from sqs_tui import format as shown
from sqs_tui.rows import Cell, Column, Row, Tone
from sqs_tui.spark import curve
from sqs_tui.summary import spread, styled
from sqs_tui.widgets.edges import Edged
from sqs_tui.widgets.line import Line
from sqs_tui.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from sqs_core.model import ConsumerSnapshot
    from sqs_tui.trends import Series

_COLUMNS = (
    Column("", 7),
    Column("p50", 7, right=True),
    Column("p95", 7, right=True),
    Column("p99", 7, right=True),
    Column("max", 7, right=True, needs=39),
)
_CURVE_LINES = 2
_SUBTITLE_MARGIN = 4


class LatencyPane(Edged, Vertical):
    """Latencies of the selected queue."""

    def compose(self) -> ComposeResult:
        """Numbers, curves, facts."""
        numbers = LiveTable(_COLUMNS, id="latency-numbers")
        numbers.can_focus = False
        yield numbers
        yield Line(id="latency-curves")
        yield Line(id="latency-facts")

    def on_mount(self) -> None:
        """Name the pane."""
        self.write_title("Latency")

    def show(self, consumer: ConsumerSnapshot, series: Series) -> None:
        """Draw a consumer's latencies."""
        self.query_one("#latency-numbers", LiveTable).show(latency_rows(consumer))
        self.query_one("#latency-curves", Line).show(lambda width: curves(series, width))
        self.query_one("#latency-facts", Line).show(lambda width: facts(consumer, width))
        self.write_subtitle(cost(consumer, max(0, self.size.width - _SUBTITLE_MARGIN)))


def latency_rows(consumer: ConsumerSnapshot) -> tuple[Row, ...]:
    """A row of percentiles for each latency."""
    latencies = consumer.latency_ms
    named = (
        ("poll", latencies.poll),
        ("queue", latencies.queue),
        ("handler", latencies.handler),
        ("ack", latencies.ack),
    )
    return tuple(
        Row(
            name,
            (
                Cell(name, Tone.MUTED),
                *(Cell(shown.milliseconds(value)) for value in (each.p50, each.p95, each.p99, each.max)),
            ),
        )
        for name, each in named
    )


def curves(series: Series, width: int) -> Content:
    """Poll and queue latency over time, each scaled to its own peak."""
    return Content("\n").join([*_curve("poll", series.poll, width), *_curve("queue", series.queue, width)])


def _curve(name: str, values: Sequence[float], width: int) -> list[Content]:
    peak = max(values[-width:], default=None) if width > 0 else None
    title = spread(styled(f"{name} p50 by the second", Tone.MUTED), styled(f"peak {shown.milliseconds(peak)}", Tone.MUTED), width)
    return [title, *(styled(line, Tone.ACCENT) for line in curve(values, width, _CURVE_LINES))]


def cost(consumer: ConsumerSnapshot, width: int) -> str:
    """What share of the polls came back empty, how many requests a message took, and what a day of this costs.

    In fewer words where they would take more than `width` cells; 0 is a width that is not known yet.
    """
    polls = consumer.requests.get("ReceiveMessage", 0)
    spent = consumer.requests_per_message
    each = "–" if spent is None else f"{spent:.2f}" if spent < 10 else f"{spent:,.0f}"
    price = "" if consumer.dollars_per_day is None else f" · {shown.dollars(consumer.dollars_per_day)}/day"
    empty = f"empty {shown.ratio(consumer.totals.empty_polls, polls)}"
    whole = f"{empty} · {each} requests/msg{price}"
    return whole if not width or len(whole) <= width else f"{empty} · {each}/msg{price}"


def facts(consumer: ConsumerSnapshot, width: int) -> Content:
    """What should be zero: retries inside the SDK, leases that ran out."""
    totals = consumer.totals
    return spread(_counted("hidden retries", totals.hidden_retries), _counted("leases lost", totals.leases_lost), width)


def _counted(name: str, value: int) -> Content:
    return Content.assemble(styled(f"{name} ", Tone.MUTED), styled(shown.count(value), Tone.WARNING if value else Tone.PLAIN))
