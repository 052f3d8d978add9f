"""Reading recordings back: any moment in any order, and files that are none, damaged, or made to harm."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from consuming import PROGRAM
from recordings import HEADER, lines, moments, recording_file
from sqs_core import recording as recording_module
from sqs_core.errors import ConfigurationError
from sqs_core.playback import Playback
from sqs_core.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRAMES = lines(moments(3))


def without(line: bytes, name: str) -> bytes:
    """A line whose frame lacks a field."""
    fields = json.loads(line)
    del fields["frame"][name]
    return json.dumps(fields).encode() + b"\n"


def with_start(at: str) -> bytes:
    """A line whose engine was started then."""
    fields = json.loads(FRAMES[1])
    fields["frame"]["engine"]["started_at"] = at
    return json.dumps(fields).encode() + b"\n"


DEEP = b"[" * 990 + b"]" * 990
HOSTILE = {
    "empty": (b"", "holds no frame"),
    "header only": (HEADER, "holds no frame"),
    "not JSON": (b"hello\n", "line 1: a line is no JSON"),
    "no object": (b"[]\n", "line 1: a line is no JSON object"),
    "another format": (b'{"schema":1,"message_id":"a"}\n', "line 1: this is no recording"),
    "a later version": (HEADER.replace(b'"recording":1', b'"recording":2'), "recording is version 2, this one shows 1"),
    "a later schema": (HEADER.replace(b'"schema":1', b'"schema":[9]'), "schema is version [9], this one shows 1"),
    "bad JSON within": (b"".join(FRAMES[:2]) + b'{"seconds":1\n' + FRAMES[3], "line 3: a line is no JSON"),
    "no beginning": (HEADER + FRAMES[2], "line 2: a frame builds on frame 1"),
    "a frame that lacks": (HEADER + without(FRAMES[1], "engine"), "line 2: a frame lacks engine"),
    "no frame": (HEADER + b'{"seconds":0}\n', "line 2: frame is no object"),
    "no seconds": (HEADER + FRAMES[1].replace(b'"seconds":0.000', b'"seconds":"0"'), "line 2: seconds is no number"),
    "seconds without end": (HEADER + FRAMES[1].replace(b'"seconds":0.000', b'"seconds":1e12'), "is not within a year"),
    "a note that is none": (HEADER + FRAMES[1].replace(b'"frame"', b'"note":[],"frame"', 1), "line 2: note is no text"),
    "not a number": (HEADER + FRAMES[1].replace(b'"seconds":0.000', b'"seconds":NaN'), "seconds is no number"),
    "back in time": (b"".join(FRAMES[:2]) + FRAMES[2].replace(b'"seconds":1.000', b'"seconds":-1'), "line 3: seconds -1"),
    "nested without end": (HEADER + b"[" * 100_000 + b"\n", "line 2: a line is no JSON"),
    "control characters": (b'{"type":"recording","recording":"\\u001b[31m\\u009b"}\n', "recording is version '\\x1b[31m\\x9b'"),
    "a number without end": (
        HEADER + FRAMES[1].replace(b'"seconds":0.000', b'"seconds":' + b"9" * 5_000),
        "line 2: a line is no JSON",
    ),
    "a giant number": (
        HEADER + FRAMES[1].replace(b'"seconds":0.000', b'"seconds":' + b"9" * 4_000),
        "line 2: seconds is no number",
    ),
    "a deep note": (HEADER + FRAMES[1].replace(b'"frame"', b'"note":%s,"frame"' % DEEP, 1), "line 2: "),
    "a deep frame": (HEADER + b'{"seconds":0,"frame":{"consumers":[%s]}}\n' % DEEP, "line 2: "),
    "NUL": (HEADER + b"\0" * 1_000 + b"\n", "line 2: a line is no JSON"),
    "a time without a date": (HEADER + with_start("9999-12-31T23:59:59-14:00"), "line 2: started_at is no time"),
    "half a character": (b'{"type":"recording","recording":"\\ud800"}\n', "recording is version '\\ud800'"),
    "what swells": (gzip.compress(b"0" * 2**26), "line 1: a line is no JSON"),
    "bytes that are no text": (b"\xff\xfe\x00\n", "line 1: a line is no JSON"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_shown_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    content, said = HOSTILE[name]
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refusal:
        Recording(path)
    text = str(refusal.value)
    assert said in text
    assert str(path) in text
    assert text.isprintable()


def test_a_line_without_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "LONGEST_LINE_BYTES", 2**20)
    (tmp_path / "run.jsonl").write_bytes(HEADER + b" " * (2**20 + 5))
    with pytest.raises(ConfigurationError, match="line 2: it is longer than 1 MiB"):
        Recording(tmp_path / "run.jsonl")


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ConfigurationError, match="is no plain file"):
            Recording(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Recording(tmp_path / "none")


def test_a_last_line_that_was_cut_off_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"".join(FRAMES)[:-20])
    recording = Recording(path)
    assert recording.warning == "its last line (4) was cut off and is left out"
    assert len(recording) == 2
    recording.close()


def test_any_moment_is_what_it_was_in_any_order(tmp_path: Path) -> None:
    told = moments(40)
    recording = Recording(recording_file(tmp_path / "run.jsonl", told))
    places = list(range(40)) * 3
    random.Random(5).shuffle(places)
    for place in places:
        assert recording.snapshot(place) == told[place]
    assert [recording.place(at) for at in (-1.0, 0.0, 0.9, 1.0, 38.99, 39.0, 1e9)] == [0, 0, 0, 1, 38, 39, 39]
    recording.close()


Playing = Callable[..., tuple[Playback, Callable[[float], None]]]


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[Playing]:
    """Makes a playback of 61 s, and what lets time pass for it."""
    now = [100.0]
    recording = Recording(recording_file(tmp_path / "run.jsonl", moments(61)))

    def let_pass(seconds: float) -> None:
        now[0] += seconds

    yield lambda **how: (Playback(recording, clock=lambda: now[0], **how), let_pass)
    recording.close()


def test_the_moment_moves_with_the_clock_and_where_one_puts_it(playing: Playing) -> None:
    playback, let_pass = playing(speed=2.0, at_seconds=3.0)
    let_pass(50)
    playback.start()
    assert playback.position().seconds == 3.0, "what came before the start does not count"
    let_pass(2)
    assert playback.position().seconds == 7.0
    playback.toggle()
    let_pass(9)
    assert (playback.position().seconds, playback.position().moves) == (7.0, False)
    playback.toggle()
    playback.faster(1)
    let_pass(1)
    assert (playback.position().seconds, playback.position().speed) == (11.0, 4.0)
    playback.faster(-1)
    playback.skip(-60)
    assert playback.position().seconds == 0.0
    playback.skip(30.5)
    playback.step(-1)
    assert (playback.position().seconds, playback.position().standing) == (29.0, True)
    playback.step(99)
    assert playback.position().at_end
    playback.toggle()
    let_pass(1)
    assert playback.position().seconds == 2.0, "at the end it begins again"
    playback.restart()
    assert playback.snapshot() == moments(1)[0]


def test_speeds_end_somewhere(playing: Playing) -> None:
    playback, _ = playing()
    for _ in range(20):
        playback.faster(1)
    assert playback.position().speed == 32
    for _ in range(20):
        playback.faster(-1)
    assert playback.position().speed == 0.25


def test_the_past_is_what_was_seen_before(playing: Playing) -> None:
    playback, _ = playing(at_seconds=20.0)
    assert list(playback.past(5)) == moments(20)[15:]
    assert list(playback.past(1000)) == moments(20)


def test_nothing_can_be_changed_in_a_recording(playing: Playing) -> None:
    playback, _ = playing()
    changes: list[Callable[[], object]] = [
        playback.pause,
        playback.drain,
        lambda: playback.replay("orders", "a"),
        lambda: playback.message("orders", "a"),
        lambda: playback.add_consumer("orders", "builtin:noop"),
        lambda: playback.workbench().purge("orders"),
    ]
    for change in changes:
        with pytest.raises(ConfigurationError, match="this is a recording"):
            change()
    assert playback.workbench().lock().locked


def test_a_picture_is_the_same_bytes_whatever_the_surroundings(tmp_path: Path) -> None:
    path = recording_file(tmp_path / "run.jsonl", moments(31))
    command = [str(PROGRAM), "play", str(path), "--at", "12.5", "--size", "80x24", "--screenshot"]
    pictures = []
    for name, more in (
        ("one.svg", {}),
        ("two.svg", {"NO_COLOR": "1", "TERM": "dumb", "COLORFGBG": "0;15", "TZ": "Asia/Tokyo", "COLUMNS": "33"}),
    ):
        done = subprocess.run(
            [*command, str(tmp_path / name)], capture_output=True, text=True, env={**os.environ, **more}, timeout=60
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1]
    assert all(word in pictures[0].decode() for word in ("0:12.5", "0:30.0", "2026-03-01", "10:00:12"))
