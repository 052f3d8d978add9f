"""Pods as targets: what kubectl is asked, what it may answer, and what is said of each kind of trouble."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cluster import CONTEXT, NAMESPACE, Cluster, cluster
from servers import group_is_gone
from sqs_core.errors import ConfigurationError, SqsTuiError, UnreachableError
from sqs_core.remote.kube import PodSource, PodTarget, Wanted, is_kubernetes, names_many, read_wanted
from sqs_core.remote.kubectl import Kubectl, Reach, gist
from sqs_core.remote.once import ask_once
from sqs_core.remote.pod_errors import explain
from sqs_core.remote.pods import PodState, read_pods, selector_of
from sqs_core.remote.resolving import is_fleet, resolve
from sqs_tui.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POD = PodState("orders-1", NAMESPACE, "app", "Running", running=True, ready=True, restarts=0)
LOOPING = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}


@pytest.fixture
def simulated(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A simulated cluster whose kubectl is the one on PATH."""
    with cluster(clean_environment) as made:
        made.install(monkeypatch)
        yield made


@pytest.mark.parametrize(
    ("text", "namespace", "wanted"),
    [
        ("k8s:staging/app=orders", None, Wanted("staging", selector="app=orders")),
        ("k8s:staging/app.kubernetes.io/name in (a,b)", None, Wanted("staging", selector="app.kubernetes.io/name in (a,b)")),
        ("pod/orders-1", None, Wanted(None, pod="orders-1")),
        ("pod/orders-1", "staging", Wanted("staging", pod="orders-1")),
        ("deployment/orders", "staging", Wanted("staging", deployment="orders")),
    ],
)
def test_what_targets_mean(text: str, namespace: str | None, wanted: Wanted) -> None:
    assert is_kubernetes(text)
    assert read_wanted(text, namespace) == wanted


@pytest.mark.parametrize(
    ("text", "namespace", "said"),
    [
        ("k8s:staging", None, "names no labels"),
        ("k8s:staging/", None, "names no labels"),
        ("k8s:--all/app=x", None, "no namespace"),
        ("k8s:staging/app=x", "other", "another than --namespace other"),
        ("pod/--all", None, "no name of a pod"),
        ("deploy/a b", None, "no name of a deploy"),
        ("pod/x", "$(id)", "no name of a namespace"),
    ],
)
def test_what_cannot_be_meant_is_one_line(text: str, namespace: str | None, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_wanted(text, namespace)


def test_scripts_get_the_shape_of_a_fleet_whenever_there_may_be_several() -> None:
    assert names_many("k8s:a/b=c")
    assert is_fleet(["deploy/orders"])
    assert is_fleet(["1", "2"])
    assert not is_fleet(["pod/orders-1"])
    assert not is_fleet(["1", "1"])


def pod(name: str = "orders-1", **status: Any) -> dict[str, Any]:
    """A pod as kubectl prints it."""
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, **status.pop("metadata", {})},
        "spec": {"containers": [{"name": "proxy"}, {"name": "app"}]},
        "status": {"phase": "Running", **status},
    }


def statuses(state: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"name": "app", "ready": "running" in state, "restartCount": 3, "state": state, **more}]


@pytest.mark.parametrize(
    ("given", "running", "problem"),
    [
        ({"containerStatuses": statuses({"running": {}})}, True, ""),
        ({"containerStatuses": statuses(LOOPING)}, False, "CrashLoopBackOff: back-off 5m0s"),
        (
            {"containerStatuses": statuses({"terminated": {"reason": "OOMKilled", "exitCode": 137}})},
            False,
            "OOMKilled (exit code 137)",
        ),
        ({"containerStatuses": statuses({"running": {}}), "metadata": {"deletionTimestamp": "now"}}, True, "terminating"),
        (
            {
                "phase": "Pending",
                "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3"}],
            },
            False,
            "Unschedulable: 0/3",
        ),
        ({"phase": "Pending", "containerStatuses": "nonsense", "conditions": [7]}, False, "Pending"),
        ({"containerStatuses": statuses({"waiting": {"reason": "\x1b[2J"}})}, False, "⟨1B⟩[2J"),
    ],
)
def test_the_state_of_a_pod(given: dict[str, Any], running: bool, problem: str) -> None:
    (seen,) = read_pods({"items": [pod(**given)]}, "app")
    assert (seen.running, seen.problem) == (running, problem)


