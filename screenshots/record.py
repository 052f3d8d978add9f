"""Records the demo's scenes for the pictures, `python screenshots/record.py [SCENE…]`: each in recordings/SCENE.jsonl.

Each is a run of `sqs-tui demo --scene SCENE --seed 1 --headless --record FILE`, of which a frame a second is kept, in the seconds
around the moment of its picture, and from which what is of the machine is taken: its name, process and ports.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from shots import RECORDINGS, SHOTS, moment
from sqs_core.demo.scenes import find_scene
from sqs_core.errors import ConfigurationError
from sqs_core.events import Code
from sqs_core.recorder import header_line, moment_line
from sqs_core.recording import Recording
from sqs_core.recording_mask import masked_plain
from sqs_core.remote.frames import FrameMaker, frame_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqs_core.model import ConsumerSnapshot, Snapshot
    from sqs_core.remote.frames import Rendered

T = TypeVar("T")
LARGEST_BYTES = 150_000
_BEGINS = " it begins: "
_EVERY_SECONDS = 0.9
_BEFORE_SECONDS, _AFTER_SECONDS = 12.0, 2.0
_EARLIER_SECONDS = 3.0
"""What had finished earlier than that before the first frame is left out."""
_AT_ONCE = 2
_HOST, _PID = "demo", 4242
_PLACES = (
    (re.compile(rb"127\.0\.0\.1:\d+"), b"127.0.0.1:4566"),
    (re.compile(rb"[\w/.-]*/sqs-tui-demo-\w+"), b"/tmp/sqs-tui-demo"),
)
_PERSONAL = (str(Path.home()), str(Path(__file__).resolve().parents[1]))


def record(scene: str) -> Path:
    """Run a scene and keep what its picture needs; the file. Raises `ConfigurationError` where the scene did not show it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("sqs-tui")), "demo", "--scene", scene, "--seed", "1", "--headless"]
        shot, name = SHOTS[scene], f"{scene}.jsonl"
        how = ["--speed", str(shot.speed), "--duration", str(shot.run_seconds), "--record", name]
        # Its exit code tells of the demo's end, which is not in the picture.
        subprocess.run([*command, *how], check=False, cwd=folder, capture_output=True)
        with closing(Recording(Path(folder) / name)) as whole:
            content = b"".join(kept(whole, moment(whole, scene)))
    for pattern, instead in _PLACES:
        content = pattern.sub(instead, content)
    if any(text.encode() in content for text in _PERSONAL) or len(content) > LARGEST_BYTES:
        raise ConfigurationError(f"the recording of {scene} names a place of this machine, or has {len(content):,} bytes")
    path = RECORDINGS / f"{scene}.jsonl"
    path.write_bytes(content)
    with closing(Recording(path)) as short:
        moment(short, scene)
    return path


def kept(whole: Recording, end_seconds: float) -> Iterator[bytes]:
    """The lines of the shorter recording."""
    maker, noted, before = FrameMaker(summary=False, plain=masked_plain), "", None
    for number, (seconds, note, snapshot) in enumerate(_moments(whole, end_seconds)):
        if not number:
            yield header_line(snapshot.at)
        now: Rendered = maker.render(snapshot)
        yield moment_line(seconds, note if note != noted else None, frame_line(now, before, dropped=0))
        noted, before = note, now


def _moments(whole: Recording, end_seconds: float) -> Iterator[tuple[float, str, Snapshot]]:
    # Where the story goes on at once no moment says that it begins.
    begin = next((place for place in range(len(whole)) if _BEGINS in whole.note(place)), 0)
    begin = max(begin, whole.place(end_seconds - _BEFORE_SECONDS))
    shorten = Shortener(whole.snapshot(begin).at - _EARLIER_SECONDS)
    noted, taken = "", -_EVERY_SECONDS
    for place in range(begin, whole.place(end_seconds + _AFTER_SECONDS) + 1):
        seconds, note, snapshot = whole.seconds(place) - whole.seconds(begin), whole.note(place), whole.snapshot(place)
        if note != noted or seconds - taken >= _EVERY_SECONDS or place == whole.place(end_seconds):
            noted, taken = note, seconds
            yield seconds, note, shorten(snapshot)


class Shortener:
    """Snapshots without the machine's name, the word of being recorded, and what had finished before `earliest`.

    Equal records come out as the same object, for a frame tells only of those that were not in the one before; the complete
    frames within a recording make them anew.
    """

    def __init__(self, earliest: float) -> None:
        self._earliest = earliest
        self._known: dict[object, Any] = {}

    def __call__(self, snapshot: Snapshot) -> Snapshot:
        """The shorter snapshot."""
        engine, consumers = replace(snapshot.engine, host=_HOST, pid=_PID), map(self._consumer, snapshot.consumers)
        events = self._same(event for event in snapshot.events if event.code != Code.RECORDING_STARTED)
        return replace(snapshot, engine=engine, consumers=tuple(consumers), events=events)

    def _consumer(self, consumer: ConsumerSnapshot) -> ConsumerSnapshot:
        history = (finished for finished in consumer.history if finished.finished_at >= self._earliest)
        threads, in_flight = self._same(consumer.threads), self._same(consumer.in_flight)
        return replace(consumer, history=self._same(history), threads=threads, in_flight=in_flight)

    def _same(self, records: Iterable[T]) -> tuple[T, ...]:
        return tuple(self._known.setdefault(record, record) for record in records)


def attempt(scene: str) -> str:
    """Record a scene; what there is to say of it, which begins with `✗` where it failed."""
    try:
        path = record(scene)
    except ConfigurationError as error:
        return f"✗ {error}"
    return f"{path}  {path.stat().st_size:,} bytes"


def main() -> int:
    """Record the scenes that are named, or all. The exit code is 1 where one could not be."""
    scenes = [find_scene(name).name for name in sys.argv[1:]] or list(SHOTS)
    RECORDINGS.mkdir(exist_ok=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        said = []
        for line in pool.map(attempt, scenes):
            print(line, flush=True)
            said.append(line)
    return int(any(line.startswith("✗") for line in said))


if __name__ == "__main__":
    sys.exit(main())
