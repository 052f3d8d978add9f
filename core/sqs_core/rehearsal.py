"""Messages of a file handed straight to a handler, without a queue: how each ends now, and how it ended then."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.errors import ConfigurationError, Discard, describe
from sqs_core.json_lines import append_lines
from sqs_core.message_file import Rhythm, read_messages
from sqs_core.message_json import message_to_json
from sqs_core.model import Outcome

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    from sqs_core.handlers import Handler
    from sqs_core.message import Message
    from sqs_core.selecting import Selection

_FAILED = frozenset({Outcome.RETRIED, Outcome.GIVEN_UP})


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One message: how it ended, in `handler_ms` milliseconds, and how the file says it ended before (None: it does not say)."""

    message: Message
    outcome: Outcome
    handler_ms: float
    error: str | None
    before: str | None

    @property
    def differs(self) -> bool:
        """Whether it ended otherwise than before. Failures are alike, whether or not another receive was left then."""
        failed_before = self.before in {outcome.value for outcome in _FAILED}
        return (self.before is not None and (self.outcome in _FAILED) != failed_before) or self._acked_otherwise

    @property
    def _acked_otherwise(self) -> bool:
        acks = {Outcome.HANDLED.value, Outcome.DISCARDED.value}
        return self.before in acks and self.outcome.value in acks and self.before != self.outcome.value


def rehearse(
    path: Path, handler: Handler, selection: Selection, speed: float | None, stop: threading.Event, *, skip_unreadable: bool
) -> Iterator[Rehearsed]:
    """Each message's end, as it comes, one after another. Raises `ConfigurationError` for a file that cannot be read."""
    rhythm, call = Rhythm(speed, stop), handler.bind()
    try:
        for number, saved in read_messages(path, "rehearsal"):
            if isinstance(saved, str):
                if skip_unreadable:
                    continue
                raise ConfigurationError(
                    f"{path} line {number}: {saved}; mend it, or leave such lines out with --skip-unreadable"
                )
            if not selection.chooses(saved.message):
                continue
            rhythm.wait(saved)
            if stop.is_set():
                return
            began = time.perf_counter()
            outcome, error = _end(call, saved.message)
            yield Rehearsed(saved.message, outcome, (time.perf_counter() - began) * 1000, error, saved.outcome)
    finally:
        call.close()


def write_ends(path: Path, ends: Iterator[Rehearsed]) -> Iterator[Rehearsed]:
    """Pass these on, and write each with its outcome to a new file. Raises `ConfigurationError` where that fails."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    except OSError as error:
        raise ConfigurationError(f"--out {str(path)!r} cannot be made ({error.strerror}): nothing was handed over") from error
    try:
        for end in ends:
            line = {**message_to_json(end.message), "outcome": end.outcome.value, "handler_ms": round(end.handler_ms, 3)}
            append_lines(descriptor, [line])
            yield end
    finally:
        os.close(descriptor)


def _end(call: object, message: Message) -> tuple[Outcome, str | None]:
    assert callable(call)
    try:
        call(message)
    except Discard as discard:
        return Outcome.DISCARDED, str(discard) or None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit and its like are a handler's failure
        return Outcome.RETRIED, describe(error)
    return Outcome.HANDLED, None
