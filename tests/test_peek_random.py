"""Looks by receiving, at random, each a process of its own: none dead-letters a message, and each costs what it says."""

from __future__ import annotations

import collections
import json
import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from consuming import PROCESS_SECONDS, PROGRAM, depth, fill, receive_counts
from torturing import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


@pytest.mark.parametrize("maximum", [1, 2, 3, 10])
def test_random_looks_one_after_another_dead_letter_nothing(
    request: pytest.FixtureRequest,
    maximum: int,
    place: tuple[str, SQSClient, QueueFactory],
    scale: Callable[[int, int], int],
    table: Callable[[Row], None],
) -> None:
    endpoint, sqs, factory = place
    dice = random.Random(maximum)
    ends: collections.Counter[str] = collections.Counter()
    left = looks = scale(3, 25)
    while left:
        queue = factory(max_receive_count=maximum)
        messages = dice.randint(1, 12)
        fill(sqs, queue, [f"body {number}" for number in range(messages)])
        announced = 0
        for _ in range(min(left, maximum + 1)):
            left -= 1
            command = [str(PROGRAM), "--endpoint-url", endpoint, "peek", queue.name, "--receive", "--yes", "--json"]
            ended = subprocess.run(
                [*command, "--max", str(dice.randint(1, 12))],
                capture_output=True,
                text=True,
                timeout=PROCESS_SECONDS,
                check=False,
            )
            assert ended.returncode in (0, 2), ended.stderr
            ends["looked" if ended.returncode == 0 else "refused"] += 1
            if ended.returncode == 0:
                announced += json.loads(ended.stdout)["cost"]["receives"]
            else:
                assert f"of {maximum} times" in ended.stderr or "after 1 receive" in ended.stderr
        assert depth(sqs, queue.dead_letters.url) == (0, 0)
        assert depth(sqs, queue.url) == (messages, 0), "all handed back"
        assert sum(receive_counts(sqs, queue)) == announced + messages, "as announced, and once more by this test"
        assert depth(sqs, queue.dead_letters.url) == (0, 0)
    assert (ends["looked"] == 0) is (maximum == 1)
    kind = "LocalStack" if request.node.callspec.params["place"] == "localstack" else "MiniStack"
    note = f"{kind}, maxReceiveCount {maximum}: {dict(ends)}"
    table(Row("looks by receiving, one after another; dead-lettered by them: 0", looks, looks, 0, note=note))
