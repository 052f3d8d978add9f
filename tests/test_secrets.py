"""Secrets planted wherever a process meets some reach nothing that it writes or shows, at any log level."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from typing import TYPE_CHECKING

import pytest

import identity_servers
from consuming import PROCESS_SECONDS, PROGRAM, Handled, fill, look, running
from identity_servers import ROLE_ARN, serve
from sqs_core import wire
from sqs_core.client import AwsSession
from sqs_core.credential_chain import Identity
from sqs_core.masking import mask_secrets
from sqs_core.message import AttributeValue, Message
from sqs_core.settings import make_connection_settings
from sqs_tui.secrecy import hide_secrets
from torturing import Row
from tui_canned import detail, message_id
from tui_fakes import FakeFacade
from tui_harness import dashboard, plain_environment  # noqa: F401 - a fixture
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

PLANTED = {
    "environment": "planted-environment-key",
    "container": "planted-container-token",
    "token file": "planted-web-identity-token",
    "shared file": "planted-shared-file-key",
    "body": "planted-body-password",
    "handler": "planted-handler-secret",
    "attribute": "planted-attribute-token",
    "issued": identity_servers.SECRET,
}
SIGNS = ("handling", "handler.failed", "it failed", "LookupError", "thread Thread-", "botocore", '"user": "bob"', '"preview":')
"""What a run writes in the places where secrets would be."""
BODY = json.dumps({"user": "bob", "password": PLANTED["body"], "url": f"https://bob:{PLANTED['body']}@host/"})
HANDLER = f"""
import logging, threading
logging.getLogger().addHandler(logging.StreamHandler())
logging.getLogger().setLevel(logging.DEBUG)
def handle(message):
    logging.getLogger("app").debug("handling %s of %s", message.body, {{"api_key": "{PLANTED["handler"]}"}})
    def die():
        raise LookupError(f"no such secret={PLANTED["handler"]} for {{message.body}}")
    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    try:
        die()
    except LookupError:
        logging.getLogger("app").exception("it failed")
        raise
