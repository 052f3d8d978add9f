"""A stand-in for `kubectl`: pods are entries of a JSON file, and `exec` runs the real program beside a consumer of this machine.

The file, named by `$STAND_IN_CLUSTER`: `{"trouble": "", "context", "namespace", "pods": [{"name", "labels", "consumer",
"trouble", …}]}`. `consumer` is the runtime directory of a real consumer, which stands for the pod's file system.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

LONGER_THAN_ANYBODY_WAITS_SECONDS = 600


def main(arguments: list[str]) -> None:
    """Do what kubectl would."""
    cluster: dict[str, Any] = json.loads(Path(os.environ["STAND_IN_CLUSTER"]).read_text(encoding="utf-8"))
    options = dict(each.removeprefix("--").partition("=")[::2] for each in arguments if each.startswith("--") and "=" in each)
    if arguments == ["config", "current-context"]:
        print(cluster["context"])
        return
    if options.get("context") != cluster["context"]:
        fail(1, f"error: context was not found for specified context: {options.get('context')}")
    fail_as(cluster.get("trouble", ""))
    words = [each for each in arguments if not each.startswith("--")]
    if words[0] == "exec":
        run_in_pod(cluster, words[1], arguments[arguments.index("--") + 1 :])
    print(json.dumps(get(cluster, words[1:], options)))


def get(cluster: dict[str, Any], words: list[str], options: dict[str, str]) -> dict[str, Any]:
    """`get pods --selector=…`, `get pods --field-selector=metadata.name=…` or `get deployment NAME`."""
    if words[0] == "deployment":
        match = cluster["deployments"].get(words[1]) or fail(
            1, f'Error from server (NotFound): deployments "{words[1]}" not found'
        )
        return {"kind": "Deployment", "spec": {"selector": {"matchLabels": match}}}
    there = options.get("namespace", cluster["namespace"]) == cluster["namespace"]
    name = options.get("field-selector", "").removeprefix("metadata.name=")
    wanted = dict(each.partition("=")[::2] for each in options.get("selector", "").split(",") if each)
    pods = [each for each in cluster["pods"] if there and name in ("", each["name"]) and wanted.items() <= each["labels"].items()]
    return {"kind": "List", "items": [pod_object(cluster, each) for each in pods]}


def pod_object(cluster: dict[str, Any], pod: dict[str, Any]) -> dict[str, Any]:
    """A pod as the API tells of it."""
    state = pod.get("state", {"running": {"startedAt": "2026-11-25T03:00:00Z"}})
    return {
        "kind": "Pod",
        "metadata": {"name": pod["name"], "namespace": cluster["namespace"], "labels": pod["labels"]},
        "spec": {"containers": [{"name": "app"}, {"name": "sidecar"}]},
        "status": {
            "phase": pod.get("phase", "Running"),
            "containerStatuses": [
                {"name": "app", "ready": "running" in state, "restartCount": pod.get("restarts", 0), "state": state}
            ],
        },
    }


def run_in_pod(cluster: dict[str, Any], name: str, program: list[str]) -> NoReturn:
    """Become the program, in the pod's surroundings."""
    pod = next((each for each in cluster["pods"] if each["name"] == name), None)
    if pod is None:
        fail(1, f'Error from server (NotFound): pods "{name}" not found')
    fail_as(pod.get("trouble", ""))
    environment = {**os.environ, "XDG_RUNTIME_DIR": pod["consumer"]}
    if program[0] == "sqs-tui":
        os.execve(sys.executable, [sys.executable, "-m", "sqs_tui.cli", *program[1:]], environment)
    if not Path(program[1]).exists():
        fail(2, f"{program[0]}: can't open file {program[1]!r}: [Errno 2] No such file or directory")
    os.execvpe(program[0], program, environment)


def fail_as(trouble: str) -> None:
    """Fail in one of the known ways; do nothing for none."""
    if trouble == "hang":
        time.sleep(LONGER_THAN_ANYBODY_WAITS_SECONDS)
    if trouble == "garbage":
        print("<html>captive portal</html>")
        sys.exit(0)
    if trouble == "forbidden":
        fail(1, 'Error from server (Forbidden): pods is forbidden: User "ada" cannot list resource "pods" in API group ""')
    if trouble == "no tool":
        fail(
            126,
            'OCI runtime exec failed: exec failed: unable to start container process: exec: "sqs-tui": executable file not '
            "found in $PATH: unknown\ncommand terminated with exit code 126",
        )
    if trouble == "evil":
        fail(1, "\x1b]0;owned\x07\x1b[2J[bold]no[/] \u202etxt")


def fail(code: int, text: str) -> NoReturn:
    """Complain as kubectl does."""
    print(text, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
