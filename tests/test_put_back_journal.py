"""The journal of messages that are put back, and what is remembered of those that are held."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from sqs_core import put_back_journal
from sqs_core.held_file import HeldFile
from sqs_core.message import AttributeValue, Message
from sqs_core.message_json import message_from_json, message_to_json
from sqs_core.put_back_journal import Step, journal_path, open_journal

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_last_step_of_each_message_is_remembered_and_what_was_not_sent_is_forgotten() -> None:
    with open_journal(1000.0, "here") as journal:
        journal.note({"a": Step("intent", 1000.0), "b": Step("intent", 1000.0), "c": Step("intent", 1000.0)})
        journal.note({"a": Step("sent", 1000.0, "url", None, "new")})
        journal.forget(["b", "unknown"])
    with open_journal(1001.0, "here") as journal:
        assert journal.steps == {"a": Step("sent", 1000.0, "url", None, "new"), "c": Step("intent", 1000.0)}
        assert (journal.steps["a"].open, journal.steps["c"].open) == (False, True)
    with open_journal(1001.0, "elsewhere") as journal:
        assert journal.steps == {}
    with open_journal(1000.0 + put_back_journal.KEPT_SECONDS + 1, "here") as journal:
        assert journal.steps == {}, "longer than any message lives"


def test_a_line_that_a_crash_cut_is_left_out_and_harms_no_other() -> None:
    with open_journal(1000.0, "here") as journal:
        journal.note({"a": Step("intent", 1000.0)})
    path = journal_path(".jsonl", "here")
    path.write_text(path.read_text() + '{"key": "b", "state": "se')
    with open_journal(1000.0, "here") as journal:
        journal.note({"c": Step("sent", 1000.0)})
    with open_journal(1000.0, "here") as journal:
        assert set(journal.steps) == {"a", "c"}


def test_a_long_journal_becomes_a_line_a_message() -> None:
    with open_journal(1000.0, "here") as journal:
        for number in range(1001):
            journal.note({str(number): Step("intent", 1000.0)})
            journal.note({str(number): Step("deleted", 1000.0, "url", None, f"new {number}")})
            journal.note({"same": Step("sent", 1000.0, dedup_id="d")})
    with open_journal(1000.0, "here") as journal:
        assert len(journal.steps) == 1002
        assert journal.steps["1000"] == Step("deleted", 1000.0, "url", None, "new 1000")
    assert len(journal_path(".jsonl", "here").read_text().splitlines()) == 1002
    assert journal_path(".jsonl", "here").stat().st_mode & 0o777 == 0o600


def test_a_repeat_is_safe_only_while_a_fifo_queue_remembers() -> None:
    assert Step("intent", 1000.0, dedup_id="d").may_be_repeated(1200.0)
    assert not Step("intent", 1000.0, dedup_id="d").may_be_repeated(1280.0)
    assert not Step("intent", 1000.0).may_be_repeated(1000.0)


def test_what_a_killed_run_held_is_known_until_it_has_come_back_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = HeldFile(tmp_path / "held")
    file.open()
    file.holds({"a": "handle-a", "b": "handle-b"}, 60)
    file.gone(["a"])
    assert HeldFile(tmp_path / "held").left_behind() == {"b": "handle-b"}
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert HeldFile(tmp_path / "held").left_behind() == {}
    file.close()
    assert HeldFile(tmp_path / "held").left_behind() == {}


_attributes = st.dictionaries(
    st.text("abc", min_size=1, max_size=3),
    st.one_of(
        st.builds(AttributeValue, st.sampled_from(["String", "Number", "String.x"]), st.text(max_size=9)),
        st.builds(AttributeValue, st.sampled_from(["Binary", "Binary.x"]), st.binary(max_size=9)),
    ),
    max_size=3,
)


@given(st.text(), _attributes, st.dictionaries(st.sampled_from(["MessageGroupId", "SenderId", "AWSTraceHeader"]), st.text()))
def test_a_message_is_the_same_after_a_line(body: str, attributes: dict[str, AttributeValue], system: dict[str, str]) -> None:
    message = Message("id-1", body, "", "orders", attributes, system)
    line = json.dumps(message_to_json(message, received_at=1.5))
    saved = message_from_json(line, "orders")
    assert saved.message == message
    assert saved.received_at == "1970-01-01T00:00:01.500Z"
