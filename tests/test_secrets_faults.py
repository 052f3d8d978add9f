"""What a server's refusal repeats of a request's secrets reaches neither the screen, nor a picture of it, nor a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import identity_servers
from consuming import fill
from hostile_terminals import ESCAPE
from identity_servers import serve
from sqs_core.demo.chaos import ChaosProxy, Fault, Rule
from terminals import Terminal
from test_secrets import BODY, PLANTED, hides_all, planted  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

pytestmark = pytest.mark.sdk
ECHO = f"The canonical string should have been 'POST / x-amz-security-token:{PLANTED['issued']}-token {PLANTED['issued']}'"
REFUSING = (
    Rule(Fault.ERROR, "DeleteMessageBatch", code="SignatureDoesNotMatch", status=403, text=ECHO),
    Rule(Fault.ERROR, "GetQueueAttributes", skip=1, code="AccessDenied", status=403, text=f"{ECHO} password={PLANTED['body']}"),
    Rule(Fault.ERROR, "ReceiveMessage", skip=2, code="SignatureDoesNotMatch", status=403, text=ECHO),
)


def quiet(terminal: Terminal) -> None:
    """Read until nothing more is drawn for a moment."""
    before = -1
    while before != len(terminal.seen):
        before = len(terminal.seen)
        terminal.read(0.08)


def test_on_a_terminal(
    hides_all: Callable[[str], None],  # noqa: F811 - the fixture
    planted: dict[str, str],  # noqa: F811 - the fixture
    clean_environment: Path,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, [BODY] * 3)
    home = clean_environment
    monkeypatch.chdir(home)  # where a picture of the screen goes
    arguments = ["--log-file", str(home / "log"), "--region", "us-east-1", "--env", "staging", "--allow-endpoint", "127.0.0.1"]
    with serve(identity_servers.sts) as sts, ChaosProxy(ministack, *REFUSING) as proxy:
        arguments += ["--sts-endpoint-url", sts.url, "--endpoint-url", proxy.url]
        arguments += ["consume", queue.name, "--handler", "builtin:fail", "--wait", "1", "--drain-timeout", "1"]
        with Terminal(arguments, 160, 50, **planted) as terminal:
            terminal.until(b"SignatureDoesNotMatch")
            for keys in (b"m", b"\r", ESCAPE, b"e", ESCAPE, b"I", ESCAPE, b"@", ESCAPE, b"s"):
                terminal.press(keys)
                quiet(terminal)
            terminal.press(b"q")
            assert terminal.ended(15.0) in (0, 1)
            written = terminal.seen.decode("utf-8", "replace")
    files = [path for path in home.rglob("*") if path.is_file() and path.name not in {"token", "credentials", "planted.py"}]
    written += "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    assert (home / "log") in files
    assert [path for path in files if path.suffix == ".svg"]
    assert "canonical string" in written
    assert "x-amz-security-token:***" in written
    hides_all(written)
