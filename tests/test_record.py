"""Recording what is seen: all of it, masked, bounded, for nobody else's eyes, and never in the consumer's way."""

from __future__ import annotations

import json
import resource
import stat
from typing import TYPE_CHECKING

import pytest

from attaching import idle_engine
from consuming import Process, fill
from sqs_core import recorder
from sqs_core.errors import ConfigurationError
from sqs_core.events import Code
from sqs_core.model import Level
from sqs_core.recorder import Recorder
from sqs_core.recording import Recording
from tui_canned import NOW, consumer, finished, snapshot
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_sqs import SQSClient

    from servers import QueueFactory
    from sqs_core.engine import Engine
    from sqs_core.model import Event, Snapshot

PLENTY = 2**20
SECRET, ADDRESS = "AKIAIOSFODNN7EXAMPLE", "ada@example.org"


@pytest.fixture(autouse=True)
def quick_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames in this process come quickly."""
    monkeypatch.setattr(recorder, "FRAME_SECONDS", 0.005)


def busier(engine: Engine) -> Callable[[], Snapshot]:
    """An engine in which something happens before every look."""

    def look() -> Snapshot:
        engine.events.record(Level.INFO, Code.ENGINE_WARNING, None, f"happened at {engine.clock.monotonic()}")
        return engine.snapshot()

    return look


def ended(engine: Engine) -> Event | None:
    """The event that says that a recording ended before its time."""
    return next((event for event in engine.events.snapshot() if event.code == "recording.ended"), None)


def read(path: Path) -> list[Snapshot]:
    """All snapshots of a recording that is whole."""
    recording = Recording(path)
    try:
        assert recording.warning == ""
        return [recording.snapshot(place) for place in range(len(recording))]
    finally:
        recording.close()


def test_a_consumer_is_recorded_to_its_end_and_its_messages_are_masked(
    ministack: str, ministack_queue_factory: QueueFactory, ministack_sqs: SQSClient, tmp_path: Path
) -> None:
    queue, path = ministack_queue_factory(), tmp_path / "run.jsonl"
    fill(ministack_sqs, queue, [json.dumps({"number": n, "key": SECRET, "email": ADDRESS}) for n in range(20)])
    arguments = ("--handler", "builtin:noop", "--wait", "1", "--max-messages", "20", "--record", str(path))
    with Process(ministack, queue.name, *arguments) as process:
        result = process.end()
    report = result.report()
    assert "recording.started" in result.errors
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    last = read(path)[-1]
    (one,) = last.consumers
    assert (one.queue, one.totals.handled, one.totals.received) == (queue.name, report["handled"], report["received"])
    assert last.engine.state == "stopped"
    assert {json.loads(message.preview)["number"] for message in one.history} == set(range(20))
    text = path.read_text()
    assert SECRET not in text
    assert ADDRESS not in text


def test_what_is_read_back_is_what_was_seen(tmp_path: Path) -> None:
    engine, seen = idle_engine(), []

    def look() -> Snapshot:
        seen.append(busier(engine)())
        return seen[-1]

    with Recorder(tmp_path / "run.jsonl", PLENTY, look, lambda: engine.events):
        wait_until(lambda: len(seen) >= 20)
    told = [[(event.code, event.text, event.count) for event in each.events] for each in seen]
    assert [[(event.code, event.text, event.count) for event in each.events] for each in read(tmp_path / "run.jsonl")] == told


def test_what_is_said_of_a_moment_is_kept_with_it_and_masked(tmp_path: Path) -> None:
    engine, said, looks = idle_engine(), ["first"], []

    def note() -> str:
        looks.append(1)
        return said[0]

    with Recorder(tmp_path / "run.jsonl", PLENTY, engine.snapshot, lambda: engine.events, note):
        wait_until(lambda: len(looks) >= 5)
        said[0] = f"then {ADDRESS} left"
        looks.clear()
        wait_until(lambda: len(looks) >= 5)
    recording = Recording(tmp_path / "run.jsonl")
    assert list(dict.fromkeys(recording.note(place) for place in range(len(recording)))) == ["first", "then ••• left"]
    recording.close()


def test_an_address_that_the_preview_cuts_is_masked(tmp_path: Path) -> None:
    cut = '{"text": "' + "x" * 160 + '", "email": "ada@exam'
    bare = ("y " * 100 + "ada@exam")[-200:]
    one = consumer(history=tuple(finished(n, preview=text.ljust(200, "-")[:200]) for n, text in enumerate((cut, bare, ADDRESS))))
    engine = idle_engine()
    with Recorder(tmp_path / "run.jsonl", PLENTY, lambda: snapshot(one, at=NOW), lambda: engine.events):
        pass
    assert "ada@" not in (tmp_path / "run.jsonl").read_text()
    assert "x" * 160 in (tmp_path / "run.jsonl").read_text()


def test_it_ends_at_its_limit_and_says_so(tmp_path: Path) -> None:
    engine, path = idle_engine(), tmp_path / "run.jsonl"
    with Recorder(path, 20_000, busier(engine), lambda: engine.events):
        wait_until(lambda: ended(engine))
    said = ended(engine)
    assert said is not None
    assert said.level is Level.WARNING
    assert "--record-limit-mib" in said.text
    assert 10_000 < path.stat().st_size <= 20_000
    assert len(read(path)) > 3


def test_a_disk_that_takes_no_more_is_a_warning_and_what_was_written_stays_whole(tmp_path: Path) -> None:
    engine, path = idle_engine(), tmp_path / "run.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with Recorder(path, PLENTY, busier(engine), lambda: engine.events):
            wait_until(lambda: ended(engine))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    said = ended(engine)
    assert said is not None
    assert said.level is Level.WARNING
    assert str(path) in said.text
    assert len(read(path)) > 3, "the line that did not fit is gone, those before it are not"


def test_an_engine_that_cannot_be_read_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    engine = idle_engine()

    def fail() -> Snapshot:
        raise RuntimeError("no snapshot today")

    with Recorder(tmp_path / "run.jsonl", PLENTY, fail, lambda: engine.events):
        wait_until(lambda: ended(engine))
    assert "no snapshot today" in getattr(ended(engine), "text", "")


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    engine, path = idle_engine(), tmp_path / "run.jsonl"
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match=r"--record .*run.jsonl.* exists: choose another name"):
        Recorder(path, PLENTY, engine.snapshot, lambda: engine.events)
    assert path.read_text() == "mine"
    with pytest.raises(ConfigurationError, match="cannot be written"):
        Recorder(tmp_path / "no" / "run.jsonl", PLENTY, engine.snapshot, lambda: engine.events)


def test_a_still_engine_is_written_once_and_at_its_end(tmp_path: Path) -> None:
    engine, looks = idle_engine(), []

    def look() -> Snapshot:
        looks.append(1)
        return engine.snapshot()

    with Recorder(tmp_path / "run.jsonl", PLENTY, look, lambda: engine.events):
        wait_until(lambda: len(looks) >= 30)
    assert len(read(tmp_path / "run.jsonl")) < len(looks) / 2
