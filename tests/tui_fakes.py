"""A façade without an engine: answers with canned snapshots and records every command."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqs_core.bench import BenchView
from sqs_core.errors import ConfigurationError
from sqs_core.queue_listing import QueueDetails, QueueListing
from sqs_core.write_lock import LockState
from tui_canned import NOW, snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqs_core.facade import Link
    from sqs_core.model import MessageDetail, PoolName, RunState, Snapshot
    from sqs_core.unwrap import Pointer


@dataclass
class FakeBench:
    """A workbench that shows `now` and records every command."""

    now: BenchView = field(default_factory=BenchView)
    locked: LockState = field(default_factory=lambda: LockState(locked=False))
    log: list[dict[str, object]] = field(default_factory=list)
    refusal: Exception | None = None
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def view(self) -> BenchView:
        return self.now

    def look(self, queue: str, *, receive: bool = False, dead_letters: bool = False) -> None:
        self.calls.append(("look", queue, receive, dead_letters))

    def look_at_own(self, queue: str) -> None:
        self.calls.append(("look_at_own", queue))

    def put_back(self, message_ids: frozenset[str], to: str | None = None) -> None:
        self.calls.append(("put_back", message_ids, to))

    def copy(self, message_ids: frozenset[str], to: str) -> None:
        self.calls.append(("copy", message_ids, to))

    def delete(self, message_ids: frozenset[str]) -> None:
        self.calls.append(("delete", message_ids))

    def purge(self, queue: str) -> None:
        self.calls.append(("purge", queue))

    def answer(
        self, *, yes: bool, canary: bool = False, edited: Mapping[str, str] | None = None, rate: float | None = None
    ) -> None:
        self.calls.append(("answer", yes, canary, dict(edited or {})))

    def cancel(self) -> None:
        self.calls.append(("cancel",))

    def fetch_payload(self, pointer: Pointer) -> tuple[str, str]:
        self.calls.append(("fetch", str(pointer)))
        if self.refusal is not None:
            raise self.refusal
        return '{"from": "S3", "password": "hunter22"}', "38 bytes"

    def lock(self) -> LockState:
        return self.locked

    def unlock(self, reason: str) -> None:
        self.calls.append(("unlock", reason))

    def relock(self) -> None:
        self.calls.append(("relock",))

    def unmask(self, queue: str, message_id: str) -> None:
        self.calls.append(("unmask", queue, message_id))
        if self.refusal is not None:
            raise self.refusal

    def actions(self) -> list[dict[str, object]]:
        return self.log


@dataclass
class FakeFacade:
    """Answers with `now`, `listing` and `queues`; `calls` holds every command in order, `looks` what listings were asked for.

    A command in `refusals` raises.
    """

    now: Snapshot = field(default_factory=snapshot)
    listing: QueueListing = field(default_factory=lambda: QueueListing(NOW))
    details: dict[str, MessageDetail] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    refusals: dict[str, Exception] = field(default_factory=dict)
    queues: dict[str, QueueDetails] = field(default_factory=dict)
    looks: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    deadline_seconds: float | None = None
    far: Link | None = None
    bench: FakeBench = field(default_factory=lambda: FakeBench())
    called: threading.Condition = field(default_factory=threading.Condition)

    def _call(self, *call: Any) -> None:
        with self.called:
            self.calls.append(call)
            self.called.notify_all()
        if call[0] in self.refusals:
            raise self.refusals[call[0]]

    def wait_for(self, name: str, seconds: float = 5.0) -> bool:
        """Whether a command has come or comes in time."""
        with self.called:
            return self.called.wait_for(lambda: any(call[0] == name for call in self.calls), seconds)

    def named(self, name: str) -> Sequence[tuple[Any, ...]]:
        """The calls of one command."""
        return [call for call in self.calls if call[0] == name]

    def set_state(self, state: RunState) -> None:
        """Let the engine and all consumers be in a state."""
        self.now = replace(
            self.now,
            engine=replace(self.now.engine, state=state),
            consumers=tuple(replace(each, state=state) for each in self.now.consumers),
        )

    def start(self) -> None:
        self._call("start")

    def snapshot(self) -> Snapshot:
        if "snapshot" in self.refusals:
            raise self.refusals["snapshot"]
        return self.now

    def pause(self, queue: str | None = None) -> None:
        self._call("pause", queue)

    def resume(self, queue: str | None = None) -> None:
        self._call("resume", queue)

    def resize(self, queue: str, pool: PoolName, target: int) -> None:
        self._call("resize", queue, pool, target)

    def drain(self) -> None:
        self._call("drain")

    def link(self) -> Link | None:
        return self.far

    def drain_deadline_seconds(self) -> float | None:
        return self.deadline_seconds

    def stop_now(self) -> None:
        self._call("stop_now")

    def message(self, queue: str, message_id: str) -> MessageDetail | None:
        self._call("message", queue, message_id)
        return self.details.get(message_id)

    def replay(self, queue: str, message_id: str, body: str | None = None) -> None:
        self._call("replay", queue, message_id, *([] if body is None else [body]))

    def workbench(self) -> FakeBench:
        return self.bench

    def list_queues(self, prefix: str = "", seen: Sequence[str] = ()) -> QueueListing:
        self.looks.append((prefix, tuple(seen)))
        return self.listing

    def queue_details(self, queue: str) -> QueueDetails:
        self._call("queue_details", queue)
        return self.queues.get(queue) or QueueDetails(queue)

    def add_consumer(self, queue: str, handler: str) -> None:
        self._call("add_consumer", queue, handler)
        if handler == "nonsense":
            raise ConfigurationError("no handler nonsense: use builtin:NAME, module:function, exec:COMMAND or http://…")
