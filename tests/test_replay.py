"""Captured messages again: in their rhythm to a queue, or straight into a handler."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from consuming import Process, fill
from transferring import lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


Place = tuple[str, "SQSClient", "QueueFactory"]


def test_a_replay_says_what_it_replays_and_keeps_the_rhythm(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    queue = ministack_queue_factory()
    path = tmp_path / "in"
    stamps = ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:30.000Z", "2026-01-01T00:01:00.000Z")
    rows = [{"schema": 1, "message_id": f"m{n}", "body": f"{n}", "received_at": at} for n, at in enumerate(stamps)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    for _ in range(2):
        code, seen = run(ministack, "replay", str(path), queue.name, "--speed", "100", "--yes")
        assert (code, seen["moved"]) == (0, 3), "a replay begins at the start each time"
    found = []
    names: Any = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
    while messages := ministack_sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10, **names).get("Messages"):
        found += messages
    came_from = [message["MessageAttributes"]["sqs-tui.replayed-from"]["StringValue"] for message in found]
    assert came_from == ["m0", "m1", "m2"] * 2
    sent = [int(message["Attributes"]["SentTimestamp"]) for message in found[:3]]
    assert sent[1] - sent[0] >= 250, "30 s at 100 times the speed"
    assert sent[2] - sent[1] >= 250


def test_a_file_goes_straight_into_a_handler_and_its_ends_are_compared(
    run: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "rehearsed_jobs.py").write_text(
        "from sqs_core import Discard\n"
        "def handle(message):\n"
        "    kind = message.json()['kind']\n"
        "    if kind == 'bad': raise ValueError('no')\n"
        "    if kind == 'old': raise Discard()\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    path, out = tmp_path / "in", tmp_path / "out"
    kinds = {"good": "handled", "bad": "handled", "old": "discarded", "worse": "retried"}
    rows = [{"schema": 1, "message_id": k, "body": json.dumps({"kind": k}), "outcome": v} for k, v in kinds.items()]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    code, seen = run("http://127.0.0.1:9", "replay", str(path), "--handler", "rehearsed_jobs:handle", "--out", str(out))
    assert (code, seen["outcomes"]) == (1, {"handled": 2, "retried": 1, "discarded": 1})
    assert [(row["message_id"], row["before"], row["outcome"]) for row in seen["differ"]] == [
        ("bad", "handled", "retried"),
        ("worse", "retried", "handled"),
    ]
    code, seen = run("http://127.0.0.1:9", "replay", str(out), "--handler", "rehearsed_jobs:handle")
    assert (code, seen["differ"]) == (0, []), "run to run the same"
    sys.modules.pop("rehearsed_jobs", None)


def test_a_consumer_writes_down_what_it_finished_and_it_can_be_rehearsed(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, [json.dumps({"n": number, "password": "planted-in-body"}) for number in range(20)])
    path, part = tmp_path / "all", tmp_path / "part"
    with Process(ministack, queue.name, "--handler", "builtin:noop", "--max-messages", "20", "--capture", str(path)) as process:
        assert process.end().report()["handled"] == 20
    rows = lines(path)
    assert sorted(json.loads(row["body"])["n"] for row in rows) == list(range(20))
    assert {(row["outcome"], row["schema"], row["receive_count"]) for row in rows} == {("handled", 1, 1)}
    assert all(row["handler_ms"] >= 0 and row["received_at"] for row in rows)
    assert "planted-in-body" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    code, seen = run(ministack, "replay", str(path), "--handler", "builtin:fail")
    assert (code, len(seen["differ"])) == (1, 20)
    fill(ministack_sqs, queue, [str(number) for number in range(300)])
    few = ("--capture-share", "0.1", "--max-messages", "300")
    with Process(ministack, queue.name, "--handler", "builtin:noop", "--capture", str(part), *few) as process:
        process.end().report()
    assert 5 <= len(lines(part)) <= 80
    with Process(ministack, queue.name, "--handler", "builtin:noop", "--capture", str(part)) as process:
        ended = process.end()
    assert (ended.code, "exists" in ended.errors) == (2, True)
