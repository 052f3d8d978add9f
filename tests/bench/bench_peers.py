"""The main comparison: every contender on the same server and cores, in rounds that take turns, and ratios within a round."""

from __future__ import annotations

import statistics
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contenders import BOTO3_LOOP, FANFERRO, OURS, contenders
from rig import Cost, Load, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contenders import Contender
    from rig import StubServer

COMPARED_WITH = (BOTO3_LOOP, FANFERRO)
SLOW = {"the article's shape": 5}
"""These get a fraction of the messages, for they take long."""


def medians(costs: Sequence[Cost]) -> dict[str, Any]:
    """The median of each figure, and all rounds' CPU."""
    each = [cost.as_json() for cost in costs]
    return {name: round(statistics.median(one[name] for one in each), 4) for name in each[0]} | {
        "cpu_us_rounds": [one["cpu_us"] for one in each]
    }


def ratios(ours: Sequence[Cost], theirs: Sequence[Cost]) -> float:
    """The median of the rounds' ratios of CPU."""
    pairs = ((a.as_json()["cpu_us"], b.as_json()["cpu_us"]) for a, b in zip(ours, theirs, strict=True))
    return statistics.median(a / b for a, b in pairs)


def run_rounds(
    server: StubServer, who: Sequence[Contender], load: Load, rounds: int, handler_seconds: float = 0.0
) -> dict[str, list[Cost]]:
    """Everybody once a round; the order turns, so that nobody always runs after the same other."""
    found: dict[str, list[Cost]] = {each.name: [] for each in who if not each.missing}
    for number in range(rounds):
        at = number % len(who)
        for each in (*who[at:], *who[:at]):
            if each.missing:
                continue
            own = replace(load, messages=load.messages // SLOW.get(each.name, 1))
            cost = measure(server, each.command(server.endpoint_url, handler_seconds), own, on_screen=each.on_screen)
            print(f"  round {number + 1}: {each.name}: {cost.cpu_us:.1f} µs", file=sys.stderr, flush=True)
            found[each.name].append(cost)
    return found


def compare(server: StubServer, messages: int, rounds: int) -> dict[str, Any]:
    """`rows` by name, with `skipped` for those that cannot run, and `ratios` of this engine to the others."""
    who = contenders()
    found = run_rounds(server, who, Load(messages), rounds)
    rows = {each.name: {"skipped": each.missing} if each.missing else medians(found[each.name]) for each in who}
    to = {name: cost_ratios(found, name) for name in COMPARED_WITH if name in found}
    return {"messages": messages, "rounds": rounds, "rows": rows, "cpu_ratios_to": to}


def closely(server: StubServer, messages: int, rounds: int) -> dict[str, Any]:
    """This engine and the peer that comes nearest, in longer rounds and more of them: the ratio is to be told within a few %."""
    who = [each for each in contenders() if each.name in (OURS, FANFERRO)]
    if missing := next((each.missing for each in who if each.missing), ""):
        return {"skipped": missing}
    found = run_rounds(server, who, Load(messages), rounds)
    rows = {name: medians(costs) for name, costs in found.items()}
    return {"messages": messages, "rounds": rounds, "rows": rows, "cpu_ratio": cost_ratios(found, FANFERRO)[OURS]}


def cost_ratios(found: dict[str, list[Cost]], other: str) -> dict[str, float]:
    """CPU of everybody by that of one, round by round."""
    return {name: round(ratios(costs, found[other]), 3) for name, costs in found.items()}
