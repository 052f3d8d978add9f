"""What `kubectl get pods -o json` tells, read with care: it comes from a cluster that many can write to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqs_core.errors import UnreachableError
from sqs_core.plain_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_FINISHED = frozenset({"Succeeded", "Failed"})
_LONGEST_REASON = 120


@dataclass(frozen=True, slots=True)
class PodState:
    """A pod at one moment, and in it the container that consumes.

    `running` says that a command can be run in the container; `problem` why it cannot, or what is wrong all the same;
    `last_end` how the container ended before, or nothing.
    """

    name: str
    namespace: str
    container: str
    phase: str
    running: bool
    ready: bool
    restarts: int
    problem: str = ""
    last_end: str = ""

    @property
    def key(self) -> str:
        """Which pod it is."""
        return f"{self.namespace}/{self.name}"


def read_pods(answer: Mapping[str, Any], container: str | None) -> list[PodState]:
    """The pods of a list that have not finished, by name. Raises `UnreachableError` for what is no list of pods."""
    items = answer.get("items")
    if not isinstance(items, list):
        raise UnreachableError("kubectl answered what is no list of pods")
    pods = [_pod(_part(item), container) for item in items]
    return sorted((pod for pod in pods if pod.phase not in _FINISHED), key=lambda pod: pod.key)


def selector_of(deployment: Mapping[str, Any]) -> str:
    """The label selector of a deployment, as kubectl reads one. Raises `UnreachableError` where there is none."""
    selector = _part(_part(deployment.get("spec")).get("selector"))
    equal = [f"{label}={value}" for label, value in _part(selector.get("matchLabels")).items()]
    more = [_expression(_part(each)) for each in _list(selector.get("matchExpressions"))]
    if not equal and not more:
        raise UnreachableError("kubectl answered what is no deployment with a selector")
    return ",".join([*equal, *more])


def _expression(expression: Mapping[str, Any]) -> str:
    key, values = _text(expression, "key"), ",".join(str(value) for value in _list(expression.get("values")))
    operator = _text(expression, "operator")
    forms = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key, "DoesNotExist": f"!{key}"}
    if operator not in forms:
        raise UnreachableError(f"kubectl told of a deployment that selects pods by {operator!r}, which is not known here")
    return forms[operator]


def _pod(item: Mapping[str, Any], container: str | None) -> PodState:
    metadata, spec, status = (_part(item.get(name)) for name in ("metadata", "spec", "status"))
    name, namespace = _text(metadata, "name"), _text(metadata, "namespace")
    if not NAME.fullmatch(name) or not NAME.fullmatch(namespace):
        raise UnreachableError(f"kubectl told of a pod with a name that none can have: {namespace!r} {name!r}")
    names = [_text(_part(each), "name") for each in _list(spec.get("containers"))]
    default = _text(_part(metadata.get("annotations")), DEFAULT_CONTAINER)
    chosen = container or (default if default in names else next(iter(names), ""))
    found = next((_part(each) for each in _list(status.get("containerStatuses")) if _part(each).get("name") == chosen), {})
    state = _part(found.get("state"))
    restarts = found.get("restartCount")
    return PodState(
        name,
        namespace,
        one_line(chosen, _LONGEST_REASON),
        one_line(_text(status, "phase") or "Unknown", _LONGEST_REASON),
        running="running" in state,
        ready=found.get("ready") is True,
        restarts=restarts if isinstance(restarts, int) else 0,
        problem=_problem(chosen, names, state, metadata, status),
        last_end=_ended(_part(_part(found.get("lastState")).get("terminated"))),
    )


def _problem(
    chosen: str, names: Sequence[str], state: Mapping[str, Any], metadata: Mapping[str, Any], status: Mapping[str, Any]
) -> str:
    if chosen not in names:
        return one_line(f"no container {chosen}: it has {', '.join(names) or 'none'}")
    if "deletionTimestamp" in metadata:
        return "terminating"
    if "running" in state:
        return ""
    waiting, ended = _part(state.get("waiting")), _part(state.get("terminated"))
    if waiting:
        return one_line(": ".join(part for part in (_text(waiting, "reason"), _text(waiting, "message")) if part))
    return _ended(ended) or _unscheduled(status)


def _ended(terminated: Mapping[str, Any]) -> str:
    if not terminated:
        return ""
    return one_line(f"{_text(terminated, 'reason') or 'ended'} (exit code {terminated.get('exitCode')})", _LONGEST_REASON)


def _unscheduled(status: Mapping[str, Any]) -> str:
    for condition in map(_part, _list(status.get("conditions"))):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return one_line(f"{_text(condition, 'reason')}: {_text(condition, 'message')}")
    return one_line(_text(status, "phase") or "not started yet")


def _part(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    return value if isinstance(value, str) else ""