def test_the_container_is_the_one_that_kubectl_would_choose() -> None:
    annotated = pod(metadata={"annotations": {"kubectl.kubernetes.io/default-container": "app"}})
    assert read_pods({"items": [annotated]}, None)[0].container == "app"
    assert read_pods({"items": [pod()]}, None)[0].container == "proxy"
    assert read_pods({"items": [pod()]}, "nginx")[0].problem == "no container nginx: it has proxy, app"


def test_pods_that_have_finished_are_left_out() -> None:
    assert [each.name for each in read_pods({"items": [pod("b"), pod("a"), pod("c", phase="Succeeded")]}, None)] == ["a", "b"]


@pytest.mark.parametrize("answer", [{}, {"items": 3}, {"items": [7]}, {"items": [pod("--all")]}, {"items": [pod("a\n")]}])
def test_what_is_no_list_of_pods_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(UnreachableError, match="kubectl"):
        read_pods(answer, None)


def test_the_selector_of_a_deployment() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"app": "orders"}, "matchExpressions": expressions}
    assert selector_of({"spec": {"selector": selector}}) == "app=orders,tier in (a,b),!old"
    with pytest.raises(UnreachableError, match="no deployment"):
        selector_of({"spec": {"selector": {}}})


@pytest.mark.parametrize(
    ("said", "code", "word", "text"),
    [
        ('exec: "sqs-tui": executable file not found in $PATH: unknown', 1, "no sqs-tui", "make pyz"),
        (
            "sh: sqs-tui: not found\ncommand terminated with exit code 127",
            127,
            "no sqs-tui",
            "--remote-command 'python3 /tmp/sqs-tui.pyz'",
        ),
        ("python3: can't open file '/tmp/sqs-tui.pyz'", 2, "no sqs-tui", "kubectl exec -i -n staging orders-1 -c app --"),
        ("Error from server (Forbidden): cannot create pods/exec", 1, "forbidden", "not allowed"),
        ("sqs-tui: No such command 'bridge'.", 2, "too old", "same version"),
        ("sqs-tui: no consumer runs here: none has a socket", 2, "no consumer", "container app"),
        (
            "sqs-tui: several consumers run here (1, 2)\ncommand terminated with exit code 2",
            2,
            "lost",
            "several consumers run here (1, 2)",
        ),
        ("", -15, "no answer", "said nothing for so long"),
        ("", 0, "lost", "exit code 0"),
    ],
)
def test_why_a_pod_cannot_be_looked_into(said: str, code: int, word: str, text: str) -> None:
    failing = explain(said, code, POD, ("sqs-tui",))
    assert failing.word == word
    assert text in failing.text
    assert len(failing.text) < 500, "a viewer cuts it there"


def test_read_only_sends_no_command() -> None:
    with pytest.raises(ConfigurationError, match="leave --read-only out"):
        cli.main(["control", "pod/orders-1", "pause", "--read-only"], standalone_mode=False)


def test_what_kubectl_only_logs_is_not_its_complaint() -> None:
    logged = 'E1125 04:17:35.78 24126 memcache.go:265] "Unhandled Error"\n'
    assert gist(f"{logged}The connection to the server was refused\n") == "The connection to the server was refused"


def test_pods_of_a_selector_a_deployment_and_a_name(simulated: Cluster) -> None:
    simulated.set("orders-1")
    simulated.set("orders-2", state=LOOPING, restarts=7)
    simulated.set("other-1", labels={"app": "other"})
    for text in ("k8s:staging/app=orders", "deploy/orders"):
        found = resolve([text])
        assert [each.target.name for each in found] == ["pod/orders-1", "pod/orders-2"]
        assert found[1].pod is not None
        assert (found[1].pod.restarts, found[1].pod.problem) == (7, "CrashLoopBackOff: back-off 5m0s")
    assert len(resolve(["k8s:staging/app=orders", "pod/orders-1"])) == 2, "each once"


