"""Ends of messages, and what the acker would do about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqs_core.held import Verdict
from sqs_core.model import Outcome

if TYPE_CHECKING:
    from fakes import Bench
    from sqs_core.held import Held

HANDLED = Verdict(Outcome.HANDLED)
RETRIED = Verdict(Outcome.RETRIED, 0, "ValueError: no")
GIVEN_UP = Verdict(Outcome.GIVEN_UP, 0, "ValueError: no")


def prove(bench: Bench) -> list[tuple[str, Outcome]]:
    """What the acker would do: everything that waits for it is told to the queue and confirmed, in order."""
    done: list[tuple[str, Outcome]] = []
    while bench.holding.settling:
        held = bench.holding.settling.popleft()
        assert held.verdict is not None
        done.append((held.message.body, held.verdict.outcome))
        if held.verdict.visibility_seconds is None:
            bench.queue.delete_batch([held.message.receipt_handle])
        else:
            bench.queue.change_visibility_batch([(held.message.receipt_handle, held.verdict.visibility_seconds)])
        bench.holding.settle([held])
    bench.totals()
    return done


def finish(bench: Bench, held: Held, verdict: Verdict) -> list[tuple[str, Outcome]]:
    """A handler came to this end, and what waits for the acker is proved."""
    bench.holding.conclude(held, verdict)
    return prove(bench)
