"""The question to the terminal, and its answer, which must not become keys. Textual's driver is not public: this pins it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App

from sqs_tui import asking_driver
from sqs_tui.asking_driver import QUESTION, AnswerSieve, AskingDriver
from waiting import wait_until

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from textual.message import Message

ANSWER = "\x1b[24;80R"


class Asking:
    """A driver without a screen: what it wrote, what it passed on, how often it was answered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written: list[str] = []
        self.passed: list[Message] = []
        self.answers = 0
        self.stirs = 0
        self.driver = AskingDriver(App())
        self.driver.on_answer, self.driver.on_stir = self._answered, self._stirred
        monkeypatch.setattr(self.driver, "write", self.written.append)
        monkeypatch.setattr(self.driver, "send_message", self.passed.append)
        self._parser = XTermParser()

    def _answered(self) -> None:
        self.answers += 1

    def _stirred(self) -> None:
        self.stirs += 1

    def hear(self, *pieces: str) -> None:
        """As the reading thread hears pieces that are too far apart to be one sequence."""
        for piece in pieces:
            for message in [*self._parser.feed(piece), *self._late()]:
                self.driver.process_message(cast("Message", message))

    def _late(self) -> list[Any]:
        self._parser._timeout_time = 0 if self._parser._timeout_time is not None else None
        return list(self._parser.tick())

    @property
    def keys(self) -> str:
        return "".join(str(message.character) for message in self.passed if isinstance(message, events.Key))


@pytest.fixture
def handlers() -> Iterator[None]:
    """Textual's driver takes two signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
async def asking(monkeypatch: pytest.MonkeyPatch, handlers: None) -> Asking:
    return Asking(monkeypatch)


async def test_an_answer_is_noted_and_kept_from_the_application(asking: Asking) -> None:
    asking.driver.ask()
    asking.hear(ANSWER)
    assert asking.written == [QUESTION]
    assert (asking.answers, asking.passed) == (1, [])


@pytest.mark.parametrize("at", range(1, len(ANSWER)))
async def test_an_answer_cut_in_two_is_one_answer_and_no_keys(asking: Asking, at: int) -> None:
    asking.driver.ask()
    asking.hear(ANSWER[:at], ANSWER[at:])
    assert (asking.answers, asking.keys) == (1, "")


async def test_an_answer_in_single_characters_is_one_too(asking: Asking) -> None:
    asking.driver.ask()
    asking.hear(*ANSWER)
    assert (asking.answers, asking.keys) == (1, "")


async def test_answers_to_several_questions_may_come_in_pieces(asking: Asking) -> None:
    for _ in range(3):
        asking.driver.ask()
    asking.hear(ANSWER + ANSWER[:3], ANSWER[3:] + ANSWER[:1], ANSWER[1:])
    assert (asking.answers, asking.keys) == (3, "")


async def test_keys_between_question_and_answer_arrive_in_order(asking: Asking) -> None:
    asking.driver.ask()
    asking.hear("[2q", "R", "\x1b[5", "x", ANSWER)
    assert asking.answers == 1
    assert asking.keys == "[2qR[5x"
    assert asking.stirs == len(asking.keys)


async def test_keys_with_no_question_open_wait_for_nothing(asking: Asking) -> None:
    asking.driver.ask()
    asking.hear(ANSWER, "[")
    assert asking.keys == "["


async def test_an_escape_that_nothing_follows_arrives_in_the_end(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking_driver, "HOLD_SECONDS", 0.05)
    asking.driver.ask()
    asking.hear("\x1b")
    wait_until(lambda: asking.keys == "\x1b")


async def test_the_time_of_one_hold_does_not_end_another(asking: Asking) -> None:
    timers: list[threading.Timer] = []
    for _ in range(2):
        asking.driver.ask()
        asking.hear(ANSWER[:3])
        assert asking.driver._timer is not None
        timers.append(asking.driver._timer)
        timers[0].function()
        asking.hear(ANSWER[3:])
    assert (asking.answers, asking.keys) == (2, "")
    assert timers[0] is not timers[1]
    wait_until(lambda: not any(timer.is_alive() for timer in timers))


@given(st.text("\x1b[0123456789;Rqx^", max_size=40))
def test_the_sieve_loses_and_reorders_nothing_but_answers(text: str) -> None:
    sieve, passed, answers = AnswerSieve(), "", 0
    for character in text:
        keys, is_answer = sieve.take(events.Key("escape" if character == "\x1b" else "x", character))
        passed += "".join(str(key.character) for key in keys)
        answers += is_answer
    passed += "".join(str(key.character) for key in sieve.give_back())
    if answers == 0:
        assert passed == text
    assert len(passed) <= len(text)
