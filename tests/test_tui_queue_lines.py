"""The lines above the panes: queues, identity, dead letters, notices; all pure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.style import Style

from sqs_core.model import CredentialReport, DeadLetterQueue, Depth, Level, PoolSize, RunState, ThreadState
from sqs_tui import notices, summary
from sqs_tui.trends import Rates, Trends
from sqs_tui.viewer import Frame
from sqs_tui.widgets.columns import line, placed
from tui_canned import NOW, consumer, event, poller, snapshot


def queue_line(frame: Frame, width: int) -> tuple[str, int]:
    table_rows, columns = summary.queue_table(frame, Trends(), width)
    return " ".join(cell.text for cell in table_rows[0].cells), len(columns)


def test_a_queue_line_holds_name_state_pools_depth_and_rates() -> None:
    frame = Frame(snapshot(consumer()), queues=("orders",), selected="orders")
    line, columns = queue_line(frame, 120)
    assert " ".join(line.split()) == "▸ 1 orders ● running pollers 2 workers 5/8 depth ~118 in ?/s out ?/s"
    assert columns == 8
    assert queue_line(frame, 60)[1] == 6


def test_a_queue_line_says_what_is_left_while_pausing_and_what_a_pool_grows_to() -> None:
    pausing = consumer(state=RunState.PAUSING, workers=PoolSize(16, 8, 5), depth=None)
    line, _ = queue_line(Frame(snapshot(pausing), queues=("orders",), selected="orders"), 120)
    assert "pausing, 7 left" in line
    assert "workers 5/8→16" in line
    assert "depth ?" in line


def test_the_identity_line_names_provider_key_tail_and_poll_latency() -> None:
    frame = Frame(snapshot(consumer()), queues=("orders",), selected="orders")
    line = summary.identity(frame, 80).plain
    assert len(line) == 80
    assert " ".join(line.split()) == "credentials env …MPLE 000000000000 poll p50 12 ms p95 33 ms"
    dummy = snapshot(consumer(), credentials=CredentialReport("dummy", "test"))
    assert summary.identity(replace(frame, snapshot=dummy), 80).plain.startswith("credentials dummy   ")


@pytest.mark.parametrize(
    ("dlq", "depth", "text"),
    [
        (DeadLetterQueue("dead", None, 5), None, "dlq dead ?"),
        (DeadLetterQueue("dead", 3, 5), None, "dlq dead ~3"),
        (None, None, "dlq ?"),
        (None, Depth(1, 0, 0, None, NOW), "no dlq"),
    ],
)
def test_the_dead_letter_queue_has_a_name_and_an_approximate_count(
    dlq: DeadLetterQueue | None, depth: Depth | None, text: str
) -> None:
    frame = Frame(snapshot(consumer(dlq=dlq, depth=depth)), queues=("orders",), selected="orders")
    assert summary.details(frame, None, 80).plain.endswith(text)


def test_a_long_name_of_a_dead_letter_queue_leaves_the_count_and_the_rates_to_be_seen() -> None:
    name = "payments-service-orders-received-staging-eu-central-1-dead"
    frame = Frame(snapshot(consumer(dlq=DeadLetterQueue(name, 37, 3))), queues=("orders",), selected="orders")
    for width, ends in ((80, "dead ~37"), (120, "dead ~37 after 3 receives")):
        line = summary.details(frame, Rates(5.0, 4.0), width).plain
        assert "in 5.0/s  out 4.0/s" in line
        assert line.endswith(ends)
        assert "dlq payments-" in line


def test_queues_that_begin_alike_are_told_apart_by_their_ends() -> None:
    names = (
        "payments-service-orders-received-staging-eu-central-1",
        "payments-service-orders-received-staging-eu-central-1-dead",
    )
    seen = snapshot(*[consumer(queue=name) for name in names])
    shown_rows, columns = summary.queue_table(Frame(seen, queues=names, selected=names[0]), Trends(), 80)
    style = Style()
    lines = [line(placed(columns, 80), [(cell.text, style) for cell in row.cells], style, 80).text for row in shown_rows]
    assert "-central-1 " in lines[0]
    assert "l-1-dead " in lines[1]


def test_a_queue_that_is_refused_for_good_is_not_said_to_be_tried_again() -> None:
    refused = event("queue 'refunds' does not exist", Level.ERROR, "consumer.refused", queue="refunds", at=NOW)
    backing_off = consumer(threads=(poller(1, ThreadState.BACKING_OFF),))
    missing = consumer(queue="refunds", state=RunState.FAILED, threads=())
    denied = event("ReceiveMessage: denied", Level.ERROR, "poll.error", at=NOW - 5)
    newer = replace(denied, at=NOW + 1)
    for events, said in (
        ((denied, refused), "It is not tried again; other queues go on."),
        ((refused, newer), "It keeps trying by itself."),
    ):
        frame = Frame(snapshot(backing_off, missing, events=events), queues=("orders", "refunds"), selected="orders")
        assert said in notices.trouble_notice(frame, 80).plain


def test_before_there_is_an_engine_its_queues_start() -> None:
    frame = Frame(opening=snapshot().engine, queues=("orders", "refunds"), selected="orders")
    assert frame.consumed
    assert "LOCAL" in summary.header(frame, None, 100).plain
    shown, columns = summary.queue_table(frame, Trends(), 100)
    assert [[cell.text for cell in row.cells[1:3]] for row in shown] == [["orders", "◌ starting"], ["refunds", "◌ starting"]]
    assert len(columns) == len(shown[0].cells)
