"""A consumer whose threads are stepped by a test: real loops, a queue in memory, and a clock that moves when it is told to."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

from fakes import FIFO_NAME, NAME, FakeClock, FakeQueue, Wake
from sqs_core import consumer as consumer_module
from sqs_core.consumer import QueueConsumer
from sqs_core.errors import Discard, RequestError, Retry
from sqs_core.events import EventLog
from sqs_core.handlers import Handler
from sqs_core.model import Outcome, Role
from sqs_core.pool import Loop, Slot
from sqs_core.queue_facts import QueueFacts
from sqs_core.settings import ConsumerSettings, parse_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqs_core.held import Held
    from sqs_core.message import Message
    from sqs_core.queue import Received, Refusal
    from sqs_core.worker import Worker

HANDLER_TIMEOUT_SECONDS, VISIBILITY_SECONDS = 100.0, 30


class SteppedPool:
    """`Pool` without threads: what would be a thread is stepped by name, and one that is to stop goes when it is `free`."""

    def __init__(self, role: str, make_loop: Callable[[], Loop], _on_death: object, _wake: object) -> None:
        self.target = 0
        self.slots: dict[str, tuple[Slot, Loop]] = {}
        self.busy: set[str] = set()
        self._role, self._make_loop, self._number = role, make_loop, 0

    @property
    def live(self) -> int:
        return len(self.slots)

    def resize(self, target: int) -> None:
        self.target = target
        wanted = [slot for slot, _ in self.slots.values() if not slot.stopping()]
        for slot in wanted[target:]:
            slot.stop()
        for _ in range(target - len(wanted)):
            self._number += 1
            name = f"{self._role}-{self._number}"
            self.slots[name] = (Slot(name), self._make_loop())
        self.sweep()

    def close(self) -> None:
        self.resize(0)

    def abandon(self, name: str) -> bool:
        slot, _ = self.slots.pop(name)
        slot.stop()
        self.resize(self.target)
        return True

    def check(self) -> None:
        """Nothing is ever gone without a word here."""

    def sweep(self) -> None:
        """Let go of those that are to stop and have nothing in hand."""
        for name, (slot, loop) in list(self.slots.items()):
            if slot.stopping() and name not in self.busy:
                loop.close(slot)
                del self.slots[name]

    def step(self, number: int) -> None:
        """One step of one of them, if there is any."""
        if self.slots:
            slot, loop = list(self.slots.values())[number % len(self.slots)]
            if not slot.stopping():
                loop.step(slot)


class LosingQueue(FakeQueue):
    """Acts, and then may lose its answer; `meanwhile` is done while a request is out."""

    lose: deque[bool]
    meanwhile: Callable[[], None] | None = None
    handed_out = 0
    busy = False

    def _answer(self, ask: Callable[[], Any]) -> Any:
        during, self.meanwhile = self.meanwhile, None
        answer = ask()
        if during is not None:
            during()
        if self.lose and self.lose.popleft():
            raise RequestError("a request", ConnectionResetError("the answer was lost"))
        return answer

    def receive(self, maximum: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None) -> Received:
        ask = super().receive
        answer: Received = self._answer(lambda: ask(maximum, wait_seconds, visibility_seconds, attempt_id))
        self.handed_out += len(answer.messages) + len(answer.damaged)
        return answer

    def delete_batch(self, handles: Sequence[str]) -> dict[int, Refusal]:
        ask = super().delete_batch
        return cast("dict[int, Refusal]", self._answer(lambda: ask(handles)))

    def change_visibility_batch(self, entries: Sequence[tuple[str, int]]) -> dict[int, Refusal]:
        ask = super().change_visibility_batch
        return cast("dict[int, Refusal]", self._answer(lambda: ask(entries)))

    def left(self) -> Counter[str]:
        """Bodies that were not deleted."""
        return Counter(stored.body for stored in self._stored)


class Stepped:
    """See the module. `succeeded` are bodies whose handler returned or discarded; `running` what workers have in hand."""

    def __init__(self, *, fifo: bool, maximum_receives: int | None) -> None:
        self.time = FakeClock()
        self.queue = LosingQueue(self.time, fifo, FIFO_NAME if fifo else NAME)
        self.queue.lose = deque()
        self.events = EventLog(self.time.clock())
        settings = ConsumerSettings(
            workers=3, pollers=2, wait_seconds=1, visibility_seconds=VISIBILITY_SECONDS,
            handler_timeout_seconds=HANDLER_TIMEOUT_SECONDS,
        )  # fmt: skip
        self.how: type[Exception] | None = None
        self.succeeded: set[str] = set()
        self.running: dict[str, tuple[Worker, Held]] = {}
        self.started: list[str] = []
        self.consumer = QueueConsumer(
            parse_queue(self.queue.name), Handler("test", self._handle), settings, self.events, self.time.clock()
        )
        self.consumer.queue = self.queue
        self.consumer.take_facts(QueueFacts(VISIBILITY_SECONDS, None, "dead" if maximum_receives else None, maximum_receives))
        self.consumer._lease_wake = Wake()
        holding = self.consumer.holding
        for condition in (holding.room, holding.work, holding.acks):
            # No other thread would end a wait. (A mock would keep every call.)
            mock.patch.object(condition, "wait", lambda *_: False).start()  # noqa: PT008
        with mock.patch.object(consumer_module, "Pool", SteppedPool):
            self.consumer.start()

    def _handle(self, message: Message) -> None:
        if self.how is Retry:
            raise Retry(1)
        if self.how is not None and self.how is not Discard:
            raise self.how("on purpose")
        self.succeeded.add(message.body)
        if self.how is Discard:
            raise Discard

    def pool(self, role: Role) -> SteppedPool:
        """One of the pools."""
        return cast("SteppedPool", self.consumer._pools[role])

    def take(self, number: int) -> None:
        """A worker with nothing in hand takes a message, if there is one."""
        workers = self.pool(Role.WORKER)
        idle = [(slot, loop) for name, (slot, loop) in workers.slots.items() if name not in self.running and not slot.stopping()]
        if not idle:
            return
        slot, loop = idle[number % len(idle)]
        held = self.consumer.holding.take(slot.name, slot.stopping, 0.0)
        if held is not None:
            self.running[slot.name] = (cast("Worker", loop), held)
            self.started.append(held.message.body)
            workers.busy.add(slot.name)

    def finish(self, number: int, how: type[Exception] | None) -> Outcome | None:
        """A handler comes to its end; the outcome it asks for, None where none runs."""
        if not self.running:
            return None
        name = list(self.running)[number % len(self.running)]
        worker, held = self.running.pop(name)
        self.how = how
        verdict = worker._handle(held)
        self.consumer.holding.conclude(held, verdict)
        self.pool(Role.WORKER).busy.discard(name)
        self.pool(Role.WORKER).sweep()
        return verdict.outcome

    def settle(self) -> None:
        """Let everything that is due happen once, all handlers ending well."""
        for role in (Role.POLLER, Role.LEASE):
            self.pool(role).step(0)
        for number in range(len(self.pool(Role.WORKER).slots)):
            self.take(number)
        while self.running:
            self.finish(0, None)
        self.time.advance(0.2)
        for _ in range(20):
            self.pool(Role.ACKER).step(0)
        self.consumer.supervise()


def stop_patches() -> None:
    """End what `Stepped` patched."""
    mock.patch.stopall()
