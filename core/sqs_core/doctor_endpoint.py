"""What an examination sees of the endpoint without credentials: does it answer, how fast, how right is the clock, what is it?"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqs_core.bounded import within
from sqs_core.errors import describe
from sqs_core.findings import Finding, Verdict
from sqs_core.settings import is_aws_host
from sqs_core.unsigned import Answer, Asker

if TYPE_CHECKING:
    from sqs_core.settings import ConnectionSettings

TIMEOUT_SECONDS = 4.0
SKEW_NOTE_SECONDS, SKEW_WARNING_SECONDS, SKEW_PROBLEM_SECONDS = 5.0, 60.0, 240.0
"""AWS refuses signatures that are more than 300 seconds off; `Date` itself is only good to a second."""
SLOW_SECONDS = 1.0
_HEALTH_PAGES = {"MiniStack": "/_ministack/health", "LocalStack": "/_localstack/health"}
"""In this order: MiniStack answers at both."""


@dataclass(frozen=True, slots=True)
class EndpointView:
    """The findings, and whether anybody answered."""

    answers: bool
    findings: tuple[Finding, ...]


def examine_endpoint(connection: ConnectionSettings, url: str, certificate_bundle: str | None) -> EndpointView:
    """Two GETs and, where the endpoint is not AWS's, a look at the emulators' health pages. Never raises."""
    asker = Asker(connection, TIMEOUT_SECONDS, certificate_bundle)
    try:
        first, second = within(TIMEOUT_SECONDS, lambda: (asker.get(url), asker.get(url)))
    except Exception as error:  # noqa: BLE001 - the SDK raises what it likes; whatever it was, nobody answered
        said = describe(error)
        said = said if url in said else f"{url}: {said}"
        return EndpointView(False, (Finding("endpoint", Verdict.PROBLEM, said, _mend(error)),))
    else:
        findings = (_latency(url, first, second), judge_skew(second), _emulator(asker, url, second))
        return EndpointView(True, tuple(finding for finding in findings if finding is not None))
    finally:
        asker.close()


def _mend(error: BaseException) -> str:
    if "SSL" in type(error).__name__:
        return "the certificate is not trusted here: set AWS_CA_BUNDLE to the authority's file, or correct the endpoint"
    return "start the endpoint, correct --endpoint-url or --region, or check network and proxies"


def _latency(url: str, first: Answer, second: Answer) -> Finding:
    quickest = min(first.seconds, second.seconds)
    took = f"{quickest * 1000:.0f} ms, {first.seconds * 1000:.0f} ms with connecting"
    if quickest < SLOW_SECONDS:
        return Finding("endpoint", Verdict.OK, f"{url} answers in {took}")
    remedy = "every receive and delete takes as long: use an endpoint that is nearer, or look at the network"
    return Finding("endpoint", Verdict.WARNING, f"{url} answers slowly: {took}", remedy)


def judge_skew(answer: Answer) -> Finding:
    """How far the answer's `Date` is from this machine's clock while it was on its way."""
    try:
        there = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError, OverflowError, TypeError):
        return Finding("clock-skew", Verdict.UNKNOWN, "the answer names no date")
    skew = there + 0.5 - (answer.sent_at + answer.seconds / 2)  # the second it names has begun: half of it is over, on average
    size = abs(skew)
    said = f"this machine's clock is {size:.0f} s {'behind' if skew > 0 else 'ahead of'} the endpoint's"
    if size <= SKEW_NOTE_SECONDS:
        return Finding("clock-skew", Verdict.OK, f"at most {max(size, 1):.0f} s between this machine's clock and the endpoint's")
    verdict = Verdict.NOTE if size <= SKEW_WARNING_SECONDS else Verdict.WARNING
    if size > SKEW_PROBLEM_SECONDS:
        verdict = Verdict.PROBLEM
    return Finding("clock-skew", verdict, f"{said}; AWS refuses requests at 300 s", "set the clock, for example with NTP")


def _emulator(asker: Asker, url: str, answer: Answer) -> Finding | None:
    parts = urlsplit(url)
    if is_aws_host(parts.hostname or ""):
        return None
    server = answer.headers.get("server")
    for name, path in _HEALTH_PAGES.items():
        version = _version(asker, f"{parts.scheme}://{parts.netloc}{path}")
        if version is not None:
            return Finding("emulator", Verdict.OK, f"{name} {version}".rstrip())
    said = f"not AWS, LocalStack or MiniStack; it calls itself {server}" if server else "not AWS, LocalStack or MiniStack"
    return Finding("emulator", Verdict.NOTE, said)


def _version(asker: Asker, url: str) -> str | None:
    """The version a health page tells, empty where it tells none; None where there is no such page."""
    page = asker.page(url, TIMEOUT_SECONDS / 2)
    return str(page.get("version", "")) if isinstance(page, dict) and "services" in page else None