@pytest.mark.parametrize(
    ("trouble", "said"),
    [("forbidden", 'User "ada" cannot list'), ("garbage", "no JSON object"), ("evil", "⟨1B⟩]0;owned")],
)
def test_trouble_with_the_cluster_is_one_line(simulated: Cluster, trouble: str, said: str) -> None:
    simulated.trouble = trouble
    simulated.write()
    with pytest.raises(UnreachableError) as refusal:
        resolve(["k8s:staging/app=orders"])
    assert said in str(refusal.value)
    assert "\x1b" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_kubectl_that_says_nothing_is_ended_with_all_it_started(simulated: Cluster) -> None:
    program, place = simulated.folder / "bin" / "kubectl", simulated.folder / "group"
    program.write_text(f"#!/bin/sh\necho $$ > {place}\nsleep 600 & wait\n", encoding="utf-8")
    kubectl = Kubectl(CONTEXT, answer_seconds=0.2)
    with pytest.raises(UnreachableError, match=r"`kubectl --context=test-eu get pods` said nothing for 1.2 s"):
        kubectl.get("pods")
    assert group_is_gone(int(place.read_text(encoding="utf-8")))


def test_without_kubectl_there_is_a_word_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigurationError, match=r"kubectl cannot be run .*install it"):
        resolve(["k8s:staging/app=orders"])


def test_no_pods_and_an_unknown_context_are_refused(simulated: Cluster) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no pod answers to k8s:staging/app=none \(context test-eu, namespace staging\)"
    ):
        resolve(["k8s:staging/app=none"])
    with pytest.raises(ConfigurationError, match="no pod answers to pod/none"):
        resolve(["pod/none"])
    with pytest.raises(ConfigurationError, match="get-contexts"):
        resolve(["pod/orders-1"], Reach(context="prod"))
    with pytest.raises(ConfigurationError, match="go with k8s"):
        resolve(["1"], Reach(context="prod"))


def test_a_context_that_is_switched_meanwhile_is_not_followed(simulated: Cluster) -> None:
    simulated.set("orders-1")
    source = PodSource("deploy/orders", Reach(), Kubectl())
    assert len(source.find()) == 1
    place = simulated.folder / "cluster.json"
    place.write_text(json.dumps({**json.loads(place.read_text(encoding="utf-8")), "context": "prod"}), encoding="utf-8")
    with pytest.raises(SqsTuiError, match="context was not found for specified context: test-eu"):
        source.find()


def test_a_pod_that_does_not_run_is_not_tried_and_one_that_fails_seldom(simulated: Cluster) -> None:
    simulated.set("orders-1", trouble="no tool")
    started = simulated.folder / "started"
    program = simulated.folder / "bin" / "kubectl"
    program.write_text(program.read_text(encoding="utf-8").replace("exec ", f"echo run >> {started}\nexec ", 1), encoding="utf-8")
    looping = PodState(
        "orders-1", NAMESPACE, "app", "Running", running=False, ready=False, restarts=1, problem="CrashLoopBackOff"
    )
    target = PodTarget(Kubectl(CONTEXT), looping, ("sqs-tui",))
    assert "CrashLoopBackOff" in str(ask_once(target, "ping").error)
    assert not started.exists()
    target.update(POD)
    for _ in range(3):
        assert "no sqs-tui in container app" in str(ask_once(target, "ping").error)
    assert started.read_text(encoding="utf-8") == "run\n", "it is not started again and again"
    target.update(PodState("orders-1", NAMESPACE, "app", "Running", running=True, ready=True, restarts=2))
    ask_once(target, "ping")
    assert started.read_text(encoding="utf-8") == "run\nrun\n", "a pod that has started anew is tried at once"
