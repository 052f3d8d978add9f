"""A simulated cluster: pods behind a stand-in `kubectl`, and in them real consumers with control sockets."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consuming import PROGRAM
from waiting import DEADLINE_SECONDS, wait_until

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator

    import pytest

STAND_IN = Path(__file__).with_name("stand_in_kubectl.py")
CONTEXT, NAMESPACE = "test-eu", "staging"
LABELS = {"app": "orders"}


class Cluster:
    """Pods by name; what is changed shows at the next question. A consumer may stand for several pods."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pods: dict[str, dict[str, Any]] = {}
        self.trouble = ""
        self._consumers: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "bin").mkdir()
        program = folder / "bin" / "kubectl"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -S {STAND_IN} "$@"\n', encoding="utf-8")
        program.chmod(0o700)
        self.write()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be the `kubectl` of this process and of those it starts."""
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)

    def environment(self) -> dict[str, str]:
        """What makes a process see this cluster."""
        sources = ":".join(str(STAND_IN.parent.parent / each) for each in ("core", "tui"))
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "STAND_IN_CLUSTER": str(self.folder / "cluster.json"),
            "PYTHONPATH": sources,
        }

    def write(self) -> None:
        """Tell the stand-in; it never sees half of it."""
        pods = [{"labels": LABELS, **pod, "name": name} for name, pod in self.pods.items()]
        cluster = {
            "trouble": self.trouble,
            "context": CONTEXT,
            "namespace": NAMESPACE,
            "pods": pods,
            "deployments": {"orders": LABELS},
        }
        new = self.folder / "cluster.new"
        new.write_text(json.dumps(cluster), encoding="utf-8")
        new.rename(self.folder / "cluster.json")

    def set(self, name: str, **pod: Any) -> None:
        """Add or change a pod: `consumer=`, `trouble=`, `state=`, `restarts=`."""
        if "consumer" in pod:
            pod["consumer"] = str(self.folder / pod["consumer"])
        self.pods[name] = {"consumer": str(self.folder / "nobody"), **self.pods.get(name, {}), **pod}
        self.write()

    def remove(self, name: str) -> None:
        """A pod is gone."""
        del self.pods[name]
        self.write()

    def start(self, name: str, endpoint_url: str, *arguments: str, control: bool = True, **environment: str) -> None:
        """Start a real consumer, and wait until it can be attached to."""
        runtime = self.folder / name
        runtime.mkdir(mode=0o700, exist_ok=True)
        rights = ["--control"] if control else []
        command = [str(PROGRAM), "--endpoint-url", endpoint_url, "consume", *arguments, "--headless", "--wait", "1", *rights]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._consumers[name] = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, "XDG_RUNTIME_DIR": str(runtime), **environment}
            )
        wait_until(lambda: list(runtime.glob("sqs-tui/*.sock")))

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a consumer."""
        self._consumers[name].send_signal(number)

    def kill(self, name: str) -> None:
        """End a consumer at once."""
        process = self._consumers.pop(name)
        process.kill()
        process.wait(DEADLINE_SECONDS)

    def close(self) -> None:
        """End all consumers."""
        for name in list(self._consumers):
            self.kill(name)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster without pods, in a folder with a short name, for the sake of Unix sockets in it."""
    made = Cluster(folder)
    try:
        yield made
    finally:
        made.close()
