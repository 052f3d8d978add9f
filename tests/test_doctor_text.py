"""What the doctor refuses, and how it writes what it found."""

from __future__ import annotations

import json

import click
import pytest

import identity_servers
from examining import raising
from identity_servers import serve
from sqs_core.errors import ConfigurationError
from sqs_core.findings import Finding, Verdict, guarded, masked
from sqs_tui.cli import cli


def test_secrets_in_a_finding_are_masked() -> None:
    finding = masked(Finding("x", Verdict.OK, "password=hunter2-XYZZY", "token=hunter2-XYZZY"))
    assert (finding.evidence, finding.remedy) == ("password=***", "token=***")


def test_a_check_that_fails_is_a_finding() -> None:
    (finding,) = guarded("x", lambda: raising(RecursionError("too deep")))
    assert (finding.check, finding.verdict) == ("x", Verdict.UNKNOWN)
    assert "RecursionError: too deep" in finding.evidence


@pytest.mark.parametrize("seconds", ["nan", "inf"])
def test_a_time_that_is_none_is_refused(seconds: str) -> None:
    with pytest.raises((ConfigurationError, click.UsageError)):
        cli.main(["doctor", "--handler-p95", seconds], standalone_mode=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("doctor", "a queue"),
        ("--endpoint-url", "http://example.com", "doctor"),
        ("--env", "staging", "doctor"),
        ("--endpoint-url", "x", "doctor"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError):
        cli.main([*arguments], standalone_mode=False)


def test_a_localstack_host_that_is_malformed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALSTACK_HOST", "http://a b")
    with pytest.raises(ConfigurationError, match="LOCALSTACK_HOST"):
        cli.main(["doctor"], standalone_mode=False)


@pytest.mark.parametrize("columns", [80, 120])
def test_the_text_fits_and_obeys_nobody(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    hostile = "evil\x1b]0;title\x07 [bold]x[/] \u202e " + "long " * 60

    def answer(_: identity_servers.Server, seen: identity_servers.Seen) -> identity_servers.Answer:
        if seen.path.startswith("/_localstack"):
            return 200, "application/json", json.dumps({"services": {}, "version": hostile})
        if seen.path.startswith("/_"):
            return 404, "text/plain", ""
        return 400, "application/x-amz-json-1.0", json.dumps({"__type": "AccessDenied", "message": hostile})

    with serve(answer) as front:
        code = cli.main(["--endpoint-url", front.url, "doctor", "orders", "--read-timeout", "20"], standalone_mode=False)
    text = capsys.readouterr().out
    assert code == 1
    assert max(map(len, text.splitlines())) <= columns
    assert "evil⟨1B⟩" in text
    assert not [character for character in text if not character.isprintable() and character != "\n"]
    first = [line.split()[0] for line in text.splitlines()[2:] if line and not line.startswith(" ")]
    assert first[:2] == ["problem", "problem"]  # bad news first
    assert "problem  read-timeout       a poll waits up to 20 s, and the client hangs up" in text
    assert "-> use --read-timeout 30 or a shorter --wait" in text
    assert text.splitlines()[-1].startswith("2 problems, ")
    assert "found           dummy: no key is set" in text


def test_all_is_well_in_text(ministack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--endpoint-url", ministack, "doctor"], standalone_mode=False) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 note"
