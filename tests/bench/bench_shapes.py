"""How the engine's cost depends on the body, the handler, the workers, the queues and what is in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_peers import medians, run_rounds
from contenders import BOTO3_LOOP, FANFERRO, engine, peer
from rig import Load

if TYPE_CHECKING:
    from contenders import Contender
    from rig import StubServer

SIZES_BYTES = (256, 4096, 65536)
WORKERS = (1, 8, 32, 64, 128, 256)
QUEUES = (1, 4, 16, 32)
LEAST_IN_A_QUEUE = 200
DRAIN_WORKERS = 32
IN_FLIGHT_WORKERS = (8, 64, 256, 512)
"""Each worker holds a message and as many wait for one: twice as many are in flight."""
SLEEP_SECONDS = 0.05


def _ours(workers: int = 8, queues: int = 1) -> Contender:
    return engine("engine", workers=workers, queues=queues)


def sizes(server: StubServer, messages: int, rounds: int) -> dict[str, Any]:
    """Costs by body size, of this engine and its peers; the largest bodies come in smaller numbers."""
    who = (_ours(), peer(FANFERRO, "fanferro", "fanferro"), peer(BOTO3_LOOP, "boto3_loop", "boto3"))
    by_size = {}
    for size in SIZES_BYTES:
        load = Load(messages // (4 if size > 10_000 else 1), size)
        by_size[str(size)] = {name: medians(costs) for name, costs in run_rounds(server, who, load, rounds).items()}
    return by_size


def workers(server: StubServer, messages: int, rounds: int) -> dict[str, Any]:
    """Costs by workers, with handlers that do nothing."""
    return {str(count): _one(server, _ours(count), Load(messages), rounds) for count in WORKERS}


def queues(server: StubServer, messages: int, rounds: int) -> dict[str, Any]:
    """Costs by queues; each has 8 workers of its own, and enough messages that its first and last batch weigh little."""
    loads = {count: Load(max(messages, LEAST_IN_A_QUEUE * count), queues=count) for count in QUEUES}
    return {str(count): _one(server, _ours(queues=count), load, rounds) for count, load in loads.items()}


def in_flight(server: StubServer, messages: int, rounds: int) -> dict[str, Any]:
    """Costs by messages in flight, with handlers that sleep."""
    found = {}
    for count in IN_FLIGHT_WORKERS:
        load = Load(min(messages, 40 * count))
        found[str(2 * count)] = _one(server, _ours(count), load, rounds, SLEEP_SECONDS)
    return found


def drains(server: StubServer, messages: int) -> dict[str, Any]:
    """Time to drain so many messages against the ideal, messages * t / workers, by how long a handler takes in ms."""
    found = {}
    for milliseconds in (1, 50):
        seconds = milliseconds / 1000
        cost = _one(server, _ours(DRAIN_WORKERS), Load(messages), 1, seconds)
        ideal = messages * seconds / DRAIN_WORKERS
        found[str(milliseconds)] = cost | {"ideal_seconds": round(ideal, 3), "to_ideal": round(cost["seconds"] / ideal, 3)}
    return found


def _one(server: StubServer, who: Contender, load: Load, rounds: int, handler_seconds: float = 0.0) -> dict[str, Any]:
    return medians(run_rounds(server, (who,), load, rounds, handler_seconds)[who.name])