"""


RECORDING = "run.jsonl"


def leaks(text: str) -> list[str]:
    """Where what is in a text was planted."""
    return [place for place, secret in PLANTED.items() if secret in text]


@pytest.fixture
def hides_all(table: Callable[[Row], None]) -> Callable[[str], None]:
    """Asserts that no secret is in what was written or shown."""

    def check(text: str) -> None:
        found = leaks(text)
        table(
            Row(
                f"{len(PLANTED)} secrets planted, outputs searched",
                1,
                int(not found),
                note=f"{len(found)} leaks" if found else "",
            )
        )
        assert found == []

    return check


@pytest.fixture
def planted(clean_environment: Path) -> dict[str, str]:
    """An environment in which every mechanism holds a secret; a web identity is what is used."""
    home = clean_environment
    (home / "token").write_text(PLANTED["token file"])
    (home / ".aws").mkdir()
    keys = f"aws_access_key_id = AKIASHAREDFILE00\naws_secret_access_key = {PLANTED['shared file']}\n"
    (home / ".aws" / "credentials").write_text(f"[default]\n{keys}[broken]\naws_access_key_id = AKIABROKEN000000\n")
    (home / "planted.py").write_text(HANDLER)
    return {
        **os.environ,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(home / "token"),
        "AWS_ROLE_ARN": ROLE_ARN,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": PLANTED["container"],
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def consume(environment: dict[str, str], home: Path, *arguments: str, signs: tuple[str, ...] = ()) -> str:
    """Everything a headless run wrote: stdout, stderr, the log file, and the recording if one was asked for.

    It is told to stop when all `signs` are there, or must end by itself.
    """
    command = [str(PROGRAM), "--log-file", str(home / "log"), "--region", "us-east-1", *arguments]
    command += ["--handler", "planted:handle", "--wait", "1", "--headless"]

    def written() -> str:
        return "".join((home / name).read_text() for name in ("out", "errors", "log", RECORDING) if (home / name).exists())

    with (home / "out").open("w") as out, (home / "errors").open("w") as errors:
        process = subprocess.Popen(command, env=environment, cwd=home, stdout=out, stderr=errors)
        try:
            if signs:
                wait_until(lambda: process.poll() is not None or all(sign in written() for sign in signs))
                process.terminate()
            assert process.wait(PROCESS_SECONDS) in (0, 1), written()[-2000:]
        finally:
            process.kill()
    return written()


@pytest.mark.sdk
def test_a_deployed_run_at_debug_level_writes_no_secret(
    hides_all: Callable[[str], None],
    planted: dict[str, str],
    clean_environment: Path,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, [BODY])
    with serve(identity_servers.sts) as sts:
        deployed = ("--env", "staging", "--allow-endpoint", "127.0.0.1", "--sts-endpoint-url", sts.url)
        place = (*deployed, "--endpoint-url", ministack)
        written = consume(planted, clean_environment, *place, "consume", queue.name, "--record", RECORDING, signs=SIGNS)
        used = [request.form["WebIdentityToken"] for request in sts.seen if "WebIdentityToken" in request.form]
    assert used == [PLANTED["token file"]]
    assert [sign for sign in SIGNS if sign not in written] == []
    hides_all(written)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_doctor_tells_no_secret(
    hides_all: Callable[[str], None], form: list[str], planted: dict[str, str], clean_environment: Path, ministack: str
) -> None:
    script = clean_environment / "leak.sh"
    script.write_text(f"#!/bin/sh\necho {PLANTED['handler']} >&2\nexit 3\n")
    script.chmod(0o700)
    (clean_environment / ".aws" / "config").write_text(f"[default]\ncredential_process = {script}\n")
    with serve(identity_servers.sts) as sts:
        command = [str(PROGRAM), "--env", "staging", "--region", "us-east-1", "--allow-endpoint", "127.0.0.1"]
        command += ["--sts-endpoint-url", sts.url, "--endpoint-url", ministack, "doctor", "--probe", *form]
        done = subprocess.run(command, env=planted, capture_output=True, text=True, timeout=PROCESS_SECONDS, check=False)
    assert "custom-process" in done.stdout
    assert "what the program wrote is not shown" in " ".join(done.stdout.split())
    hides_all(done.stdout + done.stderr)


def test_a_local_run_at_debug_level_writes_no_secret(
    hides_all: Callable[[str], None],
    clean_environment: Path,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
) -> None:
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, [BODY])
    (clean_environment / "planted.py").write_text(HANDLER)
    pair = {"AWS_ACCESS_KEY_ID": "AKIALOCALKEY", "AWS_SECRET_ACCESS_KEY": PLANTED["environment"]}
    place = ("--endpoint-url", ministack)
    written = consume({**os.environ, **pair}, clean_environment, *place, "consume", queue.name, signs=("botocore", "it failed"))
    assert "botocore" in written
    assert "it failed" in written
    hides_all(written)


def test_what_a_report_has_looked_at_is_masked_from_then_on(planted: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in planted.items():
        monkeypatch.setenv(name, value)
    connection = make_connection_settings(env="staging", region="us-east-1")
    AwsSession(connection).report(0.0, Identity())
    assert mask_secrets(f"{PLANTED['container']} {PLANTED['token file']} {PLANTED['shared file']}") == "*** *** ***"


DYING = [
    f"import warnings; warnings.warn('password={PLANTED['body']}')",
    f"class Odd:\n    def __del__(self): raise ValueError('token={PLANTED['handler']}')\nOdd()",
    f"try: raise ValueError('password={PLANTED['body']}')\nexcept ValueError: raise KeyboardInterrupt('{PLANTED['issued']}')",
]


@pytest.mark.parametrize("code", DYING)
def test_other_last_words_are_masked_too(hides_all: Callable[[str], None], code: str) -> None:
    program = f"from sqs_tui.secrecy import hide_secrets\nhide_secrets()\n{code}\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "***" in done.stderr or "interrupted" in done.stderr
    hides_all(done.stderr)


@pytest.fixture
def secretive() -> Iterator[None]:
    """`hide_secrets` for the length of a test."""
    factory, formatter = logging.getLogRecordFactory(), warnings.formatwarning
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    hide_secrets()
    yield
    logging.setLogRecordFactory(factory)
    warnings.formatwarning = formatter
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


@pytest.mark.usefixtures("secretive")
def test_a_record_whose_arguments_do_not_fit_is_masked_too(
    hides_all: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("app").warning("%d is no number", f"token={PLANTED['body']}")
    assert "its arguments do not fit" in caplog.text
    hides_all(caplog.text)


@pytest.mark.usefixtures("secretive")
def test_an_ordinary_record_says_what_it_said(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("app").warning("%s of %d at 100%%", "three", 7)
    assert caplog.messages == ["three of 7 at 100%"]


def test_a_snapshot_holds_no_secret(
    hides_all: Callable[[str], None],
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOCALKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLANTED["environment"])

    def fail(_message: Message) -> None:
        raise LookupError(f"{PLANTED['environment']} and token={PLANTED['handler']}")

    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, [BODY])
    with running(ministack, queue, Handled(fail)) as consumer:
        wait_until(lambda: look(consumer).totals.failed)
        snapshot = consumer.snapshot()
    written = json.dumps(wire.snapshot_to_json(snapshot))
    assert "bob" in written
    assert "LookupError: *** and token=***" in written
    hides_all(written + repr(snapshot))


async def test_no_screen_shows_a_secret(hides_all: Callable[[str], None]) -> None:
    attributes = {
        "auth-token": AttributeValue("String", PLANTED["attribute"]),
        "secret": AttributeValue("Binary", PLANTED["attribute"].encode()),
        "note": AttributeValue("String", f"password={PLANTED['attribute']}"),
    }
    message = Message(
        message_id=message_id(1), body=BODY, receipt_handle="handle", queue="orders", typed_attributes=attributes, system={}
    )
    facade = FakeFacade(details={message_id(1): detail(1, message=message)})
    async with dashboard(facade, size=(120, 40)) as running:
        await running.press("i", "enter")
        seen = running.text()
        await running.press("r")
        seen += running.text() + running.app.export_screenshot()
    assert "secrets masked as ***" in seen
    assert "bob" in seen
    hides_all(seen)
    assert PLANTED["attribute"].encode().hex(" ") not in seen
