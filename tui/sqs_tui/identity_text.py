"""The identity in words: who this is and why, which providers were passed over, and the timeouts of each queue's client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from sqs_tui import format as shown
from sqs_tui.paragraphs import hanging, heading, pair
from sqs_tui.rows import Tone
from sqs_tui.summary import environment_tone, styled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqs_core.model import ConsumerSnapshot, CredentialReport, Snapshot

LEAST_WIDTH = 40
_LONGEST = 1000
_SOON_SECONDS = 15 * 60
_STATUSES = {
    "found": ("●", Tone.GOOD),
    "shadowed": ("○", Tone.PLAIN),
    "not-configured": ("·", Tone.MUTED),
    "not-tried": ("?", Tone.PLAIN),
    "failed": ("✗", Tone.BAD),
    "skipped": ("–", Tone.MUTED),
}
_STATUS_WIDTH = max(map(len, _STATUSES)) + 4


def identity_text(snapshot: Snapshot, width: int) -> Content:
    """All of it, wrapped to `width` cells."""
    width = max(width, LEAST_WIDTH)
    report = snapshot.credentials
    lines = [*pair("environment", _environment(snapshot), width), *pair("endpoint", _endpoint(snapshot), width)]
    if report is None:
        lines += pair("provider", styled("not known yet: credentials are being looked for", Tone.WARNING), width)
    else:
        lines += _facts(report, snapshot.at, width)
        lines += _warnings(report, width)
        lines += _chain(report, width)
    lines += _timeouts(snapshot.consumers, width)
    return Content("\n").join(lines)


def _environment(snapshot: Snapshot) -> Content:
    engine = snapshot.engine
    how = {"default": "because neither --env nor APP_ENV is set"}.get(
        engine.environment_decided_by, f"decided by {engine.environment_decided_by}"
    )
    return Content.assemble(
        styled(engine.environment.upper(), environment_tone(engine.environment)), " ", styled(how, Tone.MUTED)
    )


def _endpoint(snapshot: Snapshot) -> Content:
    return Content.assemble(styled(snapshot.engine.endpoint, Tone.PLAIN), " ", styled(snapshot.engine.region, Tone.MUTED))


def _facts(report: CredentialReport, now: float, width: int) -> Iterator[Content]:
    why = next((row.reason for row in report.chain if row.method == report.provider), "")
    provider = Content.assemble(styled(report.provider, Tone.STRONG), "  ", styled(why, Tone.MUTED, _LONGEST))
    yield from pair("provider", provider, width)
    texts = {
        "access key": shown.key_tail(report.key_hint) if report.provider != "dummy" else "",
        "account": report.account,
        "ARN": report.arn,
        "role": report.role_arn,
        "session": report.session_name,
    }
    for name, text in texts.items():
        if text:
            yield from pair(name, styled(text, Tone.PLAIN, _LONGEST), width)
    if report.arn is None:
        yield from pair("account", styled("not known: STS was not asked, or did not say", Tone.MUTED), width)
    yield from pair("expires", _expiry(report, now), width)
    if report.last_refresh_at is not None:
        yield from pair("last refresh", styled(shown.stamp(report.last_refresh_at), Tone.PLAIN), width)


def _expiry(report: CredentialReport, now: float) -> Content:
    if report.expires_at is None:
        return styled("no end is known", Tone.MUTED)
    left = report.expires_at - now
    when = shown.stamp(report.expires_at)
    if left <= 0:
        return styled(f"expired {shown.duration(-left)} ago, at {when}", Tone.BAD)
    return Content.assemble(
        styled(f"in {shown.duration(left)}", Tone.WARNING if left < _SOON_SECONDS else Tone.STRONG),
        styled(f"  {when}", Tone.MUTED),
    )


def _warnings(report: CredentialReport, width: int) -> Iterator[Content]:
    if report.warnings:
        yield from heading("Warnings", width)
    for warning in report.warnings:
        yield from hanging("▲ ", styled(warning, Tone.WARNING, _LONGEST), width)


def _chain(report: CredentialReport, width: int) -> Iterator[Content]:
    if not report.chain:
        return
    yield from heading("Providers, in the order in which they are asked", width)
    for methods, status, reason in report.grouped_chain():
        yield from _rows(methods, status, reason, width)


def _rows(methods: list[str], status: str, reason: str, width: int) -> Iterator[Content]:
    """Providers that follow each other and share a reason, as one."""
    glyph, tone = _STATUSES.get(status, ("?", Tone.PLAIN))
    head = styled(f"{glyph} {status}", tone)
    head = Content.assemble(head, " " * max(1, _STATUS_WIDTH - head.cell_length))
    text = Content.assemble(
        styled(", ".join(methods), Tone.STRONG if status == "found" else Tone.PLAIN), "  ", styled(reason, Tone.MUTED, _LONGEST)
    )
    yield from hanging(head, text, width)


def _timeouts(consumers: tuple[ConsumerSnapshot, ...], width: int) -> Iterator[Content]:
    known = [consumer for consumer in consumers if consumer.read_timeout_seconds is not None]
    if known:
        yield from heading("Timeouts: the client must outwait the long poll", width)
    for consumer in known:
        visibility = "" if consumer.visibility_seconds is None else f", visibility timeout {consumer.visibility_seconds} s"
        text = f"long poll {consumer.wait_seconds} s, the client hangs up after {consumer.read_timeout_seconds:g} s{visibility}"
        text += f", transport {consumer.transport}" if consumer.transport else ""
        yield styled(consumer.queue, Tone.STRONG)
        yield from hanging("  ", styled(text, Tone.PLAIN), width)
