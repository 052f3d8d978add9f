"""Putting back at its edges: a refusal after a lost answer, orders in groups, canaries, and the names of places."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from consuming import depth, fill
from identity_servers import NO_ANSWER, Denying, serve
from sqs_core.client import SEND, AwsSession
from sqs_core.errors import ConfigurationError
from sqs_core.message import Message
from sqs_core.move_report import MoveOptions, State
from sqs_core.move_targets import Targets, find_targets
from sqs_core.mover import Mover
from sqs_core.outgoing import Outgoing
from sqs_core.peek import find_place
from sqs_core.put_back_journal import Step, open_journal
from sqs_core.putting import Pace, Putter, Target
from sqs_core.selecting import Selection
from sqs_core.sender import Sender, Verdict
from sqs_core.settings import make_connection_settings, parse_queue
from sqs_tui.cli import cli

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from identity_servers import Answer, Seen, Server
    from servers import QueueFactory

REFUSED = (400, "application/x-amz-json-1.0", '{"__type": "com.amazonaws.sqs#ThrottlingException", "message": "no"}')


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fifo", [False, True])
def test_an_uncertain_send_stays_uncertain_whatever_a_later_try_is_refused_for(fifo: bool) -> None:
    answers: list[Answer] = [(NO_ANSWER, "", ""), *[REFUSED] * 9]

    def answer(_: Server, __: Seen) -> Answer:
        return answers.pop(0)

    stop = threading.Event()
    with serve(answer) as server:
        client = AwsSession(make_connection_settings(endpoint_url=server.url)).client(SEND)
        sender = Sender(client, f"{server.url}/000000000000/q.fifo", stop, fifo=fifo)
        message = Outgoing("a", "body", {}, "g" if fifo else None, "d" if fifo else None)
        result = sender.send([message])["a"]
        client.close()
    assert result.verdict is Verdict.UNCERTAIN
    assert len(server.seen) == (6 if fifo else 1)


def test_a_repeat_on_a_fifo_queue_that_comes_too_late_is_not_sent(ministack: str) -> None:
    target = Target("q.fifo", f"{ministack}/000000000000/q.fifo", True, 1000)
    session, stop = AwsSession(make_connection_settings(endpoint_url=ministack)), threading.Event()
    with open_journal(time.time(), "late") as journal:
        journal.note({"a": Step("intent", time.time() - 280, target.url, "d")})
        putter = Putter(session, target, journal, Pace(None, stop), stop)
        (results,) = putter.put([Outgoing("a", "body", {}, "g", "d")])
        putter.close()
        assert results["a"].verdict is Verdict.UNCERTAIN
        assert journal.steps["a"].open


def test_a_message_goes_where_it_came_from_and_nowhere_else() -> None:
    orders = Target("orders", "http://e/1/orders", False, 1000)
    targets = Targets(None, {"orders": orders})

    def of(arn: str | None) -> Target | None:
        system = {"DeadLetterQueueSourceArn": arn} if arn else {}
        return targets.of(Message("id", "body", "", "dead", {}, system))[0]

    assert of("arn:aws:sqs:us-east-1:1:orders") is orders
    assert of("arn:aws:sqs:us-east-1:1:billing") is None
    assert of(None) is orders, "the only queue that names it"


def test_behind_an_uncertain_message_none_of_its_group_goes(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(fifo=True, max_receive_count=3)
    dead = queue.dead_letters
    fill(ministack_sqs, dead, ["a1", "b1", "a2", "b2"], ["a", "b", "a", "b"])
    session = AwsSession(make_connection_settings(endpoint_url=ministack))
    place = find_place(session, parse_queue(dead.name))
    first = ministack_sqs.receive_message(QueueUrl=dead.url, MaxNumberOfMessages=1)["Messages"][0]
    ministack_sqs.change_message_visibility(QueueUrl=dead.url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    with open_journal(time.time(), session.service_url(), place.url) as journal:
        journal.note({first["MessageId"]: Step("intent", time.time() - 600, queue.url, "d")})
    mover = Mover(session, place, find_targets(session, place, None), Selection(None), MoveOptions(), threading.Event())
    report = mover.run(lambda _: True)
    group = first["Body"][0]
    assert {result.state: report.count(result.state) for result in report.results} == {
        State.UNCERTAIN: 1,
        State.FAILED: 1,
        State.MOVED: 2,
    }
    bodies = [
        message["Body"] for message in ministack_sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)["Messages"]
    ]
    assert bodies == [f"{other}{number}" for other in "ab" if other != group for number in (1, 2)]


def test_a_canary_that_is_not_even_sent_stops_the_rest(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    fill(ministack_sqs, queue.dead_letters, [f"{number}" for number in range(20)])
    asked: list[int] = []

    def canary(new_ids: Any) -> str:
        asked.append(len(new_ids))
        return ""

    denying = Denying(ministack, SendMessage="AccessDeniedException")
    with serve(denying.answer) as server:
        session = AwsSession(make_connection_settings(endpoint_url=server.url))
        place = find_place(session, parse_queue(queue.dead_letters.name))
        targets = find_targets(session, place, None)
        for codes, counted in (({"SendMessage": "AccessDeniedException"}, []), ({}, [1, 10])):
            denying.codes = dict(codes)
            asked.clear()
            mover = Mover(session, place, targets, Selection(None), MoveOptions(canary=canary), threading.Event())
            report = mover.run(lambda _: True)
            assert asked == counted
            assert ("the canary" in report.cut) is bool(codes)
    assert depth(ministack_sqs, queue.url) == (20, 0)


def test_a_place_is_the_same_however_this_machine_is_called(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory(max_receive_count=3)
    fill(ministack_sqs, queue.dead_letters, ["a"])
    other = ministack.replace("127.0.0.1", "localhost")
    where = (other, queue.dead_letters.url.replace("127.0.0.1", "localhost"))
    with open_journal(time.time(), *where), pytest.raises(ConfigurationError, match="another sqs-tui holds"):
        cli.main(["--endpoint-url", ministack, "redrive", queue.dead_letters.name, "--yes"], standalone_mode=False)


def test_a_dry_run_of_an_import_again_forgets_nothing(
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue = ministack_queue_factory()
    path = tmp_path / "in"
    path.write_text("".join(f"{json.dumps({'schema': 1, 'body': f'{number}'})}\n" for number in range(5)))
    command = ["--endpoint-url", ministack, "import", str(path), queue.name]
    for more in (["--yes"], ["--again", "--dry-run"], ["--yes"]):
        assert cli.main([*command, *more], standalone_mode=False) == 0
    assert "5 go to" in capsys.readouterr().out
    assert depth(ministack_sqs, queue.url) == (5, 0)


def test_adding_to_a_file_that_was_cut_harms_no_line(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, tmp_path: Path
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, ["a"])
    path = tmp_path / "out"
    path.write_text('{"schema": 1, "bo')
    command = ["--endpoint-url", ministack, "export", queue.name, str(path), "--append", "--delete", "--yes"]
    assert cli.main(command, standalone_mode=False) == 0
    assert json.loads(path.read_text().splitlines()[1])["body"] == "a"
    assert depth(ministack_sqs, queue.url) == (0, 0)
