"""A client that hangs up before SQS answers, on purpose: what it costs, beside the same load with a timeout that fits."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from consuming import PROCESS_SECONDS, PROGRAM
from sqs_core.errors import ConfigurationError, RequestError
from sqs_core.settings import ConsumerSettings


def test_hanging_up_early_delays_repeats_and_dead_letters_unseen_and_waiting_does_not() -> None:
    report, errors = _played("--speed", "4", "--duration", "10")
    if report["observed"]["orders"]["receive_counts"].keys() != {"1"}:
        # A busy machine is too late for a visibility timeout that is four times as short.
        report, errors = _played("--speed", "1", "--duration", "30")
    hasty, patient = report["observed"]["orders-hasty"], report["observed"]["orders"]
    assert hasty["poll_errors"] > 3
    assert hasty["dead_lettered_unseen"] > 0
    assert "2" in hasty["receive_counts"]
    assert hasty["delay_ms"]["max"] > 1000
    assert patient["receive_counts"].keys() == {"1"}
    assert (patient["poll_errors"], patient["dead_lettered_unseen"]) == (0, 0)
    assert patient["delay_ms"]["max"] < 1000
    assert report["queues"]["orders"]["poll_errors"] == 0  # nor does the end of the emulator count as one
    assert report["failed"] == 0
    assert "up to 10 messages may be invisible until their visibility timeout" in errors


def _played(*how: str) -> tuple[dict[str, Any], str]:
    command = [str(PROGRAM), "demo", "--scene", "timeout-vs-long-poll", "--headless", *how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PROCESS_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_nothing_but_the_override_allows_it() -> None:
    with pytest.raises(ConfigurationError, match="--read-timeout 1 is not longer than --wait 20"):
        ConsumerSettings(read_timeout_seconds=1)
    settings = ConsumerSettings(read_timeout_seconds=1, allow_short_read_timeout=True)
    assert settings.poll_read_timeout_seconds == 1
    refused = subprocess.run(
        [str(PROGRAM), "consume", "q", "--handler", "builtin:noop", "--headless", "--read-timeout", "20"],
        capture_output=True, text=True, timeout=PROCESS_SECONDS, check=False,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "--read-timeout 20 is not longer than --wait 20" in refused.stderr


@pytest.mark.parametrize(
    ("name", "lost"), [("ReadTimeoutError", True), ("ConnectionClosedError", True), ("ConnectTimeoutError", False)]
)
def test_an_error_after_which_sqs_may_have_answered_is_known(name: str, lost: bool) -> None:
    import botocore.exceptions

    error = getattr(botocore.exceptions, name)(endpoint_url="http://127.0.0.1:9")
    assert RequestError("ReceiveMessage", error).answer_lost is lost
