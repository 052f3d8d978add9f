"""The lines above the panes: who we are, the queues, identity and latency, what is wrong and what to press."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from sqs_core.words import LinkPhase, RunState
from sqs_tui import format as shown
from sqs_tui.rows import Cell, Column, Row, Tone
from sqs_tui.safe_text import LINE_LIMIT, content, one_line
from sqs_tui.widgets.columns import both_ends

if TYPE_CHECKING:
    from sqs_core.facade import Link
    from sqs_core.model import ConsumerSnapshot, Depth, Snapshot
    from sqs_tui.trends import Rates, Trends
    from sqs_tui.viewer import Frame

# `$text-muted` is an "auto" colour, which `Content` resolves to plain black or white.
MUTED_STYLE = "$foreground-muted"
STYLES = {
    Tone.PLAIN: "",
    Tone.MUTED: MUTED_STYLE,
    Tone.STRONG: "bold",
    Tone.GOOD: "$text-success",
    Tone.WARNING: "bold $text-warning",
    Tone.BAD: "bold $text-error",
    Tone.ACCENT: "$text-primary",
}
_ENVIRONMENT_TONES = {"local": Tone.GOOD, "production": Tone.BAD}
_STATES = {
    RunState.STARTING: ("◌", Tone.WARNING),
    RunState.RUNNING: ("●", Tone.GOOD),
    RunState.PAUSING: ("◐", Tone.WARNING),
    RunState.PAUSED: ("○", Tone.WARNING),
    RunState.DRAINING: ("◐", Tone.WARNING),
    RunState.STOPPED: ("■", Tone.MUTED),
    RunState.FAILED: ("✗", Tone.BAD),
}
_NAME_WIDTH = 12
_ROOMY_NAME_WIDTH = 24
_BRIEF_BELOW = 100


def styled(text: str, tone: Tone, limit: int = LINE_LIMIT) -> Content:
    """Foreign or own text as one line in a tone."""
    return content(text, limit, style=STYLES[tone])


def environment_tone(environment: str) -> Tone:
    """Loud where a mistake is expensive."""
    return _ENVIRONMENT_TONES.get(environment, Tone.WARNING)


def header(frame: Frame, title: str | None, width: int) -> Content:
    """Product, environment and what decided it, title, endpoint, region on the left; the engine's state on the right."""
    engine = frame.engine
    if engine is None:
        return Content("sqs-tui")
    unread = frame.listing is not None and frame.listing.error is not None
    right = [styled("▲ cannot list", Tone.WARNING) if unread else _engine_state(engine.state, frame.link)]
    if frame.frozen_since is not None:
        right.insert(0, styled(f"FROZEN since {shown.clock_time(frame.frozen_since)}", Tone.WARNING))
    environment = Content.assemble(
        styled(engine.environment.upper(), environment_tone(engine.environment)),
        styled(f" ({engine.environment_decided_by})", Tone.MUTED),
    )
    left = [
        *_link_parts(frame.link),
        environment,
        *([styled(title, Tone.ACCENT)] if title else []),
        *([styled("read-only", Tone.WARNING)] if engine.read_only else []),
        styled(engine.endpoint, Tone.PLAIN),
        *([styled(engine.region, Tone.MUTED)] if engine.region not in engine.endpoint else []),
    ]
    branded = Content("  ").join([styled("sqs-tui", Tone.STRONG), *left])
    ending = Content("  ").join(right)
    # Who it is matters less than where it is: the product's name is the first to go.
    roomy = branded.cell_length + 2 + ending.cell_length <= width
    return spread(branded if roomy else Content("  ").join(left), ending, width)


def _engine_state(state: RunState, link: Link | None) -> Content:
    """The engine's state; of one that is not heard of, how old that is."""
    glyph, tone = _STATES[state]
    if link is None or link.phase is LinkPhase.LIVE:
        return styled(f"{glyph} {state}", tone)
    if link.age_seconds is None:
        return styled(f"◌ {link.phase}", Tone.WARNING)
    return styled(f"▲ {link.phase}, {state} {int(link.age_seconds)} s ago", Tone.WARNING)


def _link_parts(link: Link | None) -> list[Content]:
    if link is None:
        return []
    rights = [] if link.control else [styled("view only", Tone.WARNING)]
    dropped = [styled(f"{link.dropped} frames left out", Tone.MUTED)] if link.dropped else []
    return [styled(f"attached to {link.target}", Tone.ACCENT), *rights, *dropped]


