"""Consumers in pods as targets: `k8s:NAMESPACE/SELECTOR`, `pod/NAME`, `deploy/NAME`."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError, UnreachableError
from sqs_core.policy import Backoff
from sqs_core.remote.peers import ProcessPeer
from sqs_core.remote.pod_errors import Failing, explain
from sqs_core.remote.pods import NAME, PodState, read_pods, selector_of
from sqs_core.remote.sources import Candidate

if TYPE_CHECKING:
    from sqs_core.remote.kubectl import Kubectl, Reach
    from sqs_core.remote.protocol import Hello

LOOK_AGAIN_SECONDS = 30.0
"""What lacks in a pod is brought in by people: a program is started there to look for it no oftener than this."""
_FRESH_SECONDS = 15.0
_PODS, _POD, _DEPLOYMENT = "k8s:", ("pod/", "pods/"), ("deploy/", "deployment/", "deployments/")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pods a text means: one by name, those of a deployment, or those that a selector matches."""

    namespace: str | None
    pod: str = ""
    deployment: str = ""
    selector: str = ""


def is_kubernetes(text: str) -> bool:
    """Whether a target is one of these."""
    return text.startswith((_PODS, *_POD, *_DEPLOYMENT))


def names_many(text: str) -> bool:
    """Whether it may mean several pods, however many there are now."""
    return text.startswith((_PODS, *_DEPLOYMENT))


def read_wanted(text: str, namespace: str | None) -> Wanted:
    """What the text of a target means. Raises `ConfigurationError`."""
    if namespace is not None and not NAME.fullmatch(namespace):
        raise ConfigurationError(f"--namespace {namespace!r} is no name of a namespace")
    if text.startswith(_PODS):
        found, slash, selector = text.removeprefix(_PODS).partition("/")
        if not slash or not selector:
            raise ConfigurationError(f"target {text!r} names no labels: write it as k8s:staging/app=orders")
        if not NAME.fullmatch(found) or namespace not in (None, found):
            raise ConfigurationError(f"target {text!r}: {found!r} is no namespace, or another than --namespace {namespace}")
        return Wanted(found, selector=selector)
    kind, _, name = text.partition("/")
    if not NAME.fullmatch(name):
        raise ConfigurationError(f"target {text!r}: {name!r} is no name of a {kind}")
    return Wanted(namespace, pod=name) if f"{kind}/" in _POD else Wanted(namespace, deployment=name)


class PodTarget:
    """One pod. It is not tried while it is known not to run, and less and less often while it fails."""

    def __init__(self, kubectl: Kubectl, pod: PodState, program: tuple[str, ...]) -> None:
        self.pod = pod
        self.failing: Failing | None = None
        self._kubectl, self._program = kubectl, program
        self._seen_at = time.monotonic()
        self._backoff = Backoff(base_seconds=1.0, cap_seconds=LOOK_AGAIN_SECONDS)
        self._failures = 0
        self._not_before = 0.0
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """See `Target`."""
        return f"pod/{self.pod.name}"

    def update(self, pod: PodState) -> None:
        """What is known of the pod now. One that has started anew is tried at once."""
        with self._lock:
            before, self.pod, self._seen_at = self.pod, pod, time.monotonic()
            if (before.restarts, before.running) != (pod.restarts, pod.running):
                self._failures, self._not_before, self.failing = 0, 0.0, None

    def open(self) -> ProcessPeer:
        """See `Target`."""
        with self._lock:
            pod, now = self.pod, time.monotonic()
            if not pod.running and now - self._seen_at < _FRESH_SECONDS:
                raise UnreachableError(pod.problem or f"the container {pod.container} does not run")
            if self.failing is not None and now < self._not_before:
                raise UnreachableError(self.failing.text)
        into = [f"--namespace={pod.namespace}", "--stdin", pod.name, f"--container={pod.container}"]
        return ProcessPeer(self._kubectl.command("exec", *into, "--", *self._program, "bridge"), self._explain)

    def met(self, hello: Hello) -> None:  # noqa: ARG002 - the protocol's
        """See `Target`."""
        with self._lock:
            self._failures, self.failing = 0, None

    def _explain(self, said: str, code: int | None) -> str:
        with self._lock:
            failing = explain(said, code, self.pod, self._program)
            self._failures += 1
            wait = LOOK_AGAIN_SECONDS if failing.lasting else self._backoff.delay_seconds(min(self._failures, 6))
            self.failing, self._not_before = failing, time.monotonic() + wait
        return failing.text


class PodSource:
    """The pods that a text means, as they come and go."""

    changes = True

    def __init__(self, text: str, reach: Reach, kubectl: Kubectl) -> None:
        self.text, self.kubectl = text, kubectl
        self._wanted, self._reach = read_wanted(text, reach.namespace), reach
        self._targets: dict[str, PodTarget] = {}

    @property
    def where(self) -> str:
        """The context and the namespace."""
        return f"context {self.kubectl.where}, namespace {self._wanted.namespace or 'of the context'}"

    def find(self) -> list[Candidate]:
        """The pods that are there now. Raises `ConfigurationError`, `UnreachableError`."""
        pods = self._ask()
        if pods and self._wanted.namespace is None:  # as with the context: it is not to change under a watcher
            self._wanted = replace(self._wanted, namespace=pods[0].namespace)
        known, self._targets = self._targets, {}
        for pod in pods:
            target = known.get(pod.key) or PodTarget(self.kubectl, pod, self._reach.program)
            target.update(pod)
            self._targets[pod.key] = target
        return [Candidate(key, target, target.pod) for key, target in self._targets.items()]

    def _ask(self) -> list[PodState]:
        wanted = self._wanted
        within = [f"--namespace={wanted.namespace}"] if wanted.namespace else []
        chosen = f"--selector={wanted.selector}"
        if wanted.pod:  # not by its name as an argument: that is an error once it has gone
            chosen = f"--field-selector=metadata.name={wanted.pod}"
        elif wanted.deployment:
            chosen = f"--selector={selector_of(self.kubectl.get('deployment', wanted.deployment, *within))}"
        return read_pods(self.kubectl.get("pods", chosen, *within), self._reach.container)
