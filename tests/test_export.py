"""Messages out to a file and back into a queue: the same ones, whatever is in them, and none deleted unasked."""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from consuming import depth, fill
from sqs_core.errors import ConfigurationError
from transferring import lines, what_it_says

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


Place = tuple[str, "SQSClient", "QueueFactory"]


def _hostile(dice: random.Random, number: int) -> dict[str, Any]:
    """Any character that SQS takes, in bodies and attributes, and bytes of any kind."""
    planes = [(0x20, 0xD7FF), (0xE000, 0xFFFD), (0x09, 0x0A), (0x0D, 0x0D), (0x200B, 0x202E), (0x7F, 0x9F)]
    planes += [(plane << 16, (plane << 16) + 0xFFFF) for plane in range(1, 17)]

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