def identity(frame: Frame, width: int) -> Content:
    """The credentials in use on the left, poll latency on the right."""
    snapshot = frame.snapshot
    if snapshot is None:
        return Content("")
    right = poll_latency(frame.consumer)
    return spread(Content(" ").join(_identity_parts(snapshot)), right, width)


def _identity_parts(snapshot: Snapshot) -> list[Content]:
    credentials = snapshot.credentials
    if credentials is None:
        return [styled("credentials", Tone.MUTED), styled(shown.UNKNOWN, Tone.PLAIN)]
    is_dummy = credentials.provider == "dummy"
    parts = [styled("credentials", Tone.MUTED), styled(credentials.provider, Tone.STRONG)]
    if credentials.key_hint and not is_dummy:
        parts.append(styled(shown.key_tail(credentials.key_hint), Tone.PLAIN))
    if credentials.warnings:
        more = f" (+{len(credentials.warnings) - 1})" if len(credentials.warnings) > 1 else ""
        parts.append(styled(f"▲{more} {credentials.warnings[0]}", Tone.WARNING))
    if credentials.expires_at is not None:
        parts.append(styled(f"until {shown.clock_time(credentials.expires_at)}", Tone.MUTED))
    who = credentials.role_arn or credentials.account
    if who:
        parts.append(styled(who, Tone.MUTED))
    return parts


def poll_latency(consumer: ConsumerSnapshot | None) -> Content:
    """`poll p50 12 ms  p95 33 ms`; in fixed width, so that nothing beside it moves."""
    if consumer is None:
        return Content("")
    poll = consumer.latency_ms.poll
    return Content.assemble(
        styled("poll p50", Tone.MUTED),
        f" {shown.milliseconds(poll.p50):>6}",
        styled("  p95", Tone.MUTED),
        f" {shown.milliseconds(poll.p95):>6}",
    )


def details(frame: Frame, rates: Rates | None, width: int) -> Content:
    """The selected queue: its rates where given, buffer and handler on the left, its dead-letter queue on the right."""
    consumer = frame.consumer
    if consumer is None:
        return Content("")
    shown_rates = [("in", shown.rate(rates.received)), ("out", shown.rate(rates.deleted))] if rates else []
    pairs = [
        *shown_rates,
        ("held", shown.count(consumer.held)),
        ("buffer", f"{consumer.buffer.size}/{consumer.buffer.limit}"),
        ("handler", consumer.handler),
    ]
    left = Content("  ").join(
        Content.assemble(styled(f"{name} ", Tone.MUTED), styled(value, Tone.PLAIN)) for name, value in pairs
    )
    now = frame.snapshot.at if frame.snapshot else 0.0
    return spread(left, _dead_letters(consumer, now, width), width)


