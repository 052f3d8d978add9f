"""Why a command in a pod did not become a connection: a word for the table, and a sentence that says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.plain_text import one_line
from sqs_core.remote.kubectl import gist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqs_core.remote.pods import PodState

_CANNOT_RUN, _NOT_FOUND = 126, 127
_SIGNS_OF_LACK = ("executable file not found", "oci runtime exec failed", "can't open file")
_PLACE = "/tmp/sqs-tui.pyz"  # noqa: S108 - in somebody's container, where it is the one place that can be written to


@dataclass(frozen=True, slots=True)
class Failing:
    """A word and a sentence. `lasting` says that trying again soon is of no use."""

    word: str
    text: str
    lasting: bool = False


def explain(said: str, code: int | None, pod: PodState, program: Sequence[str]) -> Failing:
    """From what kubectl and the program in the pod wrote on stderr, and kubectl's exit code."""
    low = said.lower()
    if "forbidden" in low:
        return Failing("forbidden", f"kubectl exec is not allowed in {pod.name}: {gist(said)}", lasting=True)
    if code in (_CANNOT_RUN, _NOT_FOUND) or any(sign in low for sign in _SIGNS_OF_LACK):
        return Failing("no sqs-tui", _lacks(pod, program), lasting=True)
    if "no such command" in low:
        return Failing(
            "too old", f"the sqs-tui in {pod.name} knows no `bridge`: use the same version on both sides", lasting=True
        )
    if "no consumer runs here" in low:
        text = f"no consumer that can be attached to runs in container {pod.container}: `sqs-tui consume … --headless` is one"
        return Failing("no consumer", text)
    if not said and code is not None and code < 0:
        return Failing("no answer", "kubectl exec said nothing for so long that it was ended")
    return Failing("lost", gist(_own_words(said)) or f"the bridge has ended (exit code {code})")


def _lacks(pod: PodState, program: Sequence[str]) -> str:
    bring = f"kubectl exec -i -n {pod.namespace} {pod.name} -c {pod.container} -- sh -c 'cat > {_PLACE}' < dist/sqs-tui.pyz"
    return (
        f"no {one_line(' '.join(program), 80)} in container {pod.container}: bring it in with `{bring}` (`make pyz` makes it) "
        f"and attach with --remote-command 'python3 {_PLACE}'"
    )


def _own_words(said: str) -> str:
    lines = [line.strip() for line in said.splitlines()]
    return "\n".join(line.removeprefix("sqs-tui: ") for line in lines if not line.startswith("command terminated with exit code"))
