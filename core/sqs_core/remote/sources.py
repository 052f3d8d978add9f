"""Where the members of a fleet come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqs_core.remote.pod_errors import Failing
    from sqs_core.remote.pods import PodState
    from sqs_core.remote.targets import LocalTarget
    from sqs_core.remote.viewing import Target


@dataclass(frozen=True, slots=True)
class Candidate:
    """A consumer that may be there: `key` says which one for as long as it lives, `pod` is None on this machine."""

    key: str
    target: Target
    pod: PodState | None = None

    @property
    def failing(self) -> Failing | None:
        """Why the pod cannot be looked into, where that is known."""
        return getattr(self.target, "failing", None)

    @property
    def problem(self) -> str:
        """What is wrong with it, or was, while it answers."""
        return self.pod.problem if self.pod else getattr(self.target, "past", "")

    @property
    def restarts(self) -> int | None:
        """How often it was started anew; None where nobody counts."""
        return self.pod.restarts if self.pod else getattr(self.target, "restarts", None)

    def done_before(self, pid: int) -> tuple[int, int]:
        """Messages handled and failed by the processes that were in the place of this one; none where nobody counts."""
        count = getattr(self.target, "done_before", None)
        return count(pid) if count else (0, 0)


class Source(Protocol):
    """One target as somebody wrote it. `changes` says that others may be found later; `where` says where they are found."""

    text: str
    changes: bool

    @property
    def where(self) -> str: ...

    def find(self) -> list[Candidate]:
        """Those that are there now; may take seconds. Raises `ConfigurationError`, `UnreachableError`."""


class LocalSource:
    """One consumer of this machine."""

    changes = False
    where = "this machine"

    def __init__(self, text: str, target: LocalTarget) -> None:
        self.text, self._target = text, target

    def find(self) -> list[Candidate]:
        """It alone."""
        return [Candidate(self.text, self._target)]
