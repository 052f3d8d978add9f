"""Targets as people write them: a process id, a socket's path, or pods of Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError
from sqs_core.remote.kube import PodSource, is_kubernetes, names_many
from sqs_core.remote.kubectl import Kubectl, Reach
from sqs_core.remote.sources import Candidate, LocalSource, Source
from sqs_core.remote.targets import local_target

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Reach()


def is_fleet(texts: Sequence[str]) -> bool:
    """Whether the targets may be several, however many there are now: scripts get the same shape each time."""
    return len(set(texts)) > 1 or any(map(names_many, texts))


def sources(texts: Sequence[str], reach: Reach = HERE) -> list[Source]:
    """Where each target is found. Raises `ConfigurationError` for one that cannot be."""
    written = list(dict.fromkeys(texts))
    in_pods = [text for text in written if is_kubernetes(text)]
    if not in_pods and reach != HERE:
        raise ConfigurationError("--namespace, --container, --context and --remote-command go with k8s:…, pod/… and deploy/…")
    kubectl = Kubectl(reach.context) if in_pods else None
    return [
        PodSource(text, reach, kubectl) if kubectl and text in in_pods else LocalSource(text, local_target(text))
        for text in written
    ]


def candidates(found: Sequence[Source]) -> list[Candidate]:
    """All that are there now, each once. Raises `ConfigurationError` where a source has none."""
    there: dict[str, Candidate] = {}
    for source in found:
        here = source.find()
        if not here:
            raise ConfigurationError(f"no pod answers to {source.text} ({source.where}): `kubectl get pods` lists them")
        there.update((each.key, each) for each in here)
    return list(there.values())


def resolve(texts: Sequence[str], reach: Reach = HERE) -> list[Candidate]:
    """The targets that are there now, each once. Raises `ConfigurationError` for one that cannot be, or is not there."""
    return candidates(sources(texts, reach))
