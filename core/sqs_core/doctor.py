"""An examination of what a consumer would meet here: identity, endpoint, permissions, queue, timeouts.

It looks as a consumer would, with the same credentials, and changes nothing. It ends by itself when nothing answers.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqs_core.bounded import within
from sqs_core.client import AwsSession, ClientProfile, choose_endpoint
from sqs_core.credential_asking import ask_providers
from sqs_core.credential_chain import Identity, build_report
from sqs_core.doctor_endpoint import examine_endpoint
from sqs_core.doctor_permissions import Permissions
from sqs_core.doctor_queue import examine_attributes
from sqs_core.errors import ConfigurationError, describe
from sqs_core.findings import Examination, Finding, Verdict, guarded, masked, refusal
from sqs_core.settings import READ_TIMEOUT_MARGIN_SECONDS

if TYPE_CHECKING:
    from sqs_core.model import CredentialReport
    from sqs_core.settings import ConnectionSettings, QueueReference

CREDENTIALS_SECONDS = 12.0
"""The SDK bounds its network calls to less, and a credential_process not at all."""
IDENTITY_SECONDS = 8.0
SERVICE_SECONDS = 20.0
"""For all requests together: an answer that drips in never runs into a timeout of its own."""
SHORT_MARGIN_SECONDS = 2.0
_STS_ONCE = ClientProfile("doctor's identity", 4.0, 1, frozenset({"GetCallerIdentity"}), 3.0)


@dataclass(frozen=True, slots=True)
class Question:
    """What to examine. `probe` asks every credential provider, and tries to delete and extend a message that does not exist."""

    connection: ConnectionSettings
    queue: QueueReference | None = None
    wait_seconds: int = 20
    read_timeout_seconds: float | None = None
    handler_p95_seconds: float | None = None
    probe: bool = False


def examine(question: Question) -> Examination:
    """Everything that can be seen. Faults are findings; raises `ConfigurationError` only for settings that cannot be used."""
    connection = question.connection
    endpoint = choose_endpoint(connection)
    findings = _environment(connection, endpoint)
    session, report, found = _credentials(connection, probe=question.probe)
    findings += found
    signing = session if report.provider != "none" else None
    if signing is not None:
        identity = _ask_identity(signing)
        findings.append(_identity(connection, identity))
        report = _named(signing, report, identity)
    url = endpoint or (session.service_url() if session is not None else None)
    bundle = session.certificate_bundle() if session is not None else None
    findings += _service(question, signing, url, bundle)
    findings.append(judge_read_timeout(question))
    return Examination(
        at=time.time(),
        environment=connection.environment.value,
        environment_decided_by=connection.decided_by,
        endpoint=url or "",
        region=connection.region,
        queue=question.queue.given if question.queue else None,
        credentials=report,
        findings=tuple(masked(finding) for finding in findings),
    )


def _environment(connection: ConnectionSettings, endpoint: str | None) -> list[Finding]:
    how = {"default": "neither --env nor APP_ENV is set", "APP_ENV": f"APP_ENV is {os.environ.get('APP_ENV')}"}
    said = f"{connection.environment}: {how.get(connection.decided_by, f'{connection.decided_by} says so')}"
    profile = os.environ.get("AWS_PROFILE")
    if profile and not connection.environment.deployed:
        said += f"; AWS_PROFILE {profile} has no effect here"
    warning = connection.environment_warning
    first = refusal("environment", warning, Verdict.WARNING) if warning else Finding("environment", Verdict.OK, said)
    return [first, *([_ignored_endpoints(connection.ignored_variables, endpoint)] if connection.ignored_variables else [])]


def _ignored_endpoints(names: tuple[str, ...], endpoint: str | None) -> Finding:
    meant = {value for name, value in os.environ.items() if name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS")}
    agrees = meant <= {endpoint} and endpoint is not None
    remedy = "" if agrees else "pass --endpoint-url if you meant that address, or unset the variable"
    said = f"{', '.join(names)} ignored"
    return Finding("endpoint-variables", Verdict.NOTE if agrees else Verdict.WARNING, said, remedy)


def _credentials(connection: ConnectionSettings, *, probe: bool) -> tuple[AwsSession | None, CredentialReport, list[Finding]]:
    try:
        session = AwsSession(connection)
    except ConfigurationError as error:
        return None, build_report(connection, None, Identity(), time.time()), [refusal("credentials", str(error))]
    findings: list[Finding] = []
    try:
        report = within(CREDENTIALS_SECONDS, session.credentials)
    except ConfigurationError as error:
        findings.append(refusal("credentials", str(error)))
        report = session.report(time.time(), Identity())
    except Exception as error:  # noqa: BLE001 - the SDK raises whatever its provider met
        report = session.report(time.time(), Identity())
        findings.append(Finding("credentials", Verdict.PROBLEM, describe(error), _way_out(report)))
    else:
        findings.append(Finding("credentials", Verdict.OK, _in_use(report)))
    if probe:
        # Providers remember what they were asked: those of a new session have not been.
        report = ask_providers(report, AwsSession(connection).providers())
    return session, report, findings + [_warned(warning) for warning in report.warnings]


def _way_out(report: CredentialReport) -> str:
    failed = [f"{row.method}: {row.reason}" for row in report.chain if row.status == "failed"]
    return "; ".join(failed) or "see the providers: the first that is configured must answer, and an agent or a program may hang"


def _in_use(report: CredentialReport) -> str:
    if report.provider == "dummy":
        return "dummy: the emulators' customary pair, for no key is set"
    key = f", key …{report.key_hint}" if report.key_hint else ""
    if report.expires_at is None:
        return f"{report.provider}{key}; no end is known"
    return f"{report.provider}{key}; they expire in {(report.expires_at - time.time()) / 60:.0f} min"


def _warned(warning: str) -> Finding:
    remedy = "take out what is not meant, or see the providers for why it was passed over"
    return Finding("credentials", Verdict.WARNING, warning, remedy)


def _ask_identity(session: AwsSession) -> Identity:
    try:
        return within(IDENTITY_SECONDS, lambda: session.identity(_STS_ONCE))
    except TimeoutError as error:
        return Identity(error=f"STS: {error}")


def _identity(connection: ConnectionSettings, identity: Identity) -> Finding:
    if identity.arn is not None:
        return Finding("identity", Verdict.OK, f"{identity.arn} (account {identity.account})")
    if identity.error is None:
        return Finding("identity", Verdict.OK, f"not asked for: {connection.environment} asks STS only with --sts-endpoint-url")
    remedy = "nothing else needs STS; allow sts:GetCallerIdentity or make STS reachable to see the account"
    return Finding("identity", Verdict.NOTE, f"STS does not say who this is: {identity.error}", remedy)


def _named(session: AwsSession, report: CredentialReport, identity: Identity) -> CredentialReport:
    named = session.report(time.time(), identity)
    return replace(named, chain=report.chain)


def _service(question: Question, session: AwsSession | None, url: str | None, certificate_bundle: str | None) -> list[Finding]:
    if url is None:
        return [Finding("endpoint", Verdict.UNKNOWN, "AWS's own; not asked, for the credentials' settings cannot be used")]
    view = examine_endpoint(question.connection, url, certificate_bundle)
    findings = list(view.findings)
    if not view.answers:
        return [*findings, Finding("permissions", Verdict.UNKNOWN, "not asked: the endpoint does not answer")]
    if session is None:
        return [*findings, Finding("permissions", Verdict.UNKNOWN, "not asked: there are no credentials to sign with")]
    permissions = Permissions(session, question.queue, probe=question.probe)
    odd = guarded("permissions", lambda: _bounded(permissions))
    seen = permissions.view
    findings += [*seen.findings, *odd]
    attributes = seen.attributes
    if attributes is not None:
        findings += guarded("queue", lambda: examine_attributes(attributes, seen.dead, question.handler_p95_seconds))
    elif question.queue is None:
        findings.append(Finding("queue", Verdict.NOTE, "none was named", "name a QUEUE to examine its settings and dead letters"))
    return findings


def _bounded(permissions: Permissions) -> list[Finding]:
    try:
        within(SERVICE_SECONDS, permissions.examine)
    except TimeoutError:
        said = f"SQS did not answer everything within {SERVICE_SECONDS:g} s"
        return [Finding("permissions", Verdict.PROBLEM, said, "something holds answers back: look at network and proxies")]
    return []


def judge_read_timeout(question: Question) -> Finding:
    """The long poll against the time after which the client hangs up."""
    wait, read = question.wait_seconds, question.read_timeout_seconds
    if read is None:
        read = wait + READ_TIMEOUT_MARGIN_SECONDS
    both = f"a poll waits up to {wait} s, and the client hangs up after {read:g} s"
    better = f"use --read-timeout {wait + READ_TIMEOUT_MARGIN_SECONDS:g}"
    if read <= wait:
        lost = "SQS answers too late, and up to 10 messages are invisible until their visibility timeout"
        return Finding("read-timeout", Verdict.PROBLEM, f"{both}: {lost}", f"{better}{' or a shorter --wait' if wait else ''}")
    if read < wait + SHORT_MARGIN_SECONDS:
        return Finding("read-timeout", Verdict.WARNING, f"{both}: a slow answer is lost", better)
    return Finding("read-timeout", Verdict.OK, both)
