"""One received message for as long as we hold it, and what is to become of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING

from sqs_core.masking import mask_secrets
from sqs_core.model import PREVIEW_CHARACTERS, Finished, InFlight, Message, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.failures import Cause

    Mask = Callable[[str, int | None], str]


@lru_cache(maxsize=64)
def _received(count: int) -> str:
    return f"received, receive count {count}"


@lru_cache(maxsize=1024)
def _handed(worker: str) -> str:
    return f"handed to {worker}"


_ENDED = {outcome: outcome.value for outcome in Outcome}


class Phase(Enum):
    """Where a held message is: waiting for a worker, with one, or with the acker."""

    BUFFERED = auto()
    HANDLING = auto()
    SETTLING = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to tell SQS about a message, and which outcome its proof makes true.

    `visibility_seconds` None means delete, else make it visible again after so many seconds.
    """

    outcome: Outcome
    visibility_seconds: int | None = None
    error: str | None = None
    cause: Cause | None = None


class Held:
    """Mutable and guarded by the ledger's lock. `lease_deadline` is by the lease clock, `received_at` by the wall's.

    What faces see of it is made when somebody looks, for most messages come and go between two looks.
    """

    __slots__ = (
        "_finished",
        "_mask",
        "_preview",
        "_record",
        "attempts",
        "done_handling",
        "due",
        "ended_at",
        "error",
        "extending",
        "extensions",
        "handler_seconds",
        "handling_since",
        "hung",
        "lease_deadline",
        "lease_expires_at",
        "message",
        "next_extension",
        "outcome",
        "phase",
        "receive_count",
        "received",
        "received_at",
        "sent_at",
        "settling_since",
        "timeline",
        "verdict",
        "worker",
    )  # fmt: skip

    def __init__(self, message: Message, received: float, received_at: float, mask: Mask = mask_secrets) -> None:
        self.message = message
        self.received = received
        self.received_at = received_at
        self.phase = Phase.BUFFERED
        self.worker: str | None = None
        self.lease_deadline = self.lease_expires_at = 0.0
        self.next_extension = 0.0
        self.extensions = 0
        self.extending = False
        self.handling_since: float | None = None
        self.handler_seconds: float | None = None
        self.done_handling = False
        self.hung = False
        self.verdict: Verdict | None = None
        self.settling_since = 0.0
        self.due = 0.0
        self.attempts = 0
        self._record: InFlight | None = None
        self._preview: str | None = None
        self._mask = mask
        self._finished: Finished | None = None
        self.outcome: Outcome | None = None
        self.ended_at = 0.0
        self.error: str | None = None
        self.receive_count, self.sent_at = message.receive_count, message.sent_at  # read out of texts: once
        self.timeline: list[tuple[float, str]] = [(received_at, _received(self.receive_count))]

    def grant_lease(self, seconds: float, margin_seconds: float, now_lease: float, now_wall: float) -> None:
        """The server promised `seconds` of invisibility from now."""
        self.lease_deadline = now_lease + seconds
        self.lease_expires_at = now_wall + seconds
        self.next_extension = self.lease_deadline - margin_seconds
        self._record = None

    def record(self) -> InFlight:
        """The frozen view, made when somebody looks and kept until something changes."""
        if self._record is None:
            self._record = _InFlight(self)
        return self._record

    def settling(self) -> str | None:
        """What its handler's end asks of SQS while that is not proved."""
        if self.phase is not Phase.SETTLING or self.verdict is None:
            return None
        return "delete" if self.verdict.visibility_seconds is None else "return"

    def hand_to(self, worker: str, now: float, now_wall: float) -> None:
        """A worker has it from now on."""
        self.phase, self.worker, self.handling_since = Phase.HANDLING, worker, now
        self.timeline.append((now_wall, _handed(worker)))
        self._record = None

    def submit(self, verdict: Verdict, now: float) -> None:
        """It waits for the acker from now on."""
        self.phase, self.verdict, self.settling_since, self.due = Phase.SETTLING, verdict, now, now
        self._record = None

    def end(self, outcome: Outcome, at: float, error: str | None) -> None:
        """It ends here; `at` is by the wall's clock."""
        self.phase, self.outcome, self.ended_at, self.error = Phase.ENDED, outcome, at, error
        self.timeline.append((at, _ENDED[outcome]))

    def finished(self) -> Finished:
        """What is remembered of one that has ended."""
        if self._finished is None:
            self._finished = _Finished(self)
        return self._finished

    def cause(self) -> Cause | None:
        """Why its handler failed, where that is how it ended."""
        verdict = self.verdict
        return verdict.cause if verdict is not None and verdict.outcome is self.outcome else None

    def preview(self) -> str:
        """The head of the body for a table row, its secrets masked: once, for that is dear. Untrusted text: faces clean it."""
        if self._preview is None:
            self._preview = self._mask(self.message.body, PREVIEW_CHARACTERS)
        return self._preview


class _InFlight(InFlight):
    """Its preview is made when somebody looks: of hundreds a screen shows a dozen, and a snapshot is made under a lock."""

    __slots__ = ("_held",)
    _held: Held

    def __init__(self, held: Held) -> None:
        put = object.__setattr__
        put(self, "_held", held)
        put(self, "message_id", held.message.message_id)
        put(self, "worker", held.worker)
        put(self, "received_at", held.received_at)
        put(self, "receive_count", held.receive_count)
        put(self, "lease_expires_at", held.lease_expires_at)
        put(self, "extensions", held.extensions)
        put(self, "group_id", held.message.group_id)
        put(self, "sent_at", held.sent_at)
        put(self, "settling", held.settling())

    @property
    def preview(self) -> str:
        return self._held.preview()


class _Finished(Finished):
    """One that has ended, which changes no more: looked up when somebody looks."""

    __slots__ = ("_held",)
    _held: Held

    def __init__(self, held: Held) -> None:
        object.__setattr__(self, "_held", held)

    @property
    def message_id(self) -> str:
        return self._held.message.message_id

    @property
    def outcome(self) -> Outcome:
        assert self._held.outcome is not None
        return self._held.outcome

    @property
    def finished_at(self) -> float:
        return self._held.ended_at

    @property
    def handler_ms(self) -> float | None:
        seconds = self._held.handler_seconds
        return None if seconds is None else round(seconds * 1000, 3)

    @property
    def error(self) -> str | None:
        return self._held.error

    @property
    def preview(self) -> str:
        return self._held.preview()

    @property
    def error_type(self) -> str | None:
        cause = self._held.cause()
        return cause.kind if cause else None

    @property
    def place(self) -> str | None:
        cause = self._held.cause()
        return cause.place if cause else None

    @property
    def receive_count(self) -> int:
        return self._held.receive_count

    @property
    def group_id(self) -> str | None:
        return self._held.message.group_id

    @property
    def sent_at(self) -> float | None:
        return self._held.sent_at
