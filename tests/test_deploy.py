"""The deployment files agree with the program: what they run, ask and wait for is what it understands, serves and needs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from consuming import PROGRAM, fill, wait_for_depth
from servers import REPOSITORY
from sqs_core.environment import Environment
from sqs_core.metrics_server import parse_address
from sqs_tui.cli import cli
from sqs_tui.cli_attach import attach
from sqs_tui.run import consumer_settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory

DEPLOY = REPOSITORY / "deploy"
AS_PROCESS_1 = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
STOP_SLACK_SECONDS = 5
"""What a stop may take beyond its drain: giving back, the grace of a release, the report."""


def _documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text()))


@pytest.fixture
def pod() -> dict[str, Any]:
    """The pod's specification."""
    (deployment,) = [one for one in _documents("kubernetes.yaml") if one["kind"] == "Deployment"]
    specification: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return specification


@pytest.fixture
def container(pod: dict[str, Any]) -> dict[str, Any]:
    """Its only container."""
    (only,) = pod["containers"]
    assert isinstance(only, dict)
    return only


def _consume_flags(container: dict[str, Any]) -> dict[str, Any]:
    words = container["command"]
    assert words[:4] == ["tini", "--", "sqs-tui", "consume"]
    with cli.make_context("sqs-tui", ["consume"], resilient_parsing=True) as parent:
        flags: dict[str, Any] = cli.commands["consume"].make_context("consume", words[4:], parent=parent).params
    return flags


def test_the_command_is_understood_and_legal(container: dict[str, Any]) -> None:
    flags = _consume_flags(container)
    assert flags["headless"]
    assert flags["queues"] == ("orders",)
    assert consumer_settings(flags).handler_timeout_seconds
    assert container["env"][0] == {"name": "APP_ENV", "value": "staging"}
    assert Environment("staging").deployed


def test_the_pod_is_given_time_to_drain(pod: dict[str, Any], container: dict[str, Any]) -> None:
    settings = consumer_settings(_consume_flags(container))
    assert pod["terminationGracePeriodSeconds"] >= settings.drain_timeout_seconds + STOP_SLACK_SECONDS
    assert "lifecycle" not in container


def test_probes_and_scrapes_ask_what_is_served(pod: dict[str, Any], container: dict[str, Any]) -> None:
    host, port = parse_address(_consume_flags(container)["metrics_address"])
    assert host == "0.0.0.0", "probes come from outside the pod"
    assert container["ports"] == [{"name": "metrics", "containerPort": port}]
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {"path": path, "port": "metrics"}
    (deployment,) = [one for one in _documents("kubernetes.yaml") if one["kind"] == "Deployment"]
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert (annotations["prometheus.io/port"], annotations["prometheus.io/path"]) == (str(port), "/metrics")


def test_names_and_labels_belong_together(pod: dict[str, Any]) -> None:
    account, deployment = _documents("kubernetes.yaml")
    assert (account["kind"], account["apiVersion"]) == ("ServiceAccount", "v1")
    assert (deployment["kind"], deployment["apiVersion"]) == ("Deployment", "apps/v1")
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    role = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    assert role.startswith("arn:aws:iam::")


def test_nothing_is_written_outside_the_volume(pod: dict[str, Any], container: dict[str, Any]) -> None:
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"]
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsNonRoot"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"] for volume in pod["volumes"] if "emptyDir" in volume}
    assert set(mounts.values()) == volumes
    written = [one["value"] for one in container["env"] if one["name"].startswith("XDG_")]
    assert len(written) == 2
    assert all(any(path.startswith(f"{mount}/") for mount in mounts) for path in written)


def test_the_image_and_the_manifest_agree(pod: dict[str, Any], container: dict[str, Any]) -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}\n" in dockerfile
    assert f"EXPOSE {container['ports'][0]['containerPort']}\n" in dockerfile
    for variable in container["env"]:
        if variable["name"].startswith("XDG_"):
            assert f"{variable['name']}={variable['value']} " in dockerfile
    copied = [word for line in re.findall(r"^COPY (?!--)(.*)$", dockerfile, re.MULTILINE) for word in shlex.split(line)[:-1]]
    assert all((REPOSITORY / name).exists() for name in copied)
    entry = re.findall(r'^ENTRYPOINT \["(.*)"\]$', dockerfile, re.MULTILINE)[0].split('", "')
    assert container["command"][: len(entry)] == entry


def test_the_plugin_attaches_to_the_row_it_is_pressed_on() -> None:
    (document,) = _documents("k9s-plugins.yaml")
    plugins = document["plugins"]
    assert plugins
    for plugin in plugins.values():
        assert plugin["command"] == PROGRAM.name
        assert plugin["args"][0] == "attach"
        assert plugin["background"] is False, "it draws on the terminal"
        assert {"shortCut", "description", "scopes"} <= plugin.keys()
    if not any("--context" in parameter.opts for parameter in attach.params):
        pytest.skip("attach takes no --context")
    with cli.make_context("sqs-tui", ["attach"], resilient_parsing=True) as parent:
        for plugin in plugins.values():
            assert isinstance(attach.make_context("attach", plugin["args"][1:], parent=parent), click.Context)


def _own_processes() -> bool:
    """Whether a process may be given a process namespace of its own here."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*AS_PROCESS_1, "true"], capture_output=True, timeout=60, check=False)
    return tried.returncode == 0


def test_sigterm_drains_as_process_1(
    ministack: str, ministack_sqs: SQSClient, ministack_queue_factory: QueueFactory, tmp_path: Path
) -> None:
    if not _own_processes():
        pytest.skip("no process namespace of one's own here")
    queue = ministack_queue_factory()
    fill(ministack_sqs, queue, [str(number) for number in range(8)])
    flags = ["--handler", "builtin:sleep?seconds=2", "--headless", "--wait", "1"]
    command = [*AS_PROCESS_1, str(PROGRAM), "--endpoint-url", ministack, "consume", queue.name, *flags]
    with (
        (tmp_path / "errors").open("w+") as errors,
        subprocess.Popen(command, stderr=errors, stdout=subprocess.PIPE) as outer,
    ):
        try:
            wait_for_depth(ministack_sqs, queue.url, (0, 8))
            children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
            inner = int(children[0])
            assert f"NSpid:\t{inner}\t1\n" in Path(f"/proc/{inner}/status").read_text()
            os.kill(inner, 15)
            out, _ = outer.communicate(timeout=30)
        finally:
            outer.kill()
        assert outer.returncode == 0, (tmp_path / "errors").read_text()
    assert b'"handled": 8' in out
    assert b'"in_flight_at_exit": 0' in out
