"""One received message for as long as we hold it, and what is to become of it."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from sqs_core.masking import head_characters, mask_secrets
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
        self._preview: _Preview | None = None
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
            self._record = _InFlight(
                self.message.message_id,
                self.worker,
                self.received_at,
                self.receive_count,
                self.lease_expires_at,
                self.extensions,
                self.message.group_id,
                self._late_preview(),
                self.sent_at,
                self._settling(),
            )
        return self._record

    def _settling(self) -> str | None:
        if self.phase is not Phase.SETTLING or self.verdict is None:
            return None
        return "delete" if self.verdict.visibility_seconds is None else "return"

    def hand_to(self, worker: str, now: float, now_wall: float) -> None:
        """A worker has it from now on."""
        self.phase, self.worker, self.handling_since = Phase.HANDLING, worker, now
        self.timeline.append((now_wall, _handed(worker)))
        self._record = None

    def handler_ended(self, seconds: float, at: float, text: str) -> None:
        """Its handler took so long. What has ended changes no more, whoever looks at it when."""
        if self.phase is Phase.ENDED:
            return
        self.handler_seconds = seconds
        if self.phase is Phase.HANDLING:
            self.timeline.append((at, text))

    def submit(self, verdict: Verdict, now: float) -> None:
        """It waits for the acker from now on."""
        self.phase, self.verdict, self.settling_since, self.due = Phase.SETTLING, verdict, now, now
        self._record = None

    def end(self, outcome: Outcome, at: float, error: str | None) -> None:
        """It ends here; `at` is by the wall's clock."""
        self.phase, self.outcome, self.ended_at, self.error = Phase.ENDED, outcome, at, error
        self.timeline.append((at, _ENDED[outcome]))

    def finished(self) -> Finished:
        """What is remembered of one that has ended; the cause of a failure is its handler's, where that is how it ended."""
        if self._finished is None:
            assert self.outcome is not None
            cause = self.verdict.cause if self.verdict is not None and self.verdict.outcome is self.outcome else None
            self._finished = _Finished(
                self.message.message_id,
                self.outcome,
                self.ended_at,
                None if self.handler_seconds is None else round(self.handler_seconds * 1000, 3),
                self.error,
                self._late_preview(),
                cause.kind if cause else None,
                cause.place if cause else None,
                self.receive_count,
                self.message.group_id,
                self.sent_at,
            )
        return self._finished

    def _late_preview(self) -> str:
        """The head of the body for a table row. Untrusted text: faces clean it."""
        if self._preview is None:
            self._preview = _Preview(self.message.body, self._mask)
        return cast("str", self._preview)  # which the records below take for it


class _Preview:
    """The head of a body, and what is shown of it once somebody has looked: of hundreds a screen shows a dozen.

    It knows nothing of the message: records that faces keep must not keep bodies, nor wait for the collector to let them go.
    """

    __slots__ = ("_head", "_mask", "_text")

    def __init__(self, body: str, mask: Mask) -> None:
        self._head: str = body[: head_characters(PREVIEW_CHARACTERS)]
        self._mask = mask
        self._text: str | None = None

    def text(self) -> str:
        """Its secrets masked: once, for that is dear."""
        head, text = self._head, self._text  # in this order: who looks at the same time drops the head when the text is there
        if text is None:
            text = self._text = self._mask(head, PREVIEW_CHARACTERS)
            self._head = ""
        return text


class _Late:
    """Mixed into a record, before its class: its `preview` is a `_Preview`, or the text where it is a copy."""

    __slots__ = ()
    _preview: _Preview | str

    @property
    def preview(self) -> str:
        return self._preview if isinstance(self._preview, str) else self._preview.text()

    @preview.setter
    def preview(self, preview: _Preview | str) -> None:
        object.__setattr__(self, "_preview", preview)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InFlight | Finished) and self._values() == astuple(other)

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[object, ...]:
        return astuple(cast("InFlight | Finished", self))


class _InFlight(_Late, InFlight):
    __slots__ = ("_preview",)


class _Finished(_Late, Finished):
    __slots__ = ("_preview",)
