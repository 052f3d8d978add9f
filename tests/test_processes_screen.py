"""`consume --processes N` on a terminal: the processes on one screen, steered and drained."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from consuming import fill, wait_for_depth
from sqs_core.remote.sockets import runtime_directory
from terminals import Terminal
from test_processes import is_gone

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

pytestmark = pytest.mark.usefixtures("clean_environment")


def test_one_that_is_stuck_does_not_outlive_the_screen(ministack: str, ministack_queue_factory: QueueFactory) -> None:
    arguments = ["--endpoint-url", ministack, "consume", ministack_queue_factory().name, "--handler", "builtin:noop"]
    with Terminal([*arguments, "--processes", "2"], columns=120, rows=40) as terminal:
        terminal.until(b"2 of 2 answer")
        children = {int(pid) for pid in re.findall(rb"[12] pid (\d+)", terminal.seen)}
        os.kill(min(children), signal.SIGSTOP)
        terminal.press(b"q")
        terminal.until(b"draining: ")
        terminal.press(b"q")
        assert terminal.ended(30) == 1
    assert len(children) == 2
    assert all(map(is_gone, children))


def test_the_processes_are_on_one_screen_and_leaving_drains_them(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, [str(number) for number in range(40)])
    arguments = ["--endpoint-url", ministack, "consume", queue.name, "--handler", "builtin:sleep?seconds=0.05", "--wait", "1"]
    with Terminal([*arguments, "--processes", "2"], columns=120, rows=40) as terminal:
        terminal.until(b"2 of 2 answer")
        wait_for_depth(ministack_sqs, queue.url, (0, 0))
        children = {int(pid) for pid in re.findall(rb"[12] pid (\d+)", terminal.seen)}
        terminal.press(b"*p")
        terminal.until(b"2 done")
        terminal.press(b"q")
        terminal.until(b"draining: ")
        assert terminal.ended(30) == 0
        assert b"sqs-tui: handled 40, failed 0, given back 0, in flight at exit 0" in terminal.seen
    assert len(children) == 2
    assert all(map(is_gone, children))


def test_a_hangup_drains_them_and_leaves_nothing_behind(ministack: str, ministack_queue_factory: QueueFactory) -> None:
    arguments = ["--endpoint-url", ministack, "consume", ministack_queue_factory().name, "--handler", "builtin:noop"]
    with Terminal([*arguments, "--wait", "1", "--processes", "2"], columns=120, rows=40) as terminal:
        terminal.until(b"2 of 2 answer")
        children = {int(pid) for pid in re.findall(rb"[12] pid (\d+)", terminal.seen)}
        terminal.hang_up()
        assert terminal.process.wait(30) == 0
    assert all(map(is_gone, children))
    assert list(runtime_directory().iterdir()) == []
