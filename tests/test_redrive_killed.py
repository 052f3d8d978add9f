"""A move that is killed anywhere and run again: each message is in one place, or said to be uncertain; none is lost."""

from __future__ import annotations

import json
import random
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from consuming import PROCESS_SECONDS, PROGRAM, depth
from sqs_core.sweep import FIRST_SECONDS
from torturing import Row
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


def _attributes(number: int) -> dict[str, Any]:
    return {
        "raw": {"DataType": "Binary.x", "BinaryValue": bytes([number % 256, 0, 255])},
        "price": {"DataType": "Number", "StringValue": f"{number}.10"},
    }


def _fill(sqs: SQSClient, url: str, messages: int) -> None:
    """Bodies by number, every fourth a refund, each with attributes of its own."""

    def send(start: int) -> None:
        entries: Any = [
            {
                "Id": str(number),
                "MessageBody": json.dumps({"n": number, "type": "sale" if number % 4 else "refund"}),
                "MessageAttributes": _attributes(number),
            }
            for number in range(start, start + 10)
        ]
        assert not sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(0, messages, 10)))


def _everything(sqs: SQSClient, url: str) -> dict[str, tuple[int, dict[str, Any]]]:
    """Number and attributes of all that is visible, by message id."""
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600, MessageAttributeNames=["All"]
    ).get("Messages"):
        for message in messages:
            attributes = {name: {**value} for name, value in message.get("MessageAttributes", {}).items()}
            found[message["MessageId"]] = (json.loads(message["Body"])["n"], attributes)
    return found


def _hidden(sqs: SQSClient, url: str) -> int:
    return depth(sqs, url)[1]


def _kill_somewhere(command: list[str], dice: random.Random, latest_seconds: float) -> None:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    if dice.random() < 0.7:
        process.stdout.readline()  # the plan: from here on it moves
    threading.Event().wait(dice.uniform(0, latest_seconds))
    process.kill()
    process.communicate(timeout=PROCESS_SECONDS)


def test_killed_anywhere_and_run_again_each_message_is_in_one_place(
    localstack: str,
    sqs: SQSClient,
    queue_factory: QueueFactory,
    run: Callable[..., tuple[int, dict[str, Any]]],
    scale: Callable[[float, float], float],
    table: Callable[[Row], None],
) -> None:
    messages, matching, kills = int(scale(160, 5000)), int(scale(40, 1234)), int(scale(3, 20))
    where = f"json.type == 'refund' && json.n < `{4 * matching}`"
    queue = queue_factory(max_receive_count=3)
    dead, dice = queue.dead_letters, random.Random(7)
    _fill(sqs, dead.url, messages)
    command = [str(PROGRAM), "--endpoint-url", localstack, "redrive", dead.name, "--where", where, "--yes", "--rate", "60"]
    for _ in range(kills):
        _kill_somewhere(command, dice, scale(0.4, 3.0))
    code, seen = run(localstack, "redrive", dead.name, "--where", where, "--yes")
    moved = seen["moved"]
    if _hidden(sqs, dead.url):
        # What had come to a run that was killed before it could write that down is hidden for a minute.
        wait_until(lambda: not _hidden(sqs, dead.url), seconds=2 * FIRST_SECONDS)
        code, seen = run(localstack, "redrive", dead.name, "--where", where, "--yes")
        moved += seen["moved"]
    assert (code, seen["failed"]) == (int(seen["uncertain"] > 0), 0)
    back, left = _everything(sqs, queue.url), _everything(sqs, dead.url)
    arrived = [number for number, _ in back.values()]
    uncertain = {result["message_id"] for result in seen["results"] if result["state"] == "uncertain"}
    sure = {number for message_id, (number, _) in left.items() if message_id not in uncertain}
    unclear = {left[message_id][0] for message_id in uncertain}
    assert len(arrived) == len(set(arrived)), "none twice"
    assert not sure & set(arrived), "none in both places without being called uncertain"
    chosen = set(range(0, 4 * matching, 4))
    assert sure == set(range(messages)) - chosen, "what was not chosen stays, and nothing else does"
    assert set(arrived) | unclear == chosen, "none lost"
    for number, attributes in back.values():
        assert attributes.pop("sqs-tui.replayed-from")["StringValue"]
        assert attributes == _attributes(number)
    assert moved < matching, "the killed runs did some of it"
    note = f"{kills} SIGKILLs, {len(arrived)} moved, {moved} of them by runs that ended, {len(uncertain)} said to be uncertain"
    table(Row(f"{matching} of {messages} dead letters redriven, killed", matching, len(arrived), 0, 0, note))
