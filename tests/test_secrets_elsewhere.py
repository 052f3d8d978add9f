"""Secrets planted where processes report as one, in what is refused, in a crash, in a settings file, around a benchmark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import run as benchmark

from consuming import PROGRAM, fill
from sqs_tui.user_settings import read_settings
from test_secrets import BODY, HANDLER, PLANTED, consume, hides_all  # noqa: F401 - one is a fixture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory


def test_processes_that_report_as_one_write_no_secret(
    hides_all: Callable[[str], None],  # noqa: F811 - the fixture
    clean_environment: Path,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
) -> None:
    queue = ministack_queue_factory(max_receive_count=1)
    fill(ministack_sqs, queue, [BODY, BODY])
    (clean_environment / "planted.py").write_text(HANDLER)
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "AKIALOCALKEY", "AWS_SECRET_ACCESS_KEY": PLANTED["environment"]}
    arguments = ("--endpoint-url", ministack, "consume", queue.name, "--processes", "2", "--max-messages", "2")
    written = consume(environment, clean_environment, *arguments)
    for sign in ('"processes": [', '"troubles": [{', "LookupError", "process.printed", "handling"):
        assert sign in written
    hides_all(written)


REFUSED = [
    ("consume", f"secret={PLANTED['body']} !", "--handler", "builtin:noop"),
    ("--endpoint-url", f"http://bob:{PLANTED['body']}@127.0.0.1:x", "inspect"),
]


@pytest.mark.parametrize("command", REFUSED)
def test_a_refusal_does_not_repeat_a_secret(
    hides_all: Callable[[str], None],  # noqa: F811 - the fixture
    command: tuple[str, ...],
) -> None:
    environment = {**os.environ, "AWS_ENDPOINT_URL": f"http://u:{PLANTED['body']}@127.0.0.1:9"}
    done = subprocess.run([str(PROGRAM), *command], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "***" in done.stderr
    hides_all(done.stdout + done.stderr)


def test_a_crash_is_told_without_secrets(hides_all: Callable[[str], None]) -> None:  # noqa: F811 - the fixture
    code = "from sqs_tui.secrecy import hide_secrets\nhide_secrets()\n"
    code += f"raise ValueError('password={PLANTED['body']} and https://bob:{PLANTED['handler']}@host/')\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "ValueError: password=***" in done.stderr
    hides_all(done.stderr)


def test_a_warning_about_settings_repeats_no_secret(hides_all: Callable[[str], None]) -> None:  # noqa: F811 - the fixture
    secret = PLANTED["shared file"]
    values = {"aws_secret_access_key": secret, "fps": f"password={secret}", "keys": {"pause": [f"https://bob:{secret}@host/"]}}
    said = "\n".join(read_settings(values, "settings.toml").warnings)
    assert all(sign in said for sign in ("unknown setting 'aws_secret_access_key'", "fps = 'password=***", "keys.pause"))
    hides_all(said)


def test_what_a_benchmark_says_of_its_surroundings_holds_no_secret(
    hides_all: Callable[[str], None],  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLANTED["environment"])
    hides_all(json.dumps(benchmark.about()))
