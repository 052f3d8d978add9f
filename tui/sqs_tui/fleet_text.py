"""Pure: the lines around the table of a fleet."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from textual.content import Content

from sqs_core.words import LinkPhase
from sqs_tui import format as shown
from sqs_tui.fleet_rows import state_word
from sqs_tui.rows import Tone
from sqs_tui.summary import environment_tone, spread, styled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_core.remote.errands import Errand, Result
    from sqs_core.remote.fleet_view import FleetView, MemberView
    from sqs_tui.fleet_rows import Look

NEWS_SECONDS = 15.0
_LONGEST = 1_000


def header(view: FleetView, what: str, where: str, width: int) -> Content:
    """What is watched and where; how many of them answer."""
    environments = sorted({member.figures.environment for member in view.members if member.figures})
    left = [
        *(styled(each.upper(), environment_tone(each)) for each in environments),
        styled(what, Tone.STRONG),
        styled(where, Tone.ACCENT),
    ]
    totals = view.totals
    tone = Tone.GOOD if totals.answering == totals.members else Tone.WARNING
    return spread(Content("  ").join(left), styled(f"{totals.answering} of {totals.members} answer", tone), width)


def totals_lines(view: FleetView, width: int) -> Content:
    """The figures over all that answer, on as many lines as they need."""
    totals = view.totals
    failed = Tone.WARNING if totals.failed else Tone.PLAIN
    pairs = (
        ("workers", f"{totals.busy}/{totals.live}", Tone.STRONG),
        ("held", f"{totals.held:,}", Tone.PLAIN),
        ("waiting", shown.approximate(totals.waiting), Tone.PLAIN),
        ("in flight", shown.approximate(totals.in_flight), Tone.PLAIN),
        ("handled", f"{totals.handled:,}", Tone.PLAIN),
        ("failed", f"{totals.failed:,}", failed),
        ("rate", shown.rate(totals.rate), Tone.STRONG),
        ("worst p95", shown.milliseconds(totals.p95_ms), Tone.PLAIN),
    )
    lines: list[Content] = []
    for name, value, tone in pairs:
        part = Content.assemble(styled(f"{name} ", Tone.MUTED), styled(value, tone))
        if lines and lines[-1].cell_length + 3 + part.cell_length <= width:
            lines[-1] = Content("   ").join([lines[-1], part])
        else:
            lines.append(part)
    return Content("\n").join(lines)


def notice_lines(view: FleetView, errand: Errand | None, now: float, most_lines: int, width: int) -> Content:
    """What stands out, the most important first."""
    lines: list[tuple[str, Tone]] = []
    if view.problem:
        lines.append((f"▲ who is there is not known now: {view.problem}", Tone.BAD))
    if errand is not None:
        failed = any(result.ok is False for result in errand.results().values())
        lines.append((f"{errand.summary()}   (r lists them)", Tone.WARNING if failed else Tone.GOOD))
    wrong = Counter(state_word(member) for member in view.members if member.phase in (LinkPhase.LOST, LinkPhase.STALLED))
    if wrong:
        lines.append(("▲ " + ", ".join(f"{number} {word}" for word, number in wrong.most_common()), Tone.BAD))
    lines += [(f"▲ {text}", Tone.WARNING) for text in view.said]
    skewed = [member.name for member in view.members if member.skew]
    if skewed:
        lines.append((f"▲ far from the others: {', '.join(skewed[:3])}{' …' if len(skewed) > 3 else ''}", Tone.WARNING))
    news = [text for at, text in view.news if now - at < NEWS_SECONDS]
    if news:
        lines.append((", ".join(news[-4:]), Tone.ACCENT))
    said = (styled(text, tone, _LONGEST) for text, tone in lines[:most_lines])
    return Content("\n").join(line.truncate(max(10, width), ellipsis=True) for line in said)


def title(view: FleetView, shown_rows: int, marked: int, look: Look) -> str:
    """How many are shown, how they are sorted, how many are marked."""
    whole = len(view.members)
    counted = f"{shown_rows} of {whole}" if shown_rows != whole else f"{whole}"
    said = [counted, f"by {look.sort} {'↓' if look.descending else '↑'}"]
    if look.filter_text:
        said.append(f"filter {look.filter_text}")
    if marked:
        said.append(f"{marked} marked")
    return f"Members  {' · '.join(said)}"


def detail_lines(member: MemberView, result: Result | None) -> list[Content]:
    """All that is known of a member, a fact a line; what is wrong first."""
    lines = []
    if member.problem:
        lines.append(styled(f"✗ {member.problem}", Tone.BAD, _LONGEST))
    if result is not None:
        word = {True: "done", False: "failed", None: "no answer yet"}[result.ok]
        lines.append(styled(f"last command: {word} {result.text}", Tone.BAD if result.ok is False else Tone.PLAIN, _LONGEST))
    odd = [*member.skew, *(f"another {what} than the others" for what in sorted(member.differs))]
    if odd:
        lines.append(styled(f"! {' · '.join(odd)}", Tone.WARNING, _LONGEST))
    return lines + [styled(text, Tone.PLAIN, _LONGEST) for text in _facts(member)]


def _facts(member: MemberView) -> list[str]:
    pod, figures = member.pod, member.figures
    rights = {True: "takes commands", False: "view only", None: "not connected yet"}[member.control]
    facts = [f"{member.name} · {state_word(member)} · {rights}"]
    if pod is not None:
        ready = "ready" if pod.ready else "not ready"
        last = f", last {pod.last_end}" if pod.last_end else ""
        restarts = f"{shown.plural(pod.restarts, 'restart')}{last}"
        facts.append(f"namespace {pod.namespace} · container {pod.container} · {pod.phase} · {ready} · {restarts}")
    if figures is not None:
        where = " ".join(part for part in (figures.environment, figures.endpoint, figures.region) if part)
        facts.append(f"{where} · sqs-tui {figures.version} · {figures.identity or 'identity unknown'}")
        facts.append(f"queues {', '.join(figures.queues) or 'none'}")
    return facts


def drain_question(members: Sequence[MemberView], where: str, in_pods: bool) -> Content:
    """How many, which, and where."""
    names = ", ".join(member.name for member in members[:5]) + (f" and {len(members) - 5} more" if len(members) > 5 else "")
    again = "Kubernetes starts pods of a deployment anew." if in_pods else "Nothing here starts them again."
    return Content.assemble(
        "Drain ",
        (shown.plural(len(members), "pod" if in_pods else "consumer"), "bold"),
        " in " if in_pods else " on ",
        styled(where, Tone.STRONG),
        "?\n\n",
        styled(names, Tone.PLAIN, _LONGEST),
        "\n\nThey stop receiving, finish what they hold and end. ",
        again,
    )
