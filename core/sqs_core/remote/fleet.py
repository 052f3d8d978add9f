"""Many consumers watched as one: members come and go, one summary a second of each, commands to any of them."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from sqs_core.errors import ConfigurationError, SqsTuiError, describe
from sqs_core.plain_text import one_line
from sqs_core.remote.errands import Errand
from sqs_core.remote.fleet_view import Figures, FleetView, MemberView, differences, figures_of, finished, held, skews, totals_of
from sqs_core.remote.viewing import Viewing
from sqs_core.words import LinkPhase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqs_core.model import Snapshot
    from sqs_core.remote.sources import Candidate, Source

LOOK_SECONDS = 5.0
"""So often the sources are asked who is there."""
ANSWER_SECONDS = 5.0
FRAMES_PER_SECOND = 1.0
_RATE_SECONDS = 5.0
_ASKED_SECONDS = 3.0
_CLOSE_SECONDS = 1.5
_MOST_NEWS = 50
_LONGEST_PROBLEM = 300


class Member:
    """One consumer of the fleet: its connection, and its rate over the last seconds."""

    def __init__(self, candidate: Candidate, per_second: float) -> None:
        self.candidate = candidate
        self.viewing = Viewing(candidate.target, per_second=per_second, summary=True)
        self._snapshot: Snapshot | None = None
        self._figures: Figures | None = None
        self._samples: deque[tuple[float, int, int]] = deque()
        self._asked: dict[str, tuple[float, int]] = {}

    def view(self) -> MemberView:
        """As it is now, not yet compared with the others."""
        view, candidate = self.viewing.view(), self.candidate
        if view.snapshot is not self._snapshot and view.snapshot is not None:
            self._snapshot = view.snapshot
            rate = self._rate(view.snapshot)
            before = candidate.done_before(view.snapshot.engine.pid)
            self._figures = figures_of(view.snapshot, rate, fmean(each[2] for each in self._samples), before)
        word, problem = "", candidate.problem
        if view.phase is LinkPhase.LOST:
            word, problem = _word(candidate), view.problem
        control = view.hello.control if view.hello else None
        name = candidate.target.name
        return MemberView(
            candidate.key, name, candidate.pod, view.phase, view.age_seconds, control, self._figures, word, problem,
            restarts=candidate.restarts,
        )  # fmt: skip

    def _rate(self, snapshot: Snapshot) -> float | None:
        samples, done = self._samples, finished(snapshot)
        if samples and (done < samples[-1][1] or snapshot.at < samples[-1][0]):
            samples.clear()  # another process, or a clock that was set
        samples.append((snapshot.at, done, held(snapshot)))
        while len(samples) > 2 and snapshot.at - samples[1][0] >= _RATE_SECONDS:
            samples.popleft()
        elapsed = samples[-1][0] - samples[0][0]
        return (done - samples[0][1]) / elapsed if elapsed > 0 else None

    def ask(self, kind: str, **fields: Any) -> str:
        """Ask and wait for the answer. Raises where it is refused or does not come."""
        view = self.viewing.view()
        if view.phase in (LinkPhase.LOST, LinkPhase.CONNECTING):
            raise ConfigurationError(f"not connected: {view.problem}" if view.problem else "not connected yet")
        if view.hello is not None and not view.hello.control:
            raise ConfigurationError("view only: it takes commands when it is started with --control")
        return str(self.viewing.ask(kind, **fields).result(ANSWER_SECONDS))

    def resize_by(self, by: int, why: str | None) -> str:
        """One worker more or fewer for each of its queues; presses that follow each other add up."""
        snapshot, now = self.viewing.view().snapshot, time.monotonic()
        said = []
        for consumer in snapshot.consumers if snapshot else ():
            asked_at, wanted = self._asked.get(consumer.queue, (0.0, 0))
            before = wanted if now - asked_at < _ASKED_SECONDS else consumer.workers.target
            self._asked[consumer.queue] = (now, before + by)
            try:
                said.append(self.ask("resize", queue=consumer.queue, workers=before + by, why=why))
            except Exception:
                self._asked.pop(consumer.queue, None)
                raise
        if not said:
            raise ConfigurationError("it consumes nothing yet")
        return "; ".join(said)


class Fleet:
    """Follows its sources until closed, which leaves every consumer as it is. `view` is for one thread, all else for any."""

    def __init__(self, sources: Sequence[Source], *, per_second: float = FRAMES_PER_SECOND, why: str | None = None) -> None:
        self.sources = tuple(sources)
        self._per_second, self._why = per_second, why
        self._lock = threading.Lock()
        self._members: dict[str, Member] = {}
        self._problems: dict[str, str] = {}
        self._news: deque[tuple[float, str]] = deque(maxlen=_MOST_NEWS)
        self._closed = threading.Event()
        self.remarks: Callable[[], tuple[str, ...]] = tuple
        """What else there is to say about the whole, the most important first."""

    @property
    def where(self) -> str:
        """Contexts and namespaces, as people read them."""
        return "; ".join(dict.fromkeys(source.where for source in self.sources))

    def start(self, found: Iterable[Candidate] = ()) -> None:
        """Connect to those that have been found already, and look for others in the background."""
        self._take({each.key: each for each in found}, announce=False)
        threading.Thread(target=self._run, name="fleet", daemon=True).start()

    def close(self) -> None:
        """Leave all at once; takes a second or two at most."""
        self._closed.set()
        with self._lock:
            members = list(self._members.values())
        threads = [_in_background(member.viewing.close) for member in members]
        end = time.monotonic() + _CLOSE_SECONDS
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def view(self) -> FleetView:
        """As it is now."""
        with self._lock:
            members, problems, news = list(self._members.values()), list(self._problems.values()), tuple(self._news)
        views = [member.view() for member in members]
        said, differs = differences(views)
        skewed = skews(views)
        compared = [
            replace(view, differs=differs.get(view.key, view.differs), skew=skewed.get(view.key, view.skew)) for view in views
        ]
        return FleetView(tuple(compared), totals_of(compared), (*self.remarks(), *said), "; ".join(problems), news)

    def announce(self, text: str) -> None:
        """Say it among those who came and went."""
        with self._lock:
            self._news.append((time.time(), text))

    def member(self, key: str) -> Member | None:
        """The member, while it is there."""
        with self._lock:
            return self._members.get(key)

    def command(self, kind: str, keys: Iterable[str], **fields: Any) -> Errand:
        """Send a command to these members."""
        return self._send(kind, keys, lambda member: member.ask(kind, why=self._why, **fields))

    def resize_by(self, by: int, keys: Iterable[str]) -> Errand:
        """One worker more (1) or fewer (-1) for each queue of these members."""
        return self._send("one worker more" if by > 0 else "one worker fewer", keys, lambda each: each.resize_by(by, self._why))

    def _send(self, title: str, keys: Iterable[str], do: Callable[[Member], str]) -> Errand:
        there = [(key, member) for key in keys if (member := self.member(key)) is not None]
        errand = Errand(title, {key: member.candidate.target.name for key, member in there})
        errand.start({key: lambda member=member: do(member) for key, member in there})  # type: ignore[misc]
        return errand

    def _run(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            if not any(source.changes for source in self.sources):
                return
            self.look()

    def look(self) -> None:
        """Ask the sources who is there. Those of a source that cannot be asked stay."""
        found: dict[str, Candidate] = {}
        whole = True
        for source in self.sources:
            try:
                found.update((each.key, each) for each in source.find())
                self._problems.pop(source.text, None)
            except (OSError, ValueError, SqsTuiError) as error:
                whole = False
                self._problems[source.text] = one_line(f"{source.text}: {describe(error)}", _LONGEST_PROBLEM)
        if not self._closed.is_set():
            self._take(found, announce=True, whole=whole)

    def _take(self, found: dict[str, Candidate], *, announce: bool, whole: bool = True) -> None:
        with self._lock:
            gone = [key for key in self._members if key not in found] if whole else []
            left = [self._members.pop(key) for key in gone]
            came = [Member(each, self._per_second) for key, each in found.items() if key not in self._members]
            for key, each in found.items():
                if key in self._members:
                    self._members[key].candidate = each
            self._members.update((member.candidate.key, member) for member in came)
            if announce:
                self._news.extend((time.time(), f"{each.candidate.target.name} left") for each in left)
                self._news.extend((time.time(), f"{each.candidate.target.name} came") for each in came)
        for member in came:
            member.viewing.start()
        for member in left:
            _in_background(member.viewing.close)


def _word(candidate: Candidate) -> str:
    """Why it cannot be looked into: as Kubernetes says, where the pod does not run."""
    pod, failing = candidate.pod, candidate.failing
    if pod is not None and not pod.running:
        return pod.problem.partition(":")[0]
    return failing.word if failing else ""


def _in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name="leave", daemon=True)
    thread.start()
    return thread