def _dead_letters(consumer: ConsumerSnapshot, now: float, width: int) -> Content:
    """At most half of the line: the name gives way, and the count is seen."""
    dlq = consumer.dlq
    if dlq is None:
        # The queue's attributes tell of both, so without a depth nothing is known about a dead-letter queue either.
        return styled("no dlq" if consumer.depth else f"dlq {shown.UNKNOWN}", Tone.MUTED)
    loud = Tone.WARNING if dlq.visible else Tone.PLAIN
    after = "" if width < _BRIEF_BELOW else f" after {shown.plural(dlq.max_receive_count, 'receive')}"
    as_of = Content("") if dlq.visible is None else _as_of(consumer.depth, now)
    count = Content.assemble(" ", styled(shown.approximate(dlq.visible), loud), as_of, styled(after, Tone.MUTED))
    name = both_ends(one_line(dlq.name), max(_NAME_WIDTH, width // 2 - len("dlq ") - count.cell_length))
    return Content.assemble(styled("dlq ", Tone.MUTED), styled(name, Tone.PLAIN), count)


def _as_of(depth: Depth | None, now: float) -> Content:
    """Dead letters are counted with the depth, and are as old."""
    if depth is None or not depth.is_old(now):
        return Content("")
    return styled(f" as of {shown.clock_time(depth.at)}", Tone.WARNING)


def spread(left: Content, right: Content, width: int) -> Content:
    """Left and right on one line of exactly `width` cells; what does not fit is cut from the left part."""
    room = width - right.cell_length - (2 if right.cell_length else 0)
    if room < 0:
        return right.truncate(max(0, width), ellipsis=True)
    cut = left.truncate(room, ellipsis=True) if left.cell_length > room else left
    return Content.assemble(cut, " " * max(0, width - cut.cell_length - right.cell_length), right)


def queue_table(frame: Frame, trends: Trends, width: int) -> tuple[tuple[Row, ...], tuple[Column, ...]]:
    """A row for each queue and columns as wide as the widest cell; the name takes what is left, rates go if too narrow."""
    rows = tuple(_queue_row(frame, name, number, trends) for number, name in enumerate(frame.queues, 1))
    widths = [max((cell_len(row.cells[index].text) for row in rows), default=0) for index in range(len(QUEUE_TITLES))]
    fixed = sum(widths) - widths[1] + len(widths) - 1
    if rows and width - fixed < _NAME_WIDTH:
        rows = tuple(Row(row.key, row.cells[:-2]) for row in rows)
        widths = widths[:-2]
    # Where there is room, pairs stand further apart than the words within them.
    extra = 1 if width - fixed - len(widths) >= _ROOMY_NAME_WIDTH else 0
    widths = [each + (extra if 0 < index < len(widths) - 1 else 0) for index, each in enumerate(widths)]
    columns = tuple(
        Column(title, each, grows=index == 1, both_ends=index == 1)
        for index, (title, each) in enumerate(zip(QUEUE_TITLES, widths, strict=False))
    )
    return rows, columns


QUEUE_TITLES = ("", "queue", "state", "pollers", "workers", "depth", "in", "out")


def _queue_row(frame: Frame, name: str, number: int, trends: Trends) -> Row:
    consumers = frame.snapshot.consumers if frame.snapshot else ()
    consumer = next((each for each in consumers if each.queue == name), None)
    marker = "▸" if name == frame.selected else " "
    first = Cell(f"{marker} {number if number <= 9 else ' '}", Tone.ACCENT if marker == "▸" else Tone.MUTED)
    title = Cell(one_line(name), Tone.STRONG if name == frame.selected else Tone.PLAIN)
    now = frame.snapshot.at if frame.snapshot else 0.0
    facts = _consumer_cells(consumer, trends.rates(name), now) if consumer else _opening_cells()
    return Row(name, (first, title, *facts))


def _consumer_cells(consumer: ConsumerSnapshot, rates: Rates, now: float) -> tuple[Cell, ...]:
    workers = f"workers {consumer.workers.busy}/{consumer.workers.live}"
    return (
        _state_cell(consumer.state, state_word(consumer)),
        Cell(f"pollers {_pool(consumer.pollers.live, consumer.pollers.target)}"),
        Cell(workers + _target(consumer.workers.live, consumer.workers.target)),
        _depth_cell(consumer.depth, now),
        Cell(f"in {shown.rate(rates.received):<6}", Tone.MUTED),
        Cell(f"out {shown.rate(rates.deleted):<6}", Tone.MUTED),
    )


def _opening_cells() -> tuple[Cell, ...]:
    """Before there is a consumer nothing else is known of it."""
    return (_state_cell(RunState.STARTING, RunState.STARTING.value), *(Cell("") for _ in range(len(QUEUE_TITLES) - 3)))


def _state_cell(state: RunState, word: str) -> Cell:
    glyph, tone = _STATES[state]
    return Cell(f"{glyph} {word}", tone)


def _pool(live: int, target: int) -> str:
    return f"{live}{_target(live, target)}"


def _target(live: int, target: int) -> str:
    return "" if live == target else f"→{target}"


def _depth_cell(depth: Depth | None, now: float) -> Cell:
    visible = depth.visible if depth else None
    if depth is not None and depth.is_old(now):
        return Cell(f"depth {shown.approximate(visible)} as of {shown.clock_time(depth.at)}", Tone.WARNING)
    return Cell(f"depth {shown.approximate(visible):<6}", Tone.PLAIN if visible else Tone.MUTED)


def state_word(consumer: ConsumerSnapshot) -> str:
    """The consumer's state; while pausing, with what is left to work off."""
    if consumer.state is RunState.PAUSING:
        return f"pausing, {consumer.held} left"
    return consumer.state.value
