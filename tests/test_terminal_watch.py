"""A terminal that falls silent: what was started there pauses, then drains and goes; it never outlives its user."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import TYPE_CHECKING, Any

import pytest

from attaching import idle_engine, served
from sqs_core.errors import ConfigurationError
from sqs_core.model import RunState
from sqs_tui.cli import cli
from sqs_tui.terminal_watch import WatchLimits
from terminals import AnsweringTerminal, emulator_of, processes
from waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory, TestQueue

WATCHED = ("--watch-terminal", "--terminal-limits", "0.2", "1", "3")
# A machine that is busy answers late: where nothing is to happen, there is more time.
PATIENTLY_WATCHED = ("--watch-terminal", "--terminal-limits", "0.2", "4", "5")
# Past so many questions a silence would have ended in leaving.
QUESTIONS_OF_A_LIFE = 30


class Watched:
    """A consumer on a terminal that is watched, and the log of its events."""

    def __init__(self, endpoint_url: str, queues: list[TestQueue], log: Path, *more: str) -> None:
        self.log = log
        names = [queue.name for queue in queues]
        self.terminal = AnsweringTerminal(
            ["consume", *names, "--handler", "builtin:sleep?seconds=0.1", "--wait", "1", "--workers", "1", "--pollers", "1",
             "--endpoint-url", endpoint_url, "--log-file", str(log), *(more or WATCHED)], 120, 40
        )  # fmt: skip

    def events(self, code: str) -> list[dict[str, Any]]:
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return [event for event in map(json.loads, lines) if event["code"] == code]

    def wait_for(self, code: str, count: int = 1) -> None:
        wait_until(lambda: len(self.events(code)) >= count)

    def wait_for_questions(self, count: int) -> None:
        before = self.terminal.questions
        wait_until(lambda: self.terminal.questions >= before + count)


def fill(sqs: SQSClient, queue: TestQueue, count: int) -> None:
    for start in range(0, count, 10):
        sqs.send_message_batch(QueueUrl=queue.url, Entries=[{"Id": str(n), "MessageBody": f"{start + n}"} for n in range(10)])


def counts(sqs: SQSClient, queue: TestQueue) -> tuple[int, int]:
    """Visible and in flight."""
    found = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


def test_a_terminal_that_answers_is_left_in_peace(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, tmp_path: Path
) -> None:
    watched = Watched(ministack, [ministack_queue_factory()], tmp_path / "log", *PATIENTLY_WATCHED)
    with watched.terminal:
        watched.wait_for("consumer.started")
        watched.wait_for_questions(QUESTIONS_OF_A_LIFE)
        assert watched.terminal.process.poll() is None
        assert watched.events("terminal.silent") == []
        watched.terminal.press(b"q")
        assert watched.terminal.leave_within(10) == 0


@pytest.mark.parametrize("deaf", [False, True], ids=["silent", "unread"])
def test_a_silent_terminal_pauses_then_drains_and_ends_the_process(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, tmp_path: Path, deaf: bool
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, 200)
    watched = Watched(ministack, [queue], tmp_path / "log", *WATCHED, "--fps", "10")
    with watched.terminal as terminal:
        watched.wait_for("consumer.started")
        watched.wait_for_questions(2)
        terminal.answer, terminal.deaf = None, deaf
        if deaf:
            fill_up(terminal)
        watched.wait_for("consumer.pausing")
        watched.wait_for("terminal.silent", 2)
        assert terminal.leave_within(20) == 0
    assert str(terminal.process.pid) not in processes()
    said = [event["text"] for event in watched.events("terminal.silent")]
    assert said == [
        "the terminal has not answered for 1 s: pausing, leaving in 2 s",
        "the terminal has not answered for 3 s: draining and leaving",
    ]
    visible, in_flight = counts(ministack_sqs, queue)
    assert in_flight == 0
    assert visible > 0, "the control: it was cut off in the middle"


def fill_up(terminal: AnsweringTerminal) -> None:
    """Have so much drawn that a terminal which reads nothing can take no more."""
    for columns in (200, 120) * 20:
        before = terminal.waiting_bytes()
        terminal.resize(columns, 50)
        terminal.process.send_signal(signal.SIGWINCH)
        try:
            wait_until(lambda before=before: terminal.waiting_bytes() > before, 1.0)  # type: ignore[misc]
        except AssertionError:
            return


def test_a_terminal_that_never_answered_is_not_missed(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, tmp_path: Path
) -> None:
    queue = ministack_queue_factory()
    # Longer work than the silence that would end it.
    fill(ministack_sqs, queue, 50)
    watched = Watched(ministack, [queue], tmp_path / "log")
    with watched.terminal as terminal:
        terminal.answer = None
        watched.wait_for("consumer.started")
        wait_until(lambda: counts(ministack_sqs, queue) == (0, 0), look_seconds=0.3)
        assert terminal.process.poll() is None
        assert watched.events("terminal.silent") == []
        assert terminal.questions == 3, "it is not asked for ever"


def test_a_terminal_that_is_back_goes_on_with_what_was_not_paused_before(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, tmp_path: Path
) -> None:
    by_user, by_watch = ministack_queue_factory(), ministack_queue_factory()
    watched = Watched(ministack, [by_user, by_watch], tmp_path / "log")
    with watched.terminal as terminal:
        watched.wait_for("consumer.started", 2)
        watched.wait_for_questions(2)
        terminal.wait_for(by_user.name.encode())
        terminal.press(b"p")
        watched.wait_for("consumer.paused")
        terminal.answer = None
        watched.wait_for("consumer.paused", 2)
        terminal.answer = (b"\x1b[24;80R",)
        watched.wait_for("terminal.back", 2)
        assert {event["queue"]: event["text"] for event in watched.events("terminal.back")} == {
            by_watch.name: "the terminal answers again: resumed",
            by_user.name: "the terminal answers again: paused as it was before",
        }
        assert [event["queue"] for event in watched.events("consumer.resumed")] == [by_watch.name]
        fill(ministack_sqs, by_user, 10)
        fill(ministack_sqs, by_watch, 10)
        wait_until(lambda: counts(ministack_sqs, by_watch) == (0, 0))
        assert counts(ministack_sqs, by_user) == (10, 0)


def test_a_viewer_just_ends(ministack: str) -> None:
    with AnsweringTerminal(["inspect", "--endpoint-url", ministack, *WATCHED]) as terminal:
        wait_until(lambda: terminal.questions > 2)
        terminal.answer = None
        assert terminal.leave_within(15) == 0


def test_an_attached_viewer_ends_alone() -> None:
    engine = idle_engine()
    with served(engine, control=True), AnsweringTerminal(["attach", str(os.getpid()), *WATCHED]) as terminal:
        terminal.wait_for(b"attached")
        wait_until(lambda: terminal.questions > 2)
        terminal.answer = None
        assert terminal.leave_within(15) == 0
        assert engine.state() is RunState.STARTING
        assert engine.events.snapshot() == ()


def test_a_demo_ends_with_all_it_started() -> None:
    with AnsweringTerminal(["demo", *WATCHED], 120, 40) as terminal:
        terminal.wait_for(b"running")
        started = emulator_of(terminal)
        wait_until(lambda: terminal.questions > 2)
        terminal.answer = None
        assert terminal.leave_within(20) == 0
    assert started
    wait_until(lambda: not started & set(processes()))


def test_an_answer_in_pieces_types_nothing(ministack: str) -> None:
    with AnsweringTerminal(["inspect", "--endpoint-url", ministack, *WATCHED]) as terminal:
        wait_until(lambda: terminal.questions > 2)
        terminal.press(b"/")
        # Each piece later than what Textual takes for one sequence.
        terminal.answer, terminal.gap_seconds = (b"\x1b[24;80", b"R"), 0.25
        asked, start = terminal.questions, len(terminal.seen)
        wait_until(lambda: terminal.questions >= asked + 5)
        terminal.answer = (b"\x1b[24;80R",)
        asked = terminal.questions
        wait_until(lambda: terminal.questions >= asked + 2)
        terminal.press(b"needle")
        wait_until(lambda: b"needle" in plain(terminal.drawn_after(start)))
        assert b"4;80" not in plain(terminal.drawn_after(start))


def plain(drawn: bytes) -> bytes:
    """What was drawn, without colours and movements."""
    return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", drawn)


@pytest.mark.parametrize(
    ("arguments", "host", "asks"),
    [((), "10.0.0.1", True), ((), "", False), (("--no-watch-terminal",), "10.0.0.1", False), (("--watch-terminal",), "", True)],
)
def test_on_by_itself_in_kubernetes_alone(ministack: str, arguments: tuple[str, ...], host: str, asks: bool) -> None:
    command = ["inspect", "--endpoint-url", ministack, *arguments]
    with AnsweringTerminal(command, KUBERNETES_SERVICE_HOST=host) as terminal:
        terminal.wait_for(b"queues")
        start = len(terminal.seen)
        terminal.press(b"?")
        wait_until(lambda: b"esc" in terminal.drawn_after(start))
        terminal.press(b"\x1b[27uq")
        assert terminal.leave_within(10) == 0
    assert (terminal.questions > 0) is asks


@pytest.mark.parametrize(
    "arguments",
    [["consume", "orders", "--handler", "builtin:noop", "--headless", "--watch-terminal"],
     ["demo", "--headless", "--watch-terminal"], ["--watch-terminal", "demo", "--headless"]],
)  # fmt: skip
def test_without_a_screen_there_is_no_terminal_to_watch(arguments: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="--watch-terminal goes with a dashboard, not with --headless"):
        cli.main(arguments, standalone_mode=False)


def test_limits_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="the terminal's limits 5 5 60 must rise"):
        WatchLimits(5, 5, 60)
