"""Textual's terminal driver, with a question to the terminal that it must answer by itself: where its cursor is."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from textual import events
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App
    from textual.message import Message

QUESTION = "\x1b[6n"
HOLD_SECONDS = 2.0
_ANSWER = re.compile(r"[\x1b^]?\[\d{1,4};\d{1,4}R")
_BEGINNING = re.compile(r"[\x1b^]?(\[(\d{1,4}(;(\d{1,4})?)?)?)?")


def _character(key: events.Key) -> str:
    return "\x1b" if key.key == "escape" else key.character or "\0"


class AnswerSieve:
    """Finds an answer that came in pieces, each so late that Textual has made keys of them.

    The keys that may belong to an answer are held until it is known: one of them alone could replay a message.
    """

    def __init__(self) -> None:
        self._held: list[events.Key] = []

    def take(self, key: events.Key) -> tuple[list[events.Key], bool]:
        """The keys that were keys after all, in order, and whether an answer is complete."""
        self._held.append(key)
        text = "".join(map(_character, self._held))
        if _ANSWER.fullmatch(text):
            self._held.clear()
            return [], True
        if _BEGINNING.fullmatch(text):
            return [], False
        return self.give_back(), False

    def give_back(self) -> list[events.Key]:
        """The keys that are held, which wait for nothing any more."""
        held, self._held = self._held, []
        return held

    @property
    def holds(self) -> bool:
        """Whether there are any."""
        return bool(self._held)


class AskingDriver(LinuxDriver):
    """Asks on `ask`; `on_answer` and `on_stir` (something else came) are called on the thread that reads.

    The answer never reaches the application.
    """

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.on_answer: Callable[[], None] = lambda: None
        self.on_stir: Callable[[], None] = lambda: None
        self._open_questions = 0
        self._sieve = AnswerSieve()
        self._sieving = threading.RLock()
        self._is_answered = False
        self._timer: threading.Timer | None = None

    def ask(self) -> None:
        """Ask the terminal; four bytes. Blocks as any output does while the terminal takes none."""
        with self._sieving:
            # One that stays unanswered is forgotten once a later one is answered.
            self._open_questions = 1 if self._is_answered else self._open_questions + 1
            self._is_answered = False
        self.write(QUESTION)

    def process_message(self, message: Message) -> None:
        """Take answers out of what comes from the terminal."""
        with self._sieving:
            if isinstance(message, events.CursorPosition):
                self._end_question()
            elif self._open_questions and isinstance(message, events.Key):
                self._sift(message)
            else:
                self.on_stir()
                super().process_message(message)

    def _sift(self, key: events.Key) -> None:
        keys, is_answer = self._sieve.take(key)
        if is_answer:
            self._end_question()
        self._pass_on(keys)
        self._time_hold()

    def _time_hold(self) -> None:
        """Each hold has its own time: what is left of an earlier one's would make keys of half an answer."""
        if self._sieve.holds and self._timer is None:
            self._timer = threading.Timer(HOLD_SECONDS, self._stop_holding)
            self._timer.daemon = True
            self._timer.start()
        elif self._timer is not None and not self._sieve.holds:
            self._timer.cancel()
            self._timer = None

    def _stop_holding(self) -> None:
        with self._sieving:
            # One that was cancelled as it went off is not the one that counts.
            if self._timer is threading.current_thread():
                self._timer = None
                self._pass_on(self._sieve.give_back())

    def _end_question(self) -> None:
        self._open_questions = max(0, self._open_questions - 1)
        self._is_answered = True
        self.on_answer()
        self._pass_on(self._sieve.give_back())
        self._time_hold()

    def _pass_on(self, keys: list[events.Key]) -> None:
        for key in keys:
            self.on_stir()
            super().process_message(key)
