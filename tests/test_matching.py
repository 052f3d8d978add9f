"""The search language: what matches, what is refused in one line, and that no pattern can hang who types it."""

from __future__ import annotations

import re
import signal
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqs_core.matching import SEARCH_SECONDS, Query, Subject
from sqs_core.model import Outcome
from sqs_core.patterns import LONGEST_PATTERN, PatternError, bounded_search

PAID = Subject(("id-1", '{"type": "order.paid", "note": "Timed  out at /api/orders"}', None), 4, 75.9, "customer-7", "retried")
SENT = Subject(("id-2", "group:abc receives>3 sent", "worker-1"), 1, 3.0, None, None)
BARE = Subject(("id-3",))


def found(text: str) -> list[str | None]:
    """The ids of the subjects above that a filter lets through."""
    query = Query(text)
    assert query.problem is None
    return [subject.texts[0] for subject in query.select([PAID, SENT, BARE], lambda subject: subject)]


@pytest.mark.parametrize(
    ("text", "matching"),
    [
        ("", "123"),
        ("ORDER.PAID", "1"),
        ("id-", "123"),
        ("Timed  out", "1"),
        ("Timed out", ""),
        (" sent", "2"),
        ("sent ", ""),
        ("/api/orders", "1"),
        ("/api/ord", "1"),
        ("foo:bar", ""),
        ("note: nothing", ""),
        ("/time[dr] +out/", "1"),
        ("/^id-[12]$/", "12"),
        (r"/\/api\/orders/", "1"),
        ("/group:abc/", "2"),
        ("/id/ /paid|sent/", "12"),
        ("receives>3", "1"),
        ("receives>=4", "1"),
        ("receives:1", "2"),
        ("receives<4", "2"),
        ("RECEIVES=4", "1"),
        ("age>60", "1"),
        ("age>75", ""),
        ("age=75", "1"),
        ("age<1m", "2"),
        ("age>=0.001h", "1"),
        ("group:CUSTOMER", "1"),
        ("group=customer-7", "1"),
        ("group=customer", ""),
        ("outcome:retried", "1"),
        ("outcome:r", "1"),
        ("outcome=failed", "1"),
        ("outcome:handled", ""),
        ("receives>3 age>60 paid", "1"),
        ("paid receives>3 orders", "1"),
        ("paid receives>9 orders", ""),
        ("id receives<4", "2"),
        ("outcome:retried /sent/", ""),
    ],
)
def test_what_matches(text: str, matching: str) -> None:
    assert found(text) == [f"id-{number}" for number in matching]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("receives>", "receives> needs a number, such as receives>3"),
        ("receives>many", "receives> needs a number"),
        ("receives>3m", "receives> needs a number"),
        ("age>1y", "age> needs a number, such as age>60 or age>5m"),
        ("paid age>-1", "age> needs a number"),
        ("group:", "group: needs a message group id"),
        ("group>a", "group goes with : or =, not >"),
        ("outcome:", "outcome is one of handled, discarded, retried, given-up, released, lease-lost, failed"),
        ("outcome:nonsense", "outcome is one of"),
        ("/(/", "no regular expression: missing ), unterminated subpattern"),
        ("/a{99999999999999999999}/", "no regular expression"),
        (f"/{'a' * (LONGEST_PATTERN + 1)}/", "at most 200 characters"),
    ],
)
def test_what_is_not_understood_is_one_line_and_filters_nothing(text: str, said: str) -> None:
    query = Query(text)
    assert query.problem is not None
    assert said in query.problem
    assert "\n" not in query.problem
    assert query.select([PAID, SENT, BARE], lambda subject: subject) == [PAID, SENT, BARE]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "a*a*a*a*a*a*b", ".*.*.*.*x", "(?=(a+)+$)b", "(.*)*\\1x"])
def test_a_catastrophic_pattern_ends_within_its_budget_and_filters_nothing(pattern: str) -> None:
    subjects = [Subject(("a" * 4000 + "!",)) for _ in range(500)]
    query = Query(f"/{pattern}/")
    started = time.thread_time()
    assert query.select(subjects, lambda subject: subject) == subjects
    assert time.thread_time() - started < SEARCH_SECONDS * 5
    assert query.problem == "too slow: it took over 50 ms"
    started = time.thread_time()
    query.select(subjects, lambda subject: subject)
    assert time.thread_time() - started < SEARCH_SECONDS


def test_a_usual_pattern_over_a_full_history_is_within_its_budget_and_remembered() -> None:
    subjects = [Subject((f"id-{n}", "x" * 200, f"TimeoutError: order {n} timed out " + "y" * 1900)) for n in range(500)]
    query = Query("/order 4.*timed? out/ id")
    assert len(query.select(subjects, lambda subject: subject)) == 111
    assert query.problem is None
    started = time.thread_time()
    query.select(subjects, lambda subject: subject)
    assert time.thread_time() - started < SEARCH_SECONDS / 5


def test_a_search_leaves_the_alarms_of_others_as_they_were() -> None:
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1000)
        found("/paid/")
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 900 < left <= 1000
        with pytest.raises(PatternError), bounded_search(0.01):
            re.search("(a+)+$", "a" * 100 + "!")
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_off_the_main_thread_patterns_are_refused_and_all_else_works() -> None:
    seen: list[object] = []

    def search() -> None:
        query = Query("/paid/")
        seen.extend([query.select([PAID, BARE], lambda subject: subject), query.problem, found("paid")])

    thread = threading.Thread(target=search)
    thread.start()
    thread.join(10)
    assert seen == [[PAID, BARE], "patterns are searched for on the main thread alone", ["id-1"]]


_PIECES = st.sampled_from(
    ["receives", "age", "group", "outcome", ">", "<=", ":", "=", "/", "\\", "(", ")", "[", "a+", "*", "{2,}", "(?P<", "\\1",
     "5m", " ", "failed", "3", "|", "$", "é", "\x00", "\u202e"]
)  # fmt: skip
_TEXTS = st.one_of(st.none(), st.text(max_size=300), st.lists(_PIECES).map("".join))
_SUBJECTS = st.builds(
    Subject,
    st.tuples(_TEXTS, _TEXTS),
    st.one_of(st.none(), st.integers()),
    st.one_of(st.none(), st.floats(-1e12, 1e12)),
    _TEXTS,
    st.one_of(st.none(), st.sampled_from(list(Outcome))),
)


@given(st.one_of(st.text(max_size=200), st.lists(_PIECES, max_size=40).map("".join)), st.lists(_SUBJECTS, max_size=5))
def test_nothing_that_can_be_typed_raises_or_takes_long(text: str, subjects: list[Subject]) -> None:
    started = time.thread_time()
    query = Query(text)
    left = query.select(subjects, lambda subject: subject)
    assert time.thread_time() - started < 1
    assert all(any(one is subject for subject in subjects) for one in left)
    if query.problem is not None or not text:
        assert left == subjects
        assert "\n" not in (query.problem or "")


@given(st.text(alphabet=st.characters(exclude_characters="/:=<>"), min_size=1, max_size=30), st.lists(_SUBJECTS, max_size=5))
def test_plain_text_is_looked_for_as_it_stands(text: str, subjects: list[Subject]) -> None:
    left = Query(text).select(subjects, lambda subject: subject)
    assert left == [one for one in subjects if any(text.casefold() in each.casefold() for each in one.texts if each)]
