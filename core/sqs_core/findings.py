"""What an examination found: a verdict with its evidence and a remedy, and the whole of it as JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqs_core.errors import describe
from sqs_core.masking import mask_secrets
from sqs_core.model import SCHEMA
from sqs_core.wire import to_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqs_core.model import CredentialReport


class Verdict(StrEnum):
    """From good to bad. `note` is worth knowing and no fault; `unknown` could not be seen."""

    OK = "ok"
    NOTE = "note"
    UNKNOWN = "unknown"
    WARNING = "warning"
    PROBLEM = "problem"


FAULTS = (Verdict.WARNING, Verdict.PROBLEM)
"""The verdicts that make an examination's exit code 1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result. `evidence` is what was seen, with numbers; `remedy` is empty where nothing is to be done."""

    check: str
    verdict: Verdict
    evidence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """All findings in the order of the checks. Texts may be foreign: faces clean them. Secrets in them are masked."""

    at: float
    environment: str
    environment_decided_by: str
    endpoint: str
    region: str
    queue: str | None
    credentials: CredentialReport | None
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0 where all is well, 1 where a finding is a warning or a problem."""
        return int(any(finding.verdict in FAULTS for finding in self.findings))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, `schema` first, `exit_code` last; `credentials` as in a snapshot."""
        return {"schema": SCHEMA, **to_plain(self), "exit_code": self.exit_code}


def masked(finding: Finding) -> Finding:
    """The finding with the secrets in its texts hidden."""
    return replace(finding, evidence=mask_secrets(finding.evidence), remedy=mask_secrets(finding.remedy))


def guarded(check: str, work: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What `work` finds; where it cannot cope with what a server answered, that is the finding."""
    try:
        return list(work())
    except Exception as error:  # noqa: BLE001 - an examination that dies of an odd answer helps nobody
        return [Finding(check, Verdict.UNKNOWN, f"an answer that could not be understood: {describe(error)}")]


def refusal(check: str, text: str, verdict: Verdict = Verdict.PROBLEM) -> Finding:
    """A refusal in one line (`what is wrong; what to do`) as a finding with its remedy."""
    for separator in ("; ", ": "):
        evidence, found, remedy = text.rpartition(separator)
        if found:
            return Finding(check, verdict, evidence, remedy)
    return Finding(check, verdict, text)
