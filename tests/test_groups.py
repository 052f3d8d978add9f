"""Message groups as a consumer sees them: who stands in front, and what is counted."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from consuming import fill, look, running
from consuming import finished as finished_messages
from sqs_core import Retry
from sqs_core.groups import GroupState, message_groups
from sqs_core.model import Outcome, ThreadState
from tui_canned import NOW, consumer, finished, held, message_id, quiet_consumer, worker
from waiting import wait_until

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core.message import Message
    from sqs_core.model import ConsumerSnapshot


def test_the_message_that_is_worked_on_stands_in_front() -> None:
    (group,) = message_groups(
        consumer(
            "orders.fifo",
            threads=(worker(3, ThreadState.HANDLING, NOW - 40, message_id=message_id(1)),),
            in_flight=(
                held(2, worker=None, group_id="a", received_at=NOW - 90),
                held(1, worker="orders-worker-3", group_id="a", received_at=NOW - 60, receive_count=4),
            ),
            history=(
                finished(9, group_id="a", message_id=message_id(5)),
                finished(8, Outcome.RETRIED, group_id="a", message_id=message_id(1), error="boom"),
                finished(7, Outcome.RELEASED, group_id="a", message_id=message_id(2)),
                finished(6, group_id=None),
            ),
        )
    )
    assert (group.state, group.since, group.message_id) == (GroupState.HANDLING, NOW - 40, message_id(1))
    assert (group.worker, group.receive_count) == ("orders-worker-3", 4)
    assert (group.seen, group.held, group.done, group.failed) == (3, 2, 1, 1)
    assert (group.last_outcome, group.last_error) == (Outcome.RELEASED, None)


def _state(one: ConsumerSnapshot) -> GroupState:
    (group,) = message_groups(one)
    return group.state


def test_states() -> None:
    one = held(1, worker="orders-worker-1", group_id="a")
    hung = worker(1, ThreadState.HUNG, message_id=one.message_id)
    assert _state(quiet_consumer(in_flight=(one,), threads=(hung,))) is GroupState.HUNG
    # The worker is idle again, or has the next one already: SQS has not confirmed how this one ended.
    assert _state(quiet_consumer(in_flight=(one,), threads=(worker(1),))) is GroupState.SETTLING
    assert _state(quiet_consumer(in_flight=(held(1, worker=None, group_id="a"),))) is GroupState.BUFFERED
    assert _state(quiet_consumer(in_flight=(one,), threads=(worker(1, ThreadState.HANDLING, message_id="next"),))) is (
        GroupState.SETTLING
    )
    # Delivered again while a worker still has its lost first delivery: that one is no longer held.
    assert _state(quiet_consumer(in_flight=(replace(one, worker=None),), threads=(hung,))) is GroupState.BUFFERED
    failed = finished(1, Outcome.RETRIED, group_id="a")
    assert _state(quiet_consumer("a.fifo", history=(failed,))) is GroupState.TO_RETRY
    assert _state(quiet_consumer("a", history=(failed,))) is GroupState.IDLE  # nothing waits behind it
    for outcome in (Outcome.HANDLED, Outcome.GIVEN_UP, Outcome.RELEASED):
        assert _state(quiet_consumer("a.fifo", history=(failed, finished(0, outcome, group_id="a")))) is GroupState.IDLE


def test_what_blocks_longest_is_on_top_and_idle_groups_keep_their_places() -> None:
    seen = message_groups(
        quiet_consumer(
            "orders.fifo",
            in_flight=(held(1, worker=None, group_id="new", received_at=NOW - 1), held(2, group_id="old", received_at=NOW - 9)),
            history=(
                finished(5, Outcome.RETRIED, group_id="failed", message_id="1"),
                finished(6, Outcome.RETRIED, group_id="failed earlier", message_id="2"),
                finished(1, group_id="z", message_id="3"),
                finished(2, group_id="y", message_id="4"),
            ),
        )
    )
    assert [group.group_id for group in seen] == ["old", "new", "failed earlier", "failed", "y", "z"]


_GROUPS = st.sampled_from([None, "a", "b", "c"])


@given(
    st.booleans(),
    st.lists(st.tuples(_GROUPS, st.booleans()), max_size=20),
    st.lists(st.tuples(_GROUPS, st.sampled_from(Outcome))),
)
def test_all_that_carries_a_group_is_counted_once(
    fifo: bool, holding: list[tuple[str | None, bool]], ended: list[tuple[str | None, Outcome]]
) -> None:
    one = quiet_consumer(
        "orders.fifo" if fifo else "orders",
        in_flight=tuple(held(n, group_id=g, worker="orders-worker-1" if w else None) for n, (g, w) in enumerate(holding)),
        history=tuple(finished(n, outcome, group_id=g) for n, (g, outcome) in enumerate(ended)),
    )
    seen = message_groups(one)
    assert {group.group_id for group in seen} == {g for g, _ in (*holding, *ended) if g is not None}
    assert sum(group.held for group in seen) == sum(g is not None for g, _ in holding)
    assert sum(group.done + group.failed for group in seen) == sum(
        g is not None and outcome is not Outcome.RELEASED for g, outcome in ended
    )


def test_a_running_fifo_consumer_shows_who_blocks_which_group(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(fifo=True)
    fill(ministack_sqs, queue, ["stuck", "behind", "fails", "fine"], ["a", "a", "b", "c"])
    go_on = threading.Event()

    def handle(message: Message) -> None:
        if message.body == "stuck":
            go_on.wait(20)
        if message.body == "fails":
            raise Retry(600)

    with running(ministack, queue, handle, workers=4) as one:
        wait_until(lambda: finished_messages(one) == 1 and look(one).totals.retried == 1)
        groups = {group.group_id: group for group in message_groups(look(one))}
        go_on.set()
        wait_until(lambda: finished_messages(one) == 3)
        after = {group.group_id: group for group in message_groups(look(one))}
    assert {name: group.state for name, group in groups.items()} == {"a": "handling", "b": "to-retry", "c": "idle"}
    assert groups["a"].worker is not None
    assert (groups["a"].seen, groups["a"].held, groups["a"].done) == (1, 1, 0)
    assert (after["a"].seen, after["a"].held, after["a"].done) == (2, 0, 2)
    assert (groups["b"].failed, groups["b"].last_outcome) == (1, Outcome.RETRIED)


def test_a_fair_queue_has_groups_too(ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory) -> None:
    queue = ministack_queue_factory()
    for number in range(6):
        ministack_sqs.send_message(QueueUrl=queue.url, MessageBody=str(number), MessageGroupId=f"tenant-{number % 2}")
    with running(ministack, queue, lambda _message: None) as one:
        wait_until(lambda: finished_messages(one) == 6)
        groups = message_groups(look(one))
    assert [(group.group_id, group.done, group.state) for group in groups] == [("tenant-0", 3, "idle"), ("tenant-1", 3, "idle")]
