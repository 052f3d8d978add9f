"""Every fault on every operation ends in recovery, or in a stop whose reason is told; never in a hot loop or a lost message.

The fast slice takes a few faults of each operation and transport, chosen by a seed; `--torture` takes all.
"""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import identity_servers
from chaos_cells import OPERATIONS, Cell, Try, cells_of
from identities import set_web_identity
from identity_servers import serve
from sqs_core import credential_watch, queue_watch
from sqs_core.errors import Retry
from sqs_core.model import RunState
from torturing import Row
from tui_harness import plain_environment, screens_of  # noqa: F401 - one is a fixture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core.message import Message
    from sqs_core.model import Event

pytestmark = pytest.mark.sdk
FAST_EACH, SEED = 1, 20_26
AT_ONCE = 8


@pytest.fixture(autouse=True)
def quick(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at now and then is looked at often, and the cells of STS have an identity to ask for."""
    monkeypatch.setattr(queue_watch, "REFRESH_SECONDS", 0.5)
    monkeypatch.setattr(credential_watch, "REPORT_SECONDS", 0.5)
    monkeypatch.setattr(credential_watch, "_ASK_AGAIN_SECONDS", 1.0)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    set_web_identity(clean_environment, monkeypatch)


def _receive(at: Try) -> None:
    at.begin()
    at.fill()
    with at.consuming() as engine:
        if at.cell.trouble.rule is None:
            at.wait(lambda: at.said("endpoint.unreachable"), "not said")
            at.end()
            at.wait(engine.reached.is_set, "not reached")
        at.wait(lambda: at.struck() and at.said("poll.error", "poll.damaged", "lease.lost", "endpoint.unreachable"), "not said")
        at.look()
        at.end()
        at.settled()
        if at.texts("poll.error"):
            at.wait(lambda: at.texts("poll.recovered"), "the end is not said")
            assert engine.snapshot().consumers[0].totals.poll_errors, "the report does not count it"


def _delete(at: Try) -> None:
    _settling(at)


def _change_visibility(at: Try) -> None:
    def fail_first(message: Message) -> None:
        if message.receive_count == 1:
            raise Retry(0)

    at.retry = fail_first
    _settling(at)


def _settling(at: Try) -> None:
    with at.consuming() as engine:
        at.wait(engine.reached.is_set, "not reached")
        if at.cell.trouble.rule is not None:
            at.begin()
        at.fill()
        if at.cell.trouble.rule is None:
            at.wait(lambda: at.proxy.count("ReceiveMessage") and at.handled, "nothing handled")
            at.begin()
        codes = ("ack.error", "ack.refused", "lease.error", "lease.lost") + (
            ("poll.error",) if at.cell.trouble.rule is None else ()
        )
        at.wait(lambda: (at.struck() or at.all_handled()) and at.said(*codes), "not said")
        at.look()
        at.end()
        at.settled()


def _send(at: Try) -> None:
    with at.consuming() as engine:
        at.fill()
        at.settled()
        sent = [finished.message_id for finished in engine.snapshot().consumers[0].history[:3]]
        at.begin()
        for message_id in sent:
            engine.replay(at.queue.name, message_id)
        at.wait(lambda: sum(event.count for event in _replays(at)) == 3, "no verdict")
        at.look()
        assert at.said("replay.failed"), at.texts("replay.failed", "replay.sent")
        at.end()
        proved = {event.text.split()[0] for event in _replays(at) if event.code == "replay.sent"}
        refused = {event.text.split()[0] for event in _replays(at) if "was not sent" in event.text}
        at.wait(lambda: set(at.copies) >= proved, "a proved send did not come")
        at.settled()
        assert not refused & set(at.copies), "a send that was called refused came"
        if at.cell.trouble.name != "request twice":
            assert set(at.copies.values()) <= {1}, "sent twice by ourselves"


def _replays(at: Try) -> list[Event]:
    assert at.engine is not None
    return [event for event in at.engine.snapshot().events if event.code.startswith("replay.")]


def _attributes(at: Try) -> None:
    """At the start, and again while it runs."""
    at.begin()
    at.fill()
    codes = ("endpoint.unreachable", "attributes.unreadable", "consumer.refused", "poll.error")
    with at.consuming() as engine:
        (consumer,) = engine.consumers
        at.wait(lambda: at.said(*codes), "not said")
        if consumer.state is RunState.FAILED:
            assert (at.cell.trouble.said or "") in (consumer.refused or "")
            at.look()
            return
        at.end()
        at.settled()
        at.wait(lambda: engine.snapshot().consumers[0].depth is not None, "the depth is not known")
        at.begin()
        at.wait(lambda: at.struck() and at.said("attributes.unreadable", "poll.error"), "not said while running")
        at.look()
        at.end()


def _sts(at: Try) -> None:
    at.begin()
    at.fill()
    with at.consuming() as engine:
        at.wait(lambda: at.struck() and _identity_says(at), "not said")
        at.look()
        at.end()
        at.wait(engine.reached.is_set, "not reached")
        at.settled()
        at.wait(lambda: (report := engine.snapshot().credentials) and report.account == identity_servers.ACCOUNT, "no account")


def _identity_says(at: Try) -> bool:
    assert at.engine is not None
    report = at.engine.snapshot().credentials
    warnings = " ".join(report.warnings) if report else ""
    rows = " ".join(row.reason for row in report.chain) if report else ""
    wanted = at.cell.trouble.said
    return at.said("endpoint.unreachable", "credentials.refresh-failed") or (
        wanted is not None and wanted in f"{warnings} {rows}"
    )


SCENARIOS = {
    "receive": _receive,
    "delete": _delete,
    "change visibility": _change_visibility,
    "send": _send,
    "attributes": _attributes,
    "STS": _sts,
}


class Tally:
    """What became of the cells of an operation."""

    def __init__(self) -> None:
        self.tried = self.lost = self.duplicates = 0
        self.failures: list[str] = []
        self.tries: list[Try] = []

    def check_screens(self) -> None:
        """While a fault lasts, its reason stands on the screen."""
        snapshots = [at.shown for at in self.tries if at.shown is not None]
        assert len(snapshots) == len(self.tries), "a scenario shows nothing"
        for at, snapshot, text in zip(self.tries, snapshots, asyncio.run(screens_of(snapshots)), strict=True):
            reasons = at.reasons(snapshot)
            if reasons and not any(reason in text for reason in reasons):
                self.failures.append(f"{at.cell}: not on the screen: {reasons}: {text}")


def _one(cell: Cell, upstream: str, past: SQSClient, factory: QueueFactory, tally: Tally) -> None:
    attributes = {"VisibilityTimeout": "4"}
    queue = factory(attributes=attributes)
    with serve(identity_servers.sts) as sts:
        at = Try(cell, sts.url if cell.operation == "STS" else upstream, past, queue)
        if cell.operation == "STS":
            at.connection = {
                "env": "staging", "region": "us-east-1", "endpoint_url": upstream, "sts_endpoint_url": at.proxy.url,
                "allow_endpoints": ("127.0.0.1",),
            }  # fmt: skip
        with at.proxy:
            tally.tried += 1
            try:
                SCENARIOS[cell.operation](at)
            except Exception as error:  # noqa: BLE001 - told with all the others
                tally.failures.append(f"{cell}: {type(error).__name__}: {error}")
            else:
                tally.failures += [f"{cell}: {problem}" for problem in at.unreported()]
                tally.tries.append(at)
            tally.duplicates += at.duplicates
            refused = at.engine is not None and at.engine.consumers[0].refused
            tally.lost += 0 if refused else len(set(at.bodies) - set(at.handled))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test of all in the fast slice, one for each operation of the whole matrix."""
    if "operations" in metafunc.fixturenames:
        full = metafunc.config.getoption("--torture")
        metafunc.parametrize("operations", [[each] for each in OPERATIONS] if full else [list(OPERATIONS)], ids=" ".join)


def _cells(operation: str, each: int | None) -> list[Cell]:
    """All, or of each transport so many."""
    chosen: list[Cell] = []
    for transport, cells in cells_of(operation).items():
        chosen += cells if each is None else random.Random(f"{SEED}{operation}{transport}").sample(cells, each)
    return chosen


def test_every_fault_ends_in_recovery_or_in_a_named_stop(
    operations: list[str],
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    scale: Callable[[int | None, int | None], int | None],
    table: Callable[[Row], None],
) -> None:
    cells = [cell for operation in operations for cell in _cells(operation, scale(FAST_EACH, None))]
    tally = Tally()
    with ThreadPoolExecutor(scale(len(cells), AT_ONCE)) as pool:
        list(pool.map(lambda cell: _one(cell, ministack, ministack_sqs, ministack_queue_factory, tally), cells))
    tally.check_screens()
    survived = tally.tried - len({failure.partition(":")[0] for failure in tally.failures})
    table(Row(f"faults × {', '.join(operations)}", tally.tried, survived, tally.lost, tally.duplicates))
    assert tally.failures == []
    assert tally.lost == 0
