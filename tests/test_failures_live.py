"""Failures of a running consumer: real handlers that raise in different places, grouped over the whole run."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from consuming import fill, look, running
from sqs_core.ledger import HISTORY_MESSAGES
from sqs_core.wire import snapshot_to_json
from waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

pytestmark = pytest.mark.sdk
HANDLER = """\
    import json

    class Gateway:
        def charge(self, order):
            raise TimeoutError(f"order {order} timed out after {order * 7} ms")

    def refund(order):
        raise TimeoutError(f"no answer for {order}")

    def handle(message):
        kind, number = message.body.split("/")
        if kind == "charge":
            Gateway().charge(int(number))
        if kind == "refund":
            refund(int(number))
        if kind == "parse":
            json.loads(message.body)
    """


def test_failures_are_grouped_by_type_and_place_over_the_whole_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
) -> None:
    (tmp_path / "shop_jobs.py").write_text(textwrap.dedent(HANDLER))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "shop_jobs", raising=False)
    queue = ministack_queue_factory(max_receive_count=1)
    kinds = {"charge": 30, "refund": 20, "parse": 10, "fine": HISTORY_MESSAGES}
    fill(ministack_sqs, queue, [f"{kind}/{number}" for kind, count in kinds.items() for number in range(count)])
    with running(ministack, queue, "shop_jobs:handle", workers=4) as consumer:
        wait_until(lambda: look(consumer).totals.handled + look(consumer).totals.failed == sum(kinds.values()))
        seen, whole = look(consumer), snapshot_to_json(consumer.snapshot())
    groups = {group.place: group for group in seen.failures.groups}
    assert {place: (group.kind, group.count, group.given_up) for place, group in groups.items()} == {
        "shop_jobs.py:5 in charge": ("TimeoutError", 30, 30),
        "shop_jobs.py:8 in refund": ("TimeoutError", 20, 20),
        "shop_jobs.py:17 in handle": ("JSONDecodeError", 10, 10),
    }
    assert seen.failures.other == 0
    assert len([one for one in seen.history if one.error]) < 60  # the ring forgets, the counts do not
    (written,) = whole["consumers"]
    by_place = {group["place"]: group for group in written["failures"]["groups"]}
    assert by_place["shop_jobs.py:8 in refund"]["count"] == 20
    assert by_place["shop_jobs.py:8 in refund"]["first_at"].endswith("Z")
    assert json.dumps(written)


def test_a_retried_message_counts_each_time(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    fill(ministack_sqs, queue, ["x"])

    def handle(_message: object) -> None:
        raise KeyError("x")

    with running(ministack, queue, handle) as consumer:
        wait_until(lambda: look(consumer).totals.given_up == 1)
        (group,) = look(consumer).failures.groups
    assert (group.kind, group.count, group.given_up) == ("KeyError", 3, 1)
    assert group.place is not None
    assert group.place.startswith("test_failures_live.py:")
