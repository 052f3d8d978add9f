"""A consumer driven at random against what must hold at every moment: the numbers add up, and nothing is deleted unhandled."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from fakes import assert_balance
from sqs_core.errors import Discard, RequestError, Retry
from sqs_core.events import MAXIMUM_EVENTS
from sqs_core.ledger import HISTORY_MESSAGES
from sqs_core.model import PoolName, Role, RunState
from sqs_core.queue import Refusal
from stepped import VISIBILITY_SECONDS, Stepped, stop_patches
from torturing import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqs_core.model import ConsumerSnapshot

GROUPS = ["g1", "g2"]
NUMBERS = st.integers(0, 5)
HOWS = st.sampled_from([None, None, None, Retry, Discard, ValueError, SystemExit])
FAILS = st.sampled_from(["", "", "before", "after", "refused"])
DRAIN_SECONDS, ENOUGH = 20.0, 8
_LEGAL = {
    RunState.RUNNING: {RunState.RUNNING, RunState.PAUSING, RunState.DRAINING},
    RunState.PAUSING: {RunState.PAUSING, RunState.PAUSED, RunState.RUNNING, RunState.DRAINING},
    RunState.PAUSED: {RunState.PAUSED, RunState.RUNNING, RunState.PAUSING, RunState.DRAINING},
    RunState.DRAINING: {RunState.DRAINING, RunState.STOPPED},
    RunState.STOPPED: {RunState.STOPPED},
}
"""What may follow what, one command or one look of the supervisor at a time."""


class ConsumerMachine(RuleBasedStateMachine):
    """See the module."""

    fifo = False
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.at: Stepped
        self.sent: list[str] = []
        self.state = RunState.RUNNING
        self.widest = 10
        self.order: dict[str, list[int]] = defaultdict(list)

    @initialize(maximum_receives=st.sampled_from([None, 3]))
    def begin(self, maximum_receives: int | None) -> None:
        self.at = Stepped(fifo=self.fifo, maximum_receives=maximum_receives)
        for group in GROUPS:  # an example that holds nothing says little
            self.deliver(group, 4, 1)

    def teardown(self) -> None:
        try:
            if hasattr(self, "at"):
                self._ends_well()
        finally:
            stop_patches()

    def _ends_well(self) -> None:
        """Once faults end, all is handled; or a stop that is under way ends."""
        at = self.at
        at.queue.troubles.clear()
        at.queue.refusals.clear()
        at.queue.lose.clear()
        at.queue.meanwhile = None
        at.consumer.resume()
        for _ in range(60 + 3 * len(self.sent)):
            at.settle()
            at.time.advance(5)
            if at.consumer.state is RunState.STOPPED or not at.queue.left():
                break
        if at.consumer.state not in (RunState.STOPPED, RunState.DRAINING):
            assert not at.queue.left(), "not all was handled in the end"
        for _ in range(30):
            at.settle()
            at.time.advance(5)
        snapshot = at.consumer.snapshot()
        assert not snapshot.in_flight or snapshot.state is RunState.STOPPED
        self.look()

    @rule(group=st.sampled_from(GROUPS), count=st.integers(1, 4), polls=st.integers(0, 2))
    def deliver(self, group: str, count: int, polls: int) -> None:
        for _ in range(count):
            body = f"{group}/{sum(name.startswith(group) for name in self.sent)}"
            self.sent.append(body)
            self.at.queue.send(body, group if self.fifo else None)
        self.poll(polls)

    @rule(polls=st.integers(1, 3))
    def poll(self, polls: int) -> None:
        for number in range(polls):
            self.at.pool(Role.POLLER).step(number)

    @rule(count=st.integers(1, 3))
    def take(self, count: int) -> None:
        for _ in range(count):
            self.at.take(0)

    @rule(number=NUMBERS, how=HOWS)
    def finish(self, number: int, how: type[Exception] | None) -> None:
        self.at.take(0)
        self.at.finish(number, how)

    @rule(hows=st.lists(HOWS, min_size=1, max_size=6), acknowledges=st.booleans(), fails=FAILS)
    def work(self, hows: list[type[Exception] | None], acknowledges: bool, fails: str) -> None:
        """Several handlers one after the other, and what they ask for."""
        for how in hows:
            self.finish(0, how)
        if acknowledges:
            self.acknowledge(lingers=True, fails=fails)

    @rule(lingers=st.booleans(), fails=FAILS)
    def acknowledge(self, lingers: bool, fails: str) -> None:
        """The ackers' turn; the first request may fail before or after the server acted, or its first entry be refused."""
        if fails == "before":
            self.at.queue.troubles.append(RequestError("a request", OSError("refused")))
        elif fails == "after":
            self.at.queue.lose.append(True)
        elif fails:
            self.at.queue.refusals.append({0: Refusal("InternalError", "no")})
        self.at.time.advance(0.11 if lingers else 0.0)
        for number in range(3):
            self.at.pool(Role.ACKER).step(number)

    @rule(seconds=st.sampled_from([0.5, 2.0, 6.0, VISIBILITY_SECONDS / 2]))
    def advance(self, seconds: float) -> None:
        self.at.time.advance(seconds)
        self.at.pool(Role.LEASE).step(0)

    @rule(how_long=st.sampled_from([VISIBILITY_SECONDS + 1.0, 120.0]), extends=st.booleans(), rarely=st.integers(0, 3))
    def expire(self, how_long: float, extends: bool, rarely: int) -> None:
        if rarely:
            return
        self.at.time.advance(how_long)
        if extends:
            self.at.pool(Role.LEASE).step(0)

    @rule(what=st.sampled_from(["trouble", "lost", "refused", "damaged"]), count=st.integers(1, 3))
    def disturb(self, what: str, count: int) -> None:
        queue = self.at.queue
        if what == "trouble":
            queue.troubles.extend(RequestError("a request", OSError("refused")) for _ in range(count))
        elif what == "lost":
            queue.lose.extend([False] * (count - 1) + [True])
        elif what == "refused":
            queue.refusals.append({index: Refusal("InternalError", "no") for index in range(0, 10, count)})
        else:
            queue.damaged = tuple(f"damaged-{number}" for number in range(count))

    @rule(what=st.sampled_from(["pause", "supervise", "expire", "drain"]))
    def meanwhile(self, what: str) -> None:
        """While the next request is out."""

        def happen() -> None:
            if what == "expire":
                self.at.time.advance(VISIBILITY_SECONDS + 1)
                self.at.pool(Role.LEASE).step(0)
            elif what != "drain":
                getattr(self.at.consumer, what)()
            elif len(self.sent) > ENOUGH:
                self.at.consumer.begin_drain(DRAIN_SECONDS)

        self.at.queue.meanwhile = happen

    @rule(what=st.sampled_from(["pause", "resume", "supervise"]))
    def command(self, what: str) -> None:
        getattr(self.at.consumer, what)()
        self.at.pool(Role.WORKER).sweep()

    @precondition(lambda self: self.at.consumer.state in (RunState.RUNNING, RunState.PAUSING, RunState.PAUSED))
    @rule(pool=st.sampled_from(list(PoolName)), size=st.integers(1, 14))
    def resize(self, pool: PoolName, size: int) -> None:
        self.at.consumer.resize(pool, size)
        self.widest = max(self.widest, size)

    @precondition(lambda self: len(self.sent) > ENOUGH)
    @rule(now=st.booleans())
    def drain(self, now: bool) -> None:
        if now:
            self.at.consumer.stop_now()
        else:
            self.at.consumer.begin_drain(DRAIN_SECONDS)
        self.at.pool(Role.WORKER).sweep()

    @invariant()
    def look(self) -> None:
        if not hasattr(self, "at"):
            return
        type(self).steps += 1
        snapshot = self.at.consumer.snapshot()
        assert_balance(snapshot.totals, snapshot.held)
        self._nothing_lost(snapshot)
        self._pools_add_up(snapshot)
        self._state_is_legal(snapshot)
        if self.fifo:
            self._order_holds()
        assert len(self.at.events.snapshot()) <= MAXIMUM_EVENTS
        assert len(snapshot.history) <= HISTORY_MESSAGES

    def _nothing_lost(self, snapshot: ConsumerSnapshot) -> None:
        deleted = set(self.sent) - set(self.at.queue.left())
        assert deleted <= self.at.succeeded, "deleted although no handler ended well"
        totals = snapshot.totals
        assert totals.deleted == totals.handled + totals.discarded <= len(deleted), "called deleted, and still there"
        assert set(self.at.consumer.holding.settling) <= set(self.at.consumer.holding._held), (
            "something is asked with a dead receipt"
        )
        assert totals.received == self.at.queue.handed_out
        ids = [entry.message_id for entry in snapshot.in_flight]
        assert len(ids) == len(set(ids)), "a message is held twice"

    def _pools_add_up(self, snapshot: ConsumerSnapshot) -> None:
        workers, waiting = snapshot.workers, sum(entry.worker is None for entry in snapshot.in_flight)
        assert 0 <= workers.busy <= workers.live
        stopping = sum(slot.stopping() for slot, _ in self.at.pool(Role.WORKER).slots.values())
        assert workers.live <= workers.target + stopping
        assert 0 <= snapshot.buffer.size <= waiting
        assert snapshot.buffer.size <= self.widest
        assert not self.at.consumer.gate.out

    def _state_is_legal(self, snapshot: ConsumerSnapshot) -> None:
        assert snapshot.state in _LEGAL[self.state] | ({RunState.STOPPED} if RunState.DRAINING in _LEGAL[self.state] else set())
        if snapshot.state is RunState.PAUSED and self.state is not RunState.PAUSED:
            assert snapshot.held == 0
        self.state = snapshot.state

    def _order_holds(self) -> None:
        """In a group one at a time, and none before the one in front of it has ended well at least once."""
        holding = self.at.consumer.holding
        running = Counter(
            held.message.group_id for _, held in self.at.running.values() if not held.hung and held in holding._held
        )
        assert max(running.values(), default=0) <= 1, running
        for _, held in self.at.running.values():
            group, _, number = held.message.body.partition("/")
            assert all(f"{group}/{before}" in self.at.succeeded for before in range(int(number))), held.message.body


class FifoMachine(ConsumerMachine):
    """The same on a FIFO queue."""

    fifo = True


@pytest.mark.parametrize("machine", [ConsumerMachine, FifoMachine])
def test_what_holds_at_every_moment(
    machine: type[ConsumerMachine],
    scale: Callable[[tuple[int, int], tuple[int, int]], tuple[int, int]],
    table: Callable[[Row], None],
) -> None:
    examples, steps = scale((150, 50), (3000, 100))
    machine.steps = 0
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    kind = "FIFO" if machine.fifo else "standard"
    table(Row(f"model of a {kind} consumer", examples, examples, 0, None, f"{machine.steps} moments looked at"))
