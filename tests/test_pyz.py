"""The single file: built once, run by bare interpreters of each version that is found here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from consuming import fill
from servers import REPOSITORY

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

MAXIMUM_BYTES = 25_000_000
OUTSIDE = dict(os.environ)  # before the fixtures clean it: version managers look up HOME
KEPT_SERVICES = ("sqs", "sts", "sso", "sso-oidc", "signin")
MAKE_CLIENTS = f"""
import sys
sys.path.insert(0, sys.argv[1])
import boto3
session = boto3.Session("a", "b", region_name="eu-west-1")
assert sorted(session.get_available_services()) == sorted({KEPT_SERVICES!r})
for service in {KEPT_SERVICES!r}:
    session.client(service)
print("made")
"""


def _interpreter(version: str) -> str | None:
    """Where Python of this version is, on PATH or with a version manager."""
    path = f"{OUTSIDE.get('PATH', '')}:/usr/local/bin"
    pyenv = Path(OUTSIDE.get("PYENV_ROOT") or Path(OUTSIDE.get("HOME", "/"), ".pyenv"), "versions")
    managed = [str(found) for found in pyenv.glob(f"{version}.*/bin/python")]
    candidates = [shutil.which(f"python{version}", path=path), _from_uv(version), *managed]
    for candidate in (found for found in candidates if found):
        ask = [candidate, "-c", "import sys; print(sys.executable, '%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(ask, capture_output=True, text=True, env=OUTSIDE, timeout=60, check=False)
        if done.returncode == 0 and done.stdout.split()[-1] == version:
            return done.stdout.rpartition(" ")[0]
    return None


def _from_uv(version: str) -> str | None:
    if (uv := shutil.which("uv", path=OUTSIDE.get("PATH"))) is None:
        return None
    found = subprocess.run([uv, "python", "find", version], capture_output=True, text=True, env=OUTSIDE, timeout=60, check=False)
    return found.stdout.strip() or None


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The single file."""
    output = tmp_path_factory.mktemp("pyz") / "sqs-tui.pyz"
    command = [sys.executable, str(REPOSITORY / "deploy" / "pyz" / "build.py"), str(output)]
    subprocess.run(command, env=OUTSIDE, check=True, timeout=90)
    return output


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder for temporary files."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def _run(pyz: Path, scratch: Path, *arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Without site-packages, home, path or anything else of this environment."""
    command = ["/usr/bin/env", "-i", f"TMPDIR={scratch}", python, "-I", "-S", str(pyz), *arguments]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120, check=False)


def _version(pyz: Path, scratch: Path) -> list[Path]:
    """Runs the file; the folders that are there then."""
    done = _run(pyz, scratch, "--version")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith("sqs-tui ")
    return _unpacked(scratch)


def _unpacked(scratch: Path) -> list[Path]:
    """All that is there but the folder of the consumers' sockets."""
    return sorted(path for path in scratch.iterdir() if path.name != f"sqs-tui-{os.getuid()}")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_a_bare_python_consumes_with_it(
    version: str,
    pyz: Path,
    scratch: Path,
    ministack: str,
    ministack_sqs: SQSClient,
    ministack_queue_factory: QueueFactory,
) -> None:
    python = _interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, [str(number) for number in range(20)])
    flags = ("--handler", "builtin:noop", "--headless", "--max-messages", "20", "--wait", "1", "--metrics-address", "127.0.0.1:0")
    done = _run(pyz, scratch, "--endpoint-url", ministack, "consume", queue.name, *flags, python=python)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["deleted"] == 20
    assert "metrics.served" in done.stderr
    (place,) = _unpacked(scratch)
    before = place.stat()
    assert _version(pyz, scratch) == [place]
    assert place.stat().st_ino == before.st_ino


def test_its_size_and_its_data(pyz: Path, scratch: Path) -> None:
    assert pyz.stat().st_size < MAXIMUM_BYTES
    (place,) = _version(pyz, scratch)
    assert not [path for path in place.rglob("*") if path.suffix in (".so", ".pyd", ".dylib")]
    own = {path.relative_to(root) for root in (REPOSITORY / "core", REPOSITORY / "tui") for path in root.rglob("*.*")}
    assert all((place / "site" / path).exists() for path in own if "__pycache__" not in path.parts)
    made = subprocess.run(
        [sys.executable, "-I", "-S", "-c", MAKE_CLIENTS, str(place / "site")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.stdout == "made\n", made.stderr


def test_without_room_it_says_what_to_do(pyz: Path, scratch: Path) -> None:
    with ZipFile(pyz) as opened:
        name = f"sqs-tui-{os.geteuid()}-{opened.read('digest').decode()}"
    for taken in (name, *(f"{name}-{number}" for number in range(1, 8))):
        (scratch / taken).symlink_to(scratch)
    done = _run(pyz, scratch, "--version")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "set TMPDIR" in done.stderr
    assert str(scratch / name) in done.stderr


def test_an_old_python_gets_a_sentence(pyz: Path, scratch: Path) -> None:
    python = next((found for minor in (10, 9, 8, 7) if (found := _interpreter(f"3.{minor}"))), None)
    if python is None:
        pytest.skip("no Python older than 3.11 here")
    done = _run(pyz, scratch, "--version", python=python)
    assert done.returncode == 2
    assert "3.11 or newer is needed" in done.stderr
    assert list(scratch.iterdir()) == []
