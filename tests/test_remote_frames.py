"""Frames: whatever happens between two, the picture that is put together is the snapshot that was taken."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqs_core.model import ConsumerSnapshot, InFlight, Snapshot
from sqs_core.remote.frames import EVENTS_IN_SUMMARY, HISTORY_IN_FRAMES, NEW_HISTORY_IN_A_FRAME, FrameMaker, frame_line
from sqs_core.remote.picture import Picture
from sqs_core.remote.protocol import decode
from sqs_core.remote.records import MalformedError, from_plain, reader
from sqs_core.wire import snapshot_to_json, to_plain
from tui_canned import NOW, consumer, event, finished, held, quiet_consumer, snapshot, worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Step = tuple[str, int]
STEPS = st.lists(st.tuples(st.sampled_from(["receive", "finish", "extend", "work", "tell", "skip", "count"]), st.integers(0, 5)))


def _after(now: Snapshot, step: Step, number: int) -> Snapshot:
    kind, which = step
    one = now.consumers[0]
    changes: dict[str, Callable[[], Snapshot]] = {
        "receive": lambda: _with(now, in_flight=(*one.in_flight, held(100 + number))),
        "finish": lambda: _with(now, in_flight=one.in_flight[which:], history=(*one.history, finished(100 + number))),
        "extend": lambda: _with(now, in_flight=_extended(one.in_flight, which)),
        "work": lambda: _with(
            now, threads=(*one.threads[:which], worker(which, message_id=str(number)), *one.threads[which + 1 :])
        ),
        "tell": lambda: replace(now, events=(*now.events[which:], event(f"thing {number}"))),
        "count": lambda: _with(now, totals=replace(one.totals, received=number)),
        "skip": lambda: now,
    }
    return replace(changes[kind](), at=NOW + number)


def _with(now: Snapshot, **parts: Any) -> Snapshot:
    return replace(now, consumers=(replace(now.consumers[0], **parts), *now.consumers[1:]))


def _extended(messages: Sequence[InFlight], which: int) -> tuple[InFlight, ...]:
    return tuple(
        replace(message, extensions=message.extensions + 1) if place == which else message
        for place, message in enumerate(messages)
    )


@given(STEPS)
def test_frames_put_together_are_the_snapshot(steps: list[Step]) -> None:
    now, maker, picture = snapshot(), FrameMaker(summary=False), Picture()
    before = None
    for number, step in enumerate([("skip", 0), *steps]):
        now = _after(now, step, number)
        rendered = maker.render(now)
        line = frame_line(rendered, before, 0)
        assert picture.apply(decode(line)) == now
        # A viewer that is behind gets no frame, and the next one that it gets leaps over the ones left out.
        before = rendered if step[0] != "skip" or before is None else before
        if before is not rendered:
            picture.apply(decode(frame_line(before, None, 0)))


def test_what_has_not_changed_is_not_sent_again() -> None:
    now, maker = snapshot(), FrameMaker(summary=False)
    first = maker.render(now)
    whole = frame_line(first, None, 0)
    again = frame_line(maker.render(replace(now, at=NOW + 1)), first, 0)
    assert len(whole) > 5_000
    assert len(again) < 120
    one = now.consumers[0]
    moved = maker.render(replace(_with(now, in_flight=one.in_flight[1:]), at=NOW + 2))
    assert len(frame_line(moved, first, 0)) < 250


def test_a_summary_leaves_out_messages_and_threads() -> None:
    now = snapshot(events=tuple(event(f"thing {number}") for number in range(20)))
    seen = Picture().apply(decode(frame_line(FrameMaker(summary=True).render(now), None, 3)))
    assert seen.consumers[0].totals == now.consumers[0].totals
    assert (seen.consumers[0].threads, seen.consumers[0].in_flight, seen.consumers[0].history) == ((), (), ())
    assert seen.events == now.events[-EVENTS_IN_SUMMARY:]


def test_frames_carry_the_newest_of_the_history_and_of_a_busy_one_the_very_newest() -> None:
    history = tuple(finished(number) for number in range(HISTORY_IN_FRAMES + 7))
    maker, picture = FrameMaker(summary=False), Picture()

    def seen(at: float, count: int) -> int:
        now = snapshot(consumer(history=history[:count]), at=at)
        shown = picture.apply(decode(frame_line(maker.render(now), None, 0))).consumers[0].history
        assert shown == history[:count][-len(shown) :], "without a gap"
        return len(shown)

    assert seen(NOW, 50) == 50, "all at first"
    assert seen(NOW + 1, 50 + NEW_HISTORY_IN_A_FRAME) == 50 + NEW_HISTORY_IN_A_FRAME
    assert seen(NOW + 2, 51 + 2 * NEW_HISTORY_IN_A_FRAME) == NEW_HISTORY_IN_A_FRAME
    assert seen(NOW + 60, len(history)) == HISTORY_IN_FRAMES, "all again for who comes later"


def test_a_consumer_that_is_gone_is_gone_from_the_picture() -> None:
    now, maker, picture = snapshot(), FrameMaker(summary=False), Picture()
    first = maker.render(now)
    picture.apply(decode(frame_line(first, None, 0)))
    fewer = replace(now, consumers=now.consumers[:1])
    assert picture.apply(decode(frame_line(maker.render(fewer), first, 0))) == fewer


def test_a_snapshot_is_read_back_as_it_was_written() -> None:
    now = snapshot()
    written = json.loads(json.dumps(snapshot_to_json(now)))
    assert from_plain(Snapshot, written) == now


def test_requests_per_message_of_an_older_consumer_are_made_of_its_counters() -> None:
    frame = decode(frame_line(FrameMaker(summary=False).render(snapshot(consumer(), quiet_consumer("none"))), None, 0))
    for each in frame["consumers"]:
        del each["requests_per_message"]
    assert [each.requests_per_message for each in Picture().apply(frame).consumers] == [0.2631, None]


def _hostile(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    frame = decode(frame_line(FrameMaker(summary=False).render(snapshot()), None, 0))
    change(frame)
    return frame


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.pop("engine"),
        lambda frame: frame.update(at="yesterday"),
        lambda frame: frame.update(at=5),
        lambda frame: frame.update(number="1"),
        lambda frame: frame.update(base=7),
        lambda frame: frame["engine"].update(pid=1e308),
        lambda frame: frame["engine"].update(pid=True),
        lambda frame: frame["engine"].update(state="dancing"),
        lambda frame: frame["engine"].update(started_at="+999999-01-01T00:00:00Z"),
        lambda frame: frame["engine"].update(started_at="9999-12-31T23:59:59-14:00"),
        lambda frame: frame.update(at="0001-01-01T00:00:00+14:00"),
        lambda frame: frame["events"][0].update(at="1969-12-31T23:59:59Z"),
        lambda frame: frame["engine"].update(host={"a": 1}),
        lambda frame: frame["engine"].pop("host"),
        lambda frame: frame.update(consumers={}),
        lambda frame: frame.update(consumers=[3]),
        lambda frame: frame["consumers"][0].update(queue=3),
        lambda frame: frame["consumers"][0].pop("totals"),
        lambda frame: frame["consumers"][0]["totals"].update(received="many"),
        lambda frame: frame["consumers"][0]["latency_ms"]["poll"].update(p50=float("nan")),
        lambda frame: frame["consumers"][0]["latency_ms"]["poll"].update(p50=float("inf")),
        lambda frame: frame["consumers"][0].update(in_flight=[[0, 5]]),
        lambda frame: frame["consumers"][0].update(in_flight=[[-1, 1]]),
        lambda frame: frame["consumers"][0].update(in_flight=["x"]),
        lambda frame: frame["consumers"][0].update(in_flight=7),
        lambda frame: frame["consumers"][0].update(requests={"a": "b"}),
        lambda frame: frame.update(events=[{"at": "x"}]),
        lambda frame: frame.update(credentials=[]),
    ],
)
def test_what_is_no_frame_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(MalformedError):
        Picture().apply(_hostile(change))


def test_runs_that_repeat_themselves_cannot_grow_without_bound() -> None:
    maker, picture = FrameMaker(summary=False), Picture()
    picture.apply(decode(frame_line(maker.render(snapshot()), None, 0)))
    bomb = {"type": "frame", "number": 2, "base": 1, "at": "2026-01-01T00:00:00Z"}
    bomb["consumers"] = [{"queue": snapshot().consumers[0].queue, "history": [[0, 16]] * 20_000}]
    with pytest.raises(MalformedError, match="too many"):
        picture.apply(bomb)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.sampled_from([Snapshot, ConsumerSnapshot, InFlight, Snapshot | None, tuple[InFlight, ...]]))
def test_anything_is_read_or_refused(value: Any, kind: Any) -> None:
    try:
        record = reader(kind)(value, "it")
    except MalformedError:
        return
    assert record in (None, ()) or to_plain(record)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(line: bytes) -> None:
    with contextlib.suppress(MalformedError):
        assert isinstance(decode(line), dict)
