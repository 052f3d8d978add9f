"""What importing costs: the AWS SDK and the screen library are loaded by those who use them, and by nobody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from terminals import Terminal

REPOSITORY = Path(__file__).parent.parent
ENGINE_MUST_NOT_LOAD = ("boto3", "botocore", "textual", "rich", "sqs_tui")
VERSION_MUST_NOT_LOAD = ("boto3", "botocore", "textual", "rich")
# SystemExit is how a command line ends; the modules are listed after it, on stderr.
LIST_MODULES = """
import runpy, sys
sys.path[:0] = {roots!r}
try:
    {code}
finally:
    print(*sorted({{name.partition('.')[0] for name in sys.modules}}), file=sys.stderr)
"""
# The engine is made when the first frame is out.
TELL_AT_THE_FIRST_FRAME = """
import os, sys
from pathlib import Path
from sqs_core.late_engine import LateEngine

def tell(_):
    Path({result!r}).write_text(" ".join(sys.modules))
    os._exit(0)

LateEngine.start = tell
from sqs_tui.cli import main
main()
"""
FIRST_FRAME_MUST_NOT_LOAD = ("boto3", "botocore", "sqs_core.engine", "sqs_core.client", "sqs_core.remote.server")
FIRST_SCREENS = {f"sqs_tui.screens{name}" for name in ("", ".frames", ".main", ".offering", ".panes", ".steady")}
RUN = "sys.argv = ['sqs-tui', '{option}']; from sqs_tui.cli import main; main()"


def _loaded_by(code: str) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    program = LIST_MODULES.format(code=code, roots=[str(REPOSITORY / "core"), str(REPOSITORY / "tui")])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    return done, set(done.stderr.splitlines()[-1].split())


def test_the_engine_can_be_imported_without_the_sdk_or_a_screen() -> None:
    done, loaded = _loaded_by("import sqs_core; assert sqs_core.Consumer")
    assert done.returncode == 0, done.stderr
    assert loaded.isdisjoint(ENGINE_MUST_NOT_LOAD)


def test_every_module_of_the_engine_can_be_imported_without_the_sdk_or_a_screen() -> None:
    source = REPOSITORY / "core"
    modules = [".".join(path.relative_to(source).with_suffix("").parts) for path in source.rglob("*.py")]
    names = [name.removesuffix(".__init__") for name in modules if not name.endswith(".guard")]
    done, loaded = _loaded_by(f"import {', '.join(names)}")
    assert done.returncode == 0, done.stderr
    assert loaded.isdisjoint(ENGINE_MUST_NOT_LOAD)


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_version_and_the_help_are_told_without_the_sdk_or_a_screen(option: str) -> None:
    done, loaded = _loaded_by(RUN.format(option=option))
    assert done.returncode == 0, done.stderr
    assert loaded.isdisjoint(VERSION_MUST_NOT_LOAD)


def test_the_doctor_needs_no_screen() -> None:
    code = "sys.argv = ['sqs-tui', '--endpoint-url', 'http://127.0.0.1:9', 'doctor', '--json']"
    done, loaded = _loaded_by(f"{code}; from sqs_tui.cli import main; main()")
    assert done.returncode == 1
    assert '"schema": 1' in done.stdout
    assert "botocore" in loaded
    assert loaded.isdisjoint(("textual", "rich"))


@pytest.mark.parametrize(
    "command", ["attach", "snapshot 1", "control 1 pause", "bridge 1", "snapshot pod/", "control k8s:x pause"]
)
def test_what_runs_in_a_pod_needs_neither_a_screen_nor_the_sdk(command: str) -> None:
    done, loaded = _loaded_by(f"sys.argv = ['sqs-tui', *{command.split()!r}]; from sqs_tui.cli import main; main()")
    assert done.returncode == (0 if command == "attach" else 2), done.stderr
    assert loaded.isdisjoint(VERSION_MUST_NOT_LOAD)


def test_a_headless_consumer_with_a_control_socket_needs_no_screen() -> None:
    flags = ["--endpoint-url", "http://127.0.0.1:9", "consume", "q", "--handler", "builtin:noop", "--headless", "--duration", "1"]
    done, loaded = _loaded_by(f"sys.argv = ['sqs-tui', *{flags!r}, '--control']; from sqs_tui.cli import main; main()")
    assert done.returncode == 1, done.stderr
    assert "asyncio" in loaded, "the control socket was there"
    assert loaded.isdisjoint(("textual", "rich"))


class Python(Terminal):
    COMMAND = Path(sys.executable)


def test_the_first_frame_waits_for_neither_the_engine_nor_another_screen(tmp_path: Path) -> None:
    result = tmp_path / "modules"
    command = ["--endpoint-url", "http://127.0.0.1:9", "consume", "orders", "--handler", "builtin:noop"]
    with Python(["-c", TELL_AT_THE_FIRST_FRAME.format(result=str(result)), *command]) as terminal:
        terminal.until(b"orders")
        assert terminal.ended(20.0) == 0
    loaded = set(result.read_text().split())
    assert "sqs_tui.screens.main" in loaded
    assert loaded.isdisjoint(FIRST_FRAME_MUST_NOT_LOAD)
    assert {name for name in loaded if name.startswith("sqs_tui.screens")} <= FIRST_SCREENS


def test_this_check_would_see_a_module() -> None:
    _, loaded = _loaded_by("import rich.console")
    assert "rich" in loaded


def test_the_import_contracts_hold() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    environment = {"PYTHONPATH": f"{REPOSITORY / 'core'}:{REPOSITORY / 'tui'}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([str(tool), "--no-cache"], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
