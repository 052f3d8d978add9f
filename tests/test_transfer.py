"""Messages out to a file and back into a queue: the same ones, whatever is in them, and once however often it was cut."""

from __future__ import annotations

import base64
import json
import random
import sys
from typing import TYPE_CHECKING, Any

import pytest

from consuming import Process, depth, fill
from identity_servers import Denying, Losing, serve
from sqs_core.errors import ConfigurationError
from sqs_tui.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue

Place = tuple[str, "SQSClient", "QueueFactory"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs a command with `--json`; gives the exit code and the object."""

    def run(endpoint: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        code = cli.main(["--endpoint-url", endpoint, *arguments, "--json"], standalone_mode=False)
        seen: dict[str, Any] = json.loads(capsys.readouterr().out)
        return int(code), seen

    return run


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def what_it_says(path: Path) -> list[tuple[Any, ...]]:
    """The parts that a message keeps wherever it goes."""
    kept = ("body", "attributes", "group_id", "dedup_id")
    return sorted((tuple(json.dumps(line[name], sort_keys=True) for name in kept)) for line in lines(path))


def _hostile(dice: random.Random, number: int) -> dict[str, Any]:
    """Any character that SQS takes, in bodies and attributes, and bytes of any kind."""
    planes = [(0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF), (0x09, 0x0A), (0x200B, 0x202E), (0x7F, 0x9F)]

    def text(length: int) -> str:
        return "".join(chr(dice.randint(*dice.choice(planes))) for _ in range(length))

    attributes: dict[str, Any] = {
        "raw": {"type": "Binary.x", "value": base64.b64encode(dice.randbytes(dice.randint(1, 99))).decode()},
        "word": {"type": "String.y", "value": text(dice.randint(1, 30))},
        "number": {"type": "Number", "value": dice.choice(["1.10", "-0", "1e3", "00042", "123456789012345678901234567890"])},
    }
    chosen = dict(dice.sample(list(attributes.items()), dice.randint(0, 3)))
    return {"schema": 1, "message_id": f"m{number}", "body": text(dice.randint(1, 200)), "attributes": chosen}


def test_a_thousand_hostile_messages_come_back_the_same(
    localstack: str, queue_factory: QueueFactory, run: Callable[..., tuple[int, dict[str, Any]]], tmp_path: Path
) -> None:
    dice = random.Random(4)
    first, there, back = (tmp_path / name for name in ("first", "there", "back"))
    messages = [_hostile(dice, number) for number in range(999)]
    messages.append({"schema": 1, "message_id": "large", "body": "ü" * 2**19, "attributes": {}})
    first.write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    one, other = queue_factory(), queue_factory()
    assert run(localstack, "import", str(first), one.name, "--yes")[1]["moved"] == 1000
    assert run(localstack, "export", one.name, str(there))[1]["written"] == 1000
    seen = run(localstack, "import", str(there), other.name, "--yes")[1]
    assert [result["why"] for result in seen["results"] if result["state"] != "moved"] == []
    assert run(localstack, "export", other.name, str(back))[1]["written"] == 1000
    written = sorted(
        tuple(json.dumps(message.get(name), sort_keys=True) for name in ("body", "attributes", "group_id", "dedup_id"))
        for message in messages
    )
    assert what_it_says(there) == written
    assert what_it_says(back) == written


def test_fifo_messages_keep_group_and_deduplication_id(
    place: Place, run: Callable[..., tuple[int, dict[str, Any]]], tmp_path: Path
) -> None:
    endpoint, sqs, factory = place
    one, other = factory(fifo=True), factory(fifo=True)
    fill(sqs, one, ["a", "b", "c", "d"], ["g", "h", "g", "h"])
    there, back = tmp_path / "there", tmp_path / "back"
    assert run(endpoint, "export", one.name, str(there))[0] == 0
    code, seen = run(endpoint, "import", str(there), other.name, "--yes")
    assert (code, seen["moved"]) == (0, 4)
    run(endpoint, "export", other.name, str(back))
    assert what_it_says(back) == what_it_says(there)
    assert sorted(line["dedup_id"] for line in lines(there)) == ["0", "1", "2", "3"]


def test_an_export_by_receiving_hands_back_and_deletes_only_when_told(
    place: Place, run: Callable[..., tuple[int, dict[str, Any]]], tmp_path: Path
) -> None:
    endpoint, sqs, factory = place
    queue = factory()
    fill(sqs, queue, [json.dumps({"n": number}) for number in range(25)])
    code, seen = run(endpoint, "export", queue.name, str(tmp_path / "seen"), "--receive")
    assert (code, seen["rung"], seen["written"], seen["deleted"]) == (0, "receive", 25, 0)
    assert depth(sqs, queue.url) == (25, 0)
    assert {line["receive_count"] for line in lines(tmp_path / "seen")} == {1}
    assert all(line["received_at"].endswith("Z") for line in lines(tmp_path / "seen"))
    code, seen = run(endpoint, "export", queue.name, str(tmp_path / "gone"), "--where", "json.n < `10`", "--delete", "--yes")
    assert (code, seen["seen"], seen["written"], seen["deleted"]) == (0, 25, 10, 10)
    assert depth(sqs, queue.url) == (15, 0)
    assert sorted(json.loads(line["body"])["n"] for line in lines(tmp_path / "gone")) == list(range(10))
    code, seen = run(endpoint, "export", queue.name, str(tmp_path / "few"), "--max", "4", "--delete", "--yes")
    assert (seen["written"], seen["deleted"], depth(sqs, queue.url)) == (4, 4, (11, 0))


def test_an_export_never_writes_over_a_file_and_never_deletes_unasked(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, ["a", "b"])
    path = tmp_path / "out"
    run(ministack, "export", queue.name, str(path))
    with pytest.raises(ConfigurationError, match="exists"):
        run(ministack, "export", queue.name, str(path))
    with pytest.raises(ConfigurationError, match="nobody can be asked"):
        run(ministack, "export", queue.name, str(tmp_path / "other"), "--delete")
    with pytest.raises(ConfigurationError, match="read-only"):
        run(ministack, "export", queue.name, str(tmp_path / "other"), "--delete", "--yes", "--read-only")
    run(ministack, "export", queue.name, str(path), "--append")
    assert [line["body"] for line in lines(path)] == ["a", "b", "a", "b"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert depth(ministack_sqs, queue.url) == (2, 0)


def test_an_export_is_refused_where_it_might_use_up_a_message(
    place: Place, run: Callable[..., tuple[int, dict[str, Any]]], tmp_path: Path
) -> None:
    endpoint, sqs, factory = place
    queue = factory(max_receive_count=2)
    fill(sqs, queue, ["a"])
    run(endpoint, "export", queue.name, str(tmp_path / "one"), "--receive", "--yes")
    with pytest.raises(ConfigurationError, match="1 of 2 times"):
        run(endpoint, "export", queue.name, str(tmp_path / "two"), "--receive", "--yes")
    assert depth(sqs, queue.url) == (1, 0)
    assert depth(sqs, queue.dead_letters.url) == (0, 0)


def _write(path: Path, count: int) -> Path:
    path.write_text("".join(f"{json.dumps({'schema': 1, 'body': f'{number}'})}\n" for number in range(count)))
    return path


def test_an_import_that_was_cut_goes_on_where_it_was(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    queue = ministack_queue_factory()
    path = _write(tmp_path / "in", 60)
    denying = Denying(ministack)

    def answer(server: Any, seen: Any) -> Any:
        if "SendMessageBatch" in denying.asked[-2:]:
            denying.codes["SendMessageBatch"] = "AccessDeniedException"
        return denying.answer(server, seen)

    with serve(answer) as server:
        code, seen = run(server.url, "import", str(path), queue.name, "--yes")
        assert (code, seen["moved"], seen["failed"]) == (1, 10, 30)
        denying.codes.clear()
        denying.asked.clear()
    with serve(denying.answer) as server:
        pass
    code, seen = run(ministack, "import", str(path), queue.name, "--yes")
    assert (code, seen["moved"]) == (0, 60), "another endpoint is another place"
    code, seen = run(ministack, "import", str(path), queue.name, "--yes")
    assert (code, seen["moved"], seen["skipped"]) == (0, 0, 60)
    code, seen = run(ministack, "import", str(path), queue.name, "--yes", "--again")
    assert (code, seen["moved"]) == (0, 60)
    assert depth(ministack_sqs, queue.url) == (130, 0)


def test_lines_of_an_import_whose_answer_was_lost_are_uncertain(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    queue = ministack_queue_factory()
    path = _write(tmp_path / "in", 30)
    losing = Losing(ministack, "SendMessage", lambda number: number == 2)
    with serve(losing.answer) as server:
        code, seen = run(server.url, "import", str(path), queue.name, "--yes")
        assert (code, seen["moved"], seen["uncertain"]) == (1, 20, 10)
        code, seen = run(server.url, "import", str(path), queue.name, "--yes")
        assert (code, seen["moved"], seen["skipped"], seen["uncertain"]) == (1, 0, 20, 10)
        code, seen = run(server.url, "import", str(path), queue.name, "--yes", "--retry-uncertain")
        assert (code, seen["moved"], seen["skipped"]) == (0, 10, 20)
    assert depth(ministack_sqs, queue.url) == (40, 0), "sent again because it was asked for"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: it is no JSON"),
        ("[]", "line 2: it is no JSON object"),
        ('{"schema": 2, "body": "x"}', "line 2: schema is 2, not 1"),
        ('{"schema": 1}', "line 2: body is missing"),
        ('{"schema": 1, "body": 5}', "line 2: body is no text"),
        ('{"schema": 1, "body": "x", "attributes": {"a": 1}}', "line 2: attributes.a is no object"),
        ('{"schema": 1, "body": "x", "attributes": {"a": {"type": "String"}}}', "line 2: attributes.a lacks value"),
        (
            '{"schema": 1, "body": "x", "attributes": {"a": {"type": "Binary", "value": "%"}}}',
            "line 2: attributes.a is no base64",
        ),
        ("[" * 100_000, "line 2: it is no JSON"),
    ],
)
def test_a_line_that_cannot_be_read_stops_an_import_before_it_begins(
    line: str,
    said: str,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    queue = ministack_queue_factory()
    path = _write(tmp_path / "in", 1)
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(ConfigurationError, match=said):
        run(ministack, "import", str(path), queue.name, "--yes")
    assert depth(ministack_sqs, queue.url) == (0, 0)
    code, seen = run(ministack, "import", str(path), queue.name, "--yes", "--skip-unreadable")
    assert (code, seen["moved"], seen["skipped"]) == (0, 1, 1)


def test_what_sqs_took_for_a_repeat_is_told(place: Place, run: Callable[..., tuple[int, dict[str, Any]]], tmp_path: Path) -> None:
    endpoint, sqs, factory = place
    queue = factory(fifo=True)
    path = tmp_path / "in"
    message = {"schema": 1, "body": "x", "group_id": "g", "dedup_id": "same"}
    path.write_text(f"{json.dumps(message)}\n{json.dumps({**message, 'body': 'y'})}\n")
    _, seen = run(endpoint, "import", str(path), queue.name, "--yes")
    assert [result["state"] for result in seen["results"]] == ["moved", "skipped"]
    assert "same deduplication id" in seen["results"][1]["why"]
    assert depth(sqs, queue.url) == (1, 0)


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


def test_sending_one(place: Place, run: Callable[..., tuple[int, dict[str, Any]]], tmp_path: Path) -> None:
    endpoint, sqs, factory = place
    queue, fifo = factory(), factory(fifo=True)
    code, seen = run(endpoint, "send", queue.name, "--body", "ü", "--attr", "n:Number=3", "--attr", "b:Binary=AAE=", "--yes")
    assert (code, seen["state"]) == (0, "sent")
    (found,) = sqs.receive_message(QueueUrl=queue.url, MessageAttributeNames=["All"])["Messages"]
    assert (found["Body"], found["MessageId"]) == ("ü", seen["message_id"])
    assert found["MessageAttributes"]["n"]["StringValue"] == "3"
    assert found["MessageAttributes"]["b"]["BinaryValue"] == b"\x00\x01"
    path = tmp_path / "body"
    path.write_text("from a file\n")
    code, _ = run(endpoint, "send", fifo.name, "--file", str(path), "--group", "g", "--yes")
    (found,) = sqs.receive_message(QueueUrl=fifo.url, MessageSystemAttributeNames=["All"])["Messages"]
    assert (code, found["Body"], found["Attributes"]["MessageGroupId"]) == (0, "from a file\n", "g")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--body TEXT or --file PATH"),
        (("--body", "x", "--file", "y"), "--body TEXT or --file PATH"),
        (("--body", "x", "--attr", "colour"), "is not NAME=VALUE"),
        (("--body", "x", "--attr", "a:Colour=red"), "is not String, Number or Binary"),
        (("--body", "x", "--attr", "a:Binary=%"), "base64"),
        (("--body", "x", "--dedup", "d"), "is not FIFO"),
        (("--body", ""), "its body is empty"),
        (("--body", "x" * (2**20 + 1)), "it is larger"),
        (("--file", "/nowhere/body"), "cannot be read"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    arguments: tuple[str, ...],
    said: str,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
) -> None:
    queue: TestQueue = ministack_queue_factory()
    with pytest.raises(ConfigurationError, match=said):
        run(ministack, "send", queue.name, *arguments, "--yes")
    assert depth(ministack_sqs, queue.url) == (0, 0)


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
