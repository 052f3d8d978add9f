"""Where things are remembered while a demo runs, and what becomes of that."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from sqs_core.backups import kept_for
from sqs_core.state_directory import state_directory, temporary_state

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_demos_state_is_gone_after_it_and_so_is_that_of_one_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(20)
    killed, foreign = tmp_path / f"sqs-tui-demo-state-{gone.pid}-x", tmp_path / "sqs-tui-demo-state-words-x"
    living = tmp_path / f"sqs-tui-demo-state-{os.getppid()}-x"
    for folder in (killed, foreign, living):
        (folder / "sqs-tui").mkdir(parents=True)
    with temporary_state():
        folder = state_directory("looks")
        assert folder.is_relative_to(tmp_path)
        assert not folder.is_relative_to(tmp_path / "own")
        assert kept_for() == "until this demo ends"
    assert not folder.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([foreign.name, living.name])
    assert state_directory().parent == tmp_path / "own"
    assert kept_for() == "7 days"
