"""What every test stands on: a clean environment, and real servers that are started when a test asks for one."""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import settings

import identity_servers
import servers
from identity_servers import Server, serve
from scripted_server import ScriptedServer
from sqs_core import sender
from sqs_core.demo.emulator import Emulator
from sqs_core.policy import Backoff
from sqs_tui.cli import cli
from torturing import (  # noqa: F401 - options, hooks and fixtures
    pytest_addoption,
    pytest_terminal_summary,
    scale,
    switch_interval,
    table,
    unless_switching,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from examining import RunDoctor


# A deadline for an example would measure the machine.
settings.register_profile("suite", deadline=None, max_examples=50)
settings.load_profile("suite")


def pytest_report_header() -> str:
    """Which SDK this run is on."""
    return f"boto3: {boto3.__version__}"


@pytest.fixture(scope="session", autouse=True)
def clean_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The same as `clean_environment`, for the fixtures that live as long as the session."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _clean(monkeypatch, tmp_path_factory.mktemp("h"))
        yield


@pytest.fixture(autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the developer's settings, credentials or terminal; a home for each test, which is the value.

    The path is short, for the sake of Unix sockets in it.
    """
    home = tmp_path_factory.mktemp("h")
    _clean(monkeypatch, home)
    return home


def _clean(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    foreign = {"APP_ENV", "NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLORFGBG", "LOCALSTACK_HOST", "EDGE_PORT", "COLUMNS", "LINES"}
    for name in list(os.environ):
        if name in foreign or name.startswith(("AWS_", "SQS_TUI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for kind in ("STATE_HOME", "CONFIG_HOME", "CACHE_HOME", "RUNTIME_DIR"):
        directory = home / kind.split("_")[0].lower()
        directory.mkdir(mode=0o700)
        monkeypatch.setenv(f"XDG_{kind}", str(directory))
    # Root's commands look for the consumers of all users in the folder for temporary files.
    monkeypatch.setenv("TMPDIR", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


@pytest.fixture(scope="session")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint URL of the session's LocalStack. Shared: use queues from `queue_factory`."""
    with servers.localstack(tmp_path_factory.mktemp("localstack")) as endpoint_url:
        yield endpoint_url


@pytest.fixture(scope="session")
def ministack() -> Iterator[str]:
    """The endpoint URL of the session's MiniStack, which the demo embeds. Shared: use `ministack_queue_factory`."""
    with Emulator() as emulator:
        yield emulator.endpoint_url


@pytest.fixture(scope="session")
def make_client() -> Iterator[Callable[[str], SQSClient]]:
    """Makes boto3 SQS clients for an endpoint, to look at a server past the code under test. They do not retry."""
    session = boto3.Session(servers.DUMMY_KEY, servers.DUMMY_KEY, region_name=servers.REGION)
    clients: list[SQSClient] = []

    def make(endpoint_url: str) -> SQSClient:
        config = Config(retries={"total_max_attempts": 1})
        clients.append(session.client("sqs", endpoint_url=endpoint_url, config=config))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def sqs(localstack: str, make_client: Callable[[str], SQSClient]) -> SQSClient:
    """A plain boto3 client of the session's LocalStack."""
    return make_client(localstack)


@pytest.fixture
def queue_factory(sqs: SQSClient) -> Iterator[servers.QueueFactory]:
    """Makes queues on LocalStack for this test alone: `queue_factory(fifo=…, max_receive_count=…, attributes=…)`."""
    factory = servers.QueueFactory(sqs)
    yield factory
    factory.delete_all()


@pytest.fixture(scope="session")
def ministack_sqs(ministack: str, make_client: Callable[[str], SQSClient]) -> SQSClient:
    """A plain boto3 client of the session's MiniStack."""
    return make_client(ministack)


@pytest.fixture
def ministack_queue_factory(ministack_sqs: SQSClient) -> Iterator[servers.QueueFactory]:
    """As `queue_factory`, on MiniStack."""
    factory = servers.QueueFactory(ministack_sqs)
    yield factory
    factory.delete_all()


@pytest.fixture(params=["ministack", "localstack"])
def place(request: pytest.FixtureRequest) -> tuple[str, SQSClient, servers.QueueFactory]:
    """Each emulator: its endpoint, a client that looks past us, and queues."""
    prefix = "ministack_" if request.param == "ministack" else ""
    sqs, factory = (request.getfixturevalue(f"{prefix}{name}") for name in ("sqs", "queue_factory"))
    return request.getfixturevalue(request.param), sqs, factory


@pytest.fixture
def run_doctor(capsys: pytest.CaptureFixture[str]) -> RunDoctor:
    """Runs `doctor … --json`; gives the exit code and the object."""

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = cli.main([*arguments, "--json"], standalone_mode=False)
        seen: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert seen["schema"] == 1
        assert seen["exit_code"] == code == int(any(one["verdict"] in ("warning", "problem") for one in seen["findings"]))
        for finding in seen["findings"]:
            assert finding["evidence"]
            assert finding["remedy"] or finding["verdict"] not in ("warning", "problem")
        return int(code), seen

    return run


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A send is repeated as often as ever, after a twentieth of the time."""
    monkeypatch.setattr(sender, "Backoff", lambda **seconds: Backoff(**{name: value / 20 for name, value in seconds.items()}))


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A server that answers as the test says, byte by byte."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def sts() -> Iterator[Server]:
    """A stand-in of STS."""
    with serve(identity_servers.sts) as server:
        yield server


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs a command with `--json`; gives the exit code and the object."""

    def run(endpoint: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        code = cli.main(["--endpoint-url", endpoint, *arguments, "--json"], standalone_mode=False)
        seen: dict[str, Any] = json.loads(capsys.readouterr().out)
        return int(code), seen

    return run
