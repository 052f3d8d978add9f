"""Taking messages out of sight of others, and keeping them there until they are put back, deleted or handed back.

SQS does not let a reader choose messages, so those that are wanted are found by receiving all. What was received stays hidden by
extending its visibility timeout from a thread of its own; what a killed process held comes back by itself, or by the next sweep.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqs_core.client import LOOK, ClientProfile
from sqs_core.errors import RequestError, Trouble
from sqs_core.held_file import HeldFile
from sqs_core.look_record import open_record
from sqs_core.peek import refuse_harm, visible_now
from sqs_core.put_back_journal import journal_path, open_journal
from sqs_core.queue import SqsQueue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sqs_core.client import AwsSession
    from sqs_core.look_record import LookRecord
    from sqs_core.message import Message
    from sqs_core.peek import Place
    from sqs_core.put_back_journal import Journal

FIRST_SECONDS = 60
"""For so long a received message is hidden at first, and one whose receipt was not written down when we were killed."""
MOST_HELD = 20_000
"""SQS refuses to hide more of a FIFO queue; more of a standard queue would take as many extensions."""
_BATCH = 10
_WAIT_SECONDS = 1
_EMPTY_ANSWERS = 2
_STEP_SECONDS = 5.0
_MARGIN_SECONDS = 15.0
_HELD_FOR_A_MINUTE = 1000
"""So many can be extended every half minute beside other work; more are hidden for longer at a time."""
RECEIVING = ClientProfile("put back", _WAIT_SECONDS + 10.0, 1, frozenset({"ReceiveMessage"}))
SETTLING = ClientProfile("put back", 5.0, 3, frozenset({"ChangeMessageVisibilityBatch", "DeleteMessageBatch"}))


@dataclass(slots=True)
class _Hold:
    handle: str
    until: float


class Sweep:
    """What one run holds of a queue. Use as a context: what is still held at its end is handed back, visible at once."""

    def __init__(self, session: AwsSession, place: Place, record: LookRecord | None, remembered: Path) -> None:
        self._clients = [session.client(profile) for profile in (RECEIVING, SETTLING, LOOK)]
        receiving, settling, looking = self._clients
        self.place = place
        self.queue = SqsQueue(place.name, place.url, receiving, settling, looking, receiving)
        self.received = 0
        self.trouble = ""
        self._record, self._retention = record, place.retention_seconds
        self._lock = threading.Lock()
        self._held: dict[str, _Hold] = {}
        self._lost: set[str] = set()
        self._ended = threading.Event()
        self._file = HeldFile(remembered)
        self._keeper = threading.Thread(target=self._keep, name="keep hidden", daemon=True)

    def __enter__(self) -> Sweep:
        left = list(self._file.left_behind().values())
        for batch in _batches(left):
            with contextlib.suppress(RequestError):
                self.queue.change_visibility_batch([(handle, 0) for handle in batch])
        self._file.open()
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._keeper.join()
        self.hand_back(list(self._held))
        self._file.close()
        for client in self._clients:
            client.close()

    def __len__(self) -> int:
        return len(self._held)

    def receive(self, stop: threading.Event) -> Iterator[list[Message]]:
        """Messages that were not seen before, by answers, until nothing more comes or too many are held.

        `trouble` says why it ended early. Raises `RequestError` only where nothing was received at all.
        """
        empty = 0
        while empty < _EMPTY_ANSWERS and not stop.is_set():
            if len(self) >= MOST_HELD:
                self.trouble = f"{MOST_HELD:,} messages are held; what else there may be was not looked at"
                return
            at = time.monotonic()
            try:
                answer = self.queue.receive(_BATCH, _WAIT_SECONDS, FIRST_SECONDS, None)
            except RequestError as error:
                if not self.received:
                    raise
                self.trouble = str(error)
                return
            if self._record is not None:
                self._record.saw(answer.messages, time.time() + self._retention)
            if answer.damaged:
                self.trouble = f"{len(answer.damaged)} messages came damaged and are left alone"
            self._file.holds({message.message_id: message.receipt_handle for message in answer.messages}, FIRST_SECONDS)
            new = self._hold(answer.messages, at + FIRST_SECONDS)
            self.received += len(new)
            yield new
            empty = 0 if new else empty + 1
            if not answer.messages and visible_now(self.queue) == 0:
                return

    def holds(self, message_id: str) -> bool:
        """Whether it is still ours, and for long enough to be sent and deleted."""
        with self._lock:
            held = self._held.get(message_id)
            return held is not None and held.until > time.monotonic() + _MARGIN_SECONDS and message_id not in self._lost

    def hidden_from_us(self) -> int:
        """About how many messages others hold, or are delayed; 0 where nobody says."""
        try:
            depth = self.queue.facts(0.0).depth
        except RequestError:
            return 0
        return max(0, depth.in_flight + depth.delayed - len(self)) if depth else 0

    def delete(self, message_ids: Sequence[str]) -> dict[str, str]:
        """Delete these, and hold them no longer. What was not confirmed, with the reason; it stays held."""
        refused: dict[str, str] = {}
        for batch in _batches(message_ids):
            handles = [self._held[message_id].handle for message_id in batch]
            try:
                answer = self.queue.delete_batch(handles)
            except RequestError as error:
                refused.update(dict.fromkeys(batch, str(error)))
                continue
            refused.update({batch[index]: f"{refusal.code} {refusal.text}".strip() for index, refusal in answer.items()})
        self._drop(message_id for message_id in message_ids if message_id not in refused)
        return refused

    def hand_back(self, message_ids: Sequence[str]) -> int:
        """Make these visible at once. How many were; the others become visible by themselves."""
        back = 0
        for batch in _batches(message_ids):
            handles = [self._held[message_id].handle for message_id in batch]
            self._drop(batch)
            try:
                back += len(batch) - len(self.queue.change_visibility_batch([(handle, 0) for handle in handles]))
            except RequestError as error:
                self.trouble = self.trouble or str(error)
                if error.trouble is Trouble.TRANSPORT:
                    break  # they come back by themselves; nobody waits for a network that is gone, batch by batch
        return back

    def _hold(self, messages: Iterable[Message], until: float) -> list[Message]:
        new: list[Message] = []
        with self._lock:
            for message in messages:
                if message.message_id not in self._held:
                    new.append(message)
                self._held[message.message_id] = _Hold(message.receipt_handle, until)
                self._lost.discard(message.message_id)
        return new

    def _drop(self, message_ids: Iterable[str]) -> None:
        gone = list(message_ids)
        with self._lock:
            for message_id in gone:
                self._held.pop(message_id, None)
        self._file.gone(gone)

    def _hold_seconds(self) -> int:
        return FIRST_SECONDS * (1 + len(self._held) // _HELD_FOR_A_MINUTE)

    def _keep(self) -> None:
        while not self._ended.wait(_STEP_SECONDS):
            seconds = self._hold_seconds()
            soon = time.monotonic() + seconds * 2 / 3
            with self._lock:
                due = [key for key, held in self._held.items() if held.until < soon and key not in self._lost]
            for batch in _batches(due):
                if self._ended.is_set():
                    return
                self._extend(batch, seconds)
            self._file.holds({}, seconds / 2)

    def _extend(self, batch: Sequence[str], seconds: int) -> None:
        with self._lock:
            entries = [(key, self._held[key].handle) for key in batch if key in self._held]
        if not entries:
            return
        at = time.monotonic()
        try:
            refused = self.queue.change_visibility_batch([(handle, seconds) for _, handle in entries])
        except RequestError:
            return  # tried again at the next step; `holds` goes by the time
        with self._lock:
            for index, (key, handle) in enumerate(entries):
                held = self._held.get(key)
                if index not in refused and held is not None and held.handle == handle:
                    held.until = at + seconds
                elif index in refused and refused[index].gone:
                    self._lost.add(key)


@contextlib.contextmanager
def open_sweep(session: AwsSession, place: Place) -> Iterator[tuple[Journal, Sweep]]:
    """A sweep of a queue that nobody else on this machine sweeps, with its journal.

    Raises `ConfigurationError` where somebody else does, or where receiving might use up a message.
    """
    endpoint, now = session.service_url(), time.time()
    with contextlib.ExitStack() as stack:
        journal = stack.enter_context(open_journal(now, endpoint, place.url))
        record: LookRecord | None = None
        if place.maximum_receives is not None or not place.redrive_readable:
            record = stack.enter_context(open_record(endpoint, place.url, now))
            refuse_harm(place, record)
            record.begin(now + place.retention_seconds)
        sweep = stack.enter_context(Sweep(session, place, record, journal_path(".held", endpoint, place.url)))
        yield journal, sweep
        if record is not None and not sweep.trouble:  # else it stays open: what a lost answer has cost is not known
            record.end(now + place.retention_seconds)


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]
