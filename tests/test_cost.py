"""What a message may cost at most: requests, which are exact, and CPU beside a plain boto3 loop's in the same run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bench_peers import ratios, run_rounds
from contenders import BOTO3_LOOP, engine, peer
from rig import Load, stub_server

if TYPE_CHECKING:
    from rig import Cost

LOAD = Load(2_000)
ROUNDS = 2
MOST_REQUESTS_PER_MESSAGE = 0.21
MOST_CPU_TO_BOTO3_LOOP = 0.5
"""Half as much again as what was measured: a busy machine moves the ratio by a tenth, a lost batch doubles it."""


@pytest.fixture(scope="module")
def costs() -> dict[str, list[Cost]]:
    """Of this engine and of the loop, in turns."""
    who = (engine("engine"), peer(BOTO3_LOOP, "boto3_loop", "boto3"))
    with stub_server() as server:
        return run_rounds(server, who, LOAD, ROUNDS)


def test_a_message_costs_a_fifth_of_a_request(costs: dict[str, list[Cost]]) -> None:
    assert max(cost.requests for cost in costs["engine"]) <= MOST_REQUESTS_PER_MESSAGE


def test_a_message_costs_little_cpu_beside_a_plain_loop(costs: dict[str, list[Cost]]) -> None:
    assert ratios(costs["engine"], costs[BOTO3_LOOP]) <= MOST_CPU_TO_BOTO3_LOOP
