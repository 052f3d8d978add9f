"""What just happened, in words: made from events as they are recorded and from the ends of handlers."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sqs_core.events import Code

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.model import Event, Message

T = TypeVar("T")
_LINES_KEPT = 50
_IDS_KEPT = 500
_READING_SECONDS = 1.5
_STORY_READING_SECONDS = 4.0
_LONGEST_TEXT = 200
_ID = re.compile(r"\b([0-9a-f]{4})[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_HUNG_UP = "the client hung up first"
_DENIED = "AccessDenied"
_WORDS: dict[str, str] = {
    Code.MESSAGE_GIVEN_UP: "a message failed on its last allowed receive → SQS moves it to the dead-letter queue",
}
_SILENT = frozenset(
    {
        Code.CONSUMER_STARTED,
        Code.HANDLER_FAILED,
        Code.CONSUMER_STOPPED,
        Code.ENGINE_STARTED,
        Code.POLL_HIDDEN_RETRY,
        Code.RECORDING_STARTED,
    }
)


def counted(number: int, noun: str) -> str:
    """`1 order`, `2 orders`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Line:
    """`at` is epoch seconds; `told` means by the story or a key, not made from an event."""

    at: float
    text: str
    told: bool


class Teller:
    """Thread-safe and quick. The newest line stays long enough to be read: until then lesser ones are only kept in `lines`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: deque[Line] = deque(maxlen=_LINES_KEPT)
        self._current: Line | None = None
        self._newest = ""
        self._lost: OrderedDict[str, str] = OrderedDict()
        self._began: OrderedDict[str, float] = OrderedDict()

    @property
    def current(self) -> Line | None:
        """What to show now."""
        return self._current

    @property
    def lines(self) -> tuple[Line, ...]:
        """The newest lines, oldest first."""
        with self._lock:
            return tuple(self._lines)

    def say(self, text: str) -> None:
        """A line of the story, or of a key; it shows at once."""
        self._add(text, told=True)

    def heard(self, event: Event) -> None:
        """An event was recorded."""
        if event.code in _SILENT:
            return
        if event.code == Code.LEASE_LOST and (found := _ID.search(event.text)):
            self._lease_lost(event, found.group(0), found.group(1))
            return
        text = _ID.sub(r"\1", _WORDS.get(event.code, event.text))
        if event.code == Code.POLL_ERROR and _HUNG_UP in event.text:
            text = f"a poll failed: {_HUNG_UP} → what SQS answers is hidden until its visibility timeout"
        elif event.code == Code.POLL_ERROR and _DENIED in event.text:
            text = "a poll was denied: the role may not receive"
        same = event.code != Code.CONSUMER_RESIZED  # which counts how often, whatever the sizes
        times = f" (×{event.count})" if event.count > 1 and same else ""
        where = f"{event.queue}: " if event.queue else ""
        self._add(f"{where}{text}", told=False, times=times)

    def handler_began(self, message: Message) -> None:
        """A handler starts."""
        with self._lock:
            _keep(self._began, message.message_id, self._clock())

    def handler_ended(self, message: Message, seconds: float) -> None:
        """A handler came to its end; worth a line where its lease was lost meanwhile."""
        with self._lock:
            self._began.pop(message.message_id, None)
            lost = self._lost.pop(message.message_id, None)
        if lost is not None:
            self._add(f"{lost}: its handler took {seconds:.1f} s → delivered again", told=False)

    def _lease_lost(self, event: Event, message_id: str, short: str) -> None:
        with self._lock:
            began = self._began.pop(message_id, None)
            at = "" if began is None else f" at {self._clock() - began:.1f} s"
            text = f"lease of {short} lost{at}"
            _keep(self._lost, message_id, text)
        why = event.text.partition(": ")[2] if began is None else "its handler still works"
        self._add(f"{text}: {why} → SQS delivers it again", told=False)

    def _add(self, text: str, *, told: bool, times: str = "") -> None:
        """One that only says again what the newest says takes its place."""
        line = Line(self._clock(), text[:_LONGEST_TEXT] + times, told)
        with self._lock:
            if self._lines and self._newest == text:
                self._lines.pop()
            self._newest = text
            self._lines.append(line)
            before = self._current
            if before is None or told or line.at - before.at >= _reading_seconds(before):
                self._current = line


def _keep(known: OrderedDict[str, T], key: str, value: T) -> None:
    known[key] = value
    if len(known) > _IDS_KEPT:
        known.popitem(last=False)


def _reading_seconds(line: Line) -> float:
    return _STORY_READING_SECONDS if line.told else _READING_SECONDS
