"""What the workbench shows: the messages of one queue as a look saw them, and the work that is being done on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqs_core.peek import Peeked, Rung
    from sqs_core.unwrap import Pointer
    from sqs_core.write_lock import LockState


class LookState(StrEnum):
    """Where a look stands. `ASKING`: it would cost receives and waits for leave."""

    NONE = "none"
    LOOKING = "looking"
    ASKING = "asking"
    SHOWN = "shown"
    FAILED = "failed"


class JobState(StrEnum):
    """Where a piece of work stands. `ASKING`: its plan waits for an answer, its messages held meanwhile."""

    PLANNING = "planning"
    ASKING = "asking"
    WORKING = "working"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class JobView:
    """A piece of work: `lines` are its plan and then its results, `done` of `total` messages are through.

    `sends` says that it sends messages, so that a rate can be set with the answer.
    """

    title: str
    state: JobState
    lines: tuple[str, ...] = ()
    done: int = 0
    total: int = 0
    failed: bool = False
    number: int = 0
    sends: bool = False


@dataclass(frozen=True, slots=True)
class BenchView:
    """`text` is what a look would cost, or why it failed; `total` how many messages there are, None where nobody says."""

    queue: str | None = None
    state: LookState = LookState.NONE
    text: str = ""
    rows: tuple[Peeked, ...] = ()
    rung: Rung | None = None
    total: int | None = None
    at: float = 0.0
    job: JobView | None = None


class WorkbenchFacade(Protocol):
    """Looking into queues and putting messages back. Commands return at once; what came of them is in the next `view`."""

    def view(self) -> BenchView:
        """As it is now."""

    def look(self, queue: str, *, receive: bool = False, dead_letters: bool = False) -> None:
        """Look into a queue, or into its dead-letter queue: by the emulator's page, else by receiving once `receive` allows."""

    def look_at_own(self, queue: str) -> None:
        """Show what our own workers hold of a queue or have handled, as far as it is remembered. Costs nothing."""

    def put_back(self, message_ids: frozenset[str], to: str | None = None) -> None:
        """Plan to move these back, to `to` or where each came from; then `answer`. Raises `ConfigurationError` when refused."""

    def copy(self, message_ids: frozenset[str], to: str) -> None:
        """Plan to send copies of these to a queue by name or URL, also at a local endpoint; the originals stay."""

    def delete(self, message_ids: frozenset[str]) -> None:
        """Plan to delete these, after a backup; then `answer`. Raises `ConfigurationError` when refused."""

    def purge(self, queue: str) -> None:
        """Delete everything in a queue at once, without a backup. Raises `ConfigurationError` when refused."""

    def answer(
        self, *, yes: bool, canary: bool = False, edited: Mapping[str, str] | None = None, rate: float | None = None
    ) -> None:
        """Answer a plan that asks. `edited` are bodies to send in place of the old ones, by message id.

        `rate` is the most messages a second, None for as fast as it goes. Raises `ConfigurationError` for one that cannot be.
        """

    def cancel(self) -> None:
        """Stop the work: what is being sent is finished, the rest handed back."""

    def lock(self) -> LockState:
        """Whether this session may write now."""

    def unlock(self, reason: str) -> None:
        """Unlock for 10 minutes. Raises `ConfigurationError` where that is not allowed."""

    def relock(self) -> None:
        """Lock again at once."""

    def unmask(self, queue: str, message_id: str) -> None:
        """Write down that somebody looks at the personal data of a message. Raises `ConfigurationError` where that fails."""

    def fetch_payload(self, pointer: Pointer) -> tuple[str, str]:
        """The text of an object in S3 that a body points to, and a note on it. Not for the thread that draws; raises."""

    def actions(self) -> list[dict[str, object]]:
        """The newest lines of the action log, newest first."""
