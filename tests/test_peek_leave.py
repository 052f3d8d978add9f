"""Who may look by receiving, and what is written down of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from consuming import fill, receive_counts
from examining import DEPLOYED
from identity_servers import Denying, serve
from sqs_core.action_log import log_path
from sqs_core.errors import ConfigurationError
from sqs_tui.cli import cli

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


REFUSED: list[tuple[tuple[str, ...], tuple[str, ...], str]] = [
    ((), (), "pass --yes"),
    ((), ("--read-only", "--yes"), "read-only"),
    (DEPLOYED, ("--yes",), "staging is locked: pass --allow-writes and --reason"),
    ((*DEPLOYED, "--allow-writes"), ("--yes",), "say why with --reason"),
    ((*DEPLOYED, "--reason", "why"), ("--yes",), "staging is locked"),
    ((*DEPLOYED, "--allow-writes", "--reason", "why"), ("--yes", "--read-only"), "read-only"),
    ((*DEPLOYED, "--allow-writes", "--reason", "why"), (), "pass --yes"),
]


@pytest.mark.parametrize(("before", "after", "said"), REFUSED)
def test_without_leave_nothing_is_received(
    before: tuple[str, ...],
    after: tuple[str, ...],
    said: str,
    ministack: str,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVKEY000001")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-environment")
    queue = ministack_queue_factory(max_receive_count=5)
    denying = Denying(ministack)
    with serve(denying.answer) as front, pytest.raises(ConfigurationError, match=said):
        cli.main([*before, "--endpoint-url", front.url, "peek", queue.name, "--receive", *after], standalone_mode=False)
    assert "ReceiveMessage" not in denying.asked


def test_a_look_in_a_deployed_environment_is_logged_with_its_reason(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVKEY000001")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-environment")
    queue = ministack_queue_factory(max_receive_count=5)
    fill(ministack_sqs, queue, ["the body"])
    leave = ("--allow-writes", "--reason", "ticket 42")
    arguments = [*DEPLOYED, *leave, "--endpoint-url", ministack, "peek", queue.name, "--receive", "--yes", "--json"]
    assert cli.main(arguments, standalone_mode=False) == 0
    (row,) = json.loads(capsys.readouterr().out)["messages"]
    path = log_path()
    begun, ended = (json.loads(line) for line in path.read_text().splitlines())
    for line in (begun, ended):
        assert (line["operation"], line["queue"], line["environment"], line["reason"]) == (
            "peek",
            queue.name,
            "staging",
            "ticket 42",
        )
        assert line["who"]
    assert (begun["result"], ended["result"]) == ("begun", "1 handed back")
    assert (ended["count"], ended["message_ids"]) == (1, [row["message_id"]])
    assert "the body" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_look_that_cannot_be_logged_is_not_taken(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=5)
    fill(ministack_sqs, queue, ["a"])
    log_path().mkdir()
    with pytest.raises(ConfigurationError, match=r"the action log .* cannot be written"):
        cli.main(["--endpoint-url", ministack, "peek", queue.name, "--receive", "--yes"], standalone_mode=False)
    assert receive_counts(ministack_sqs, queue) == [1]
