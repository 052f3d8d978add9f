"""What the engine keeps in memory: with 64 workers beside a plain boto3 loop, and whether it grows with what it has handled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contenders import BOTO3_LOOP, engine, peer
from rig import Load, contender, measure, measure_running

if TYPE_CHECKING:
    from rig import StubServer

WORKERS = 64


def memory(server: StubServer, few: int, many: int) -> dict[str, Any]:
    """Resident memory in MiB after a few messages and after many."""
    loop = measure(server, peer(BOTO3_LOOP, "boto3_loop", "boto3").command(server.endpoint_url), Load(min(few, 5000)))
    ours = engine("engine", workers=WORKERS)
    server.fill(Load(0))
    with contender(ours.command(server.endpoint_url)) as process:
        after_few = measure_running(server, process, Load(few))
        after_many = measure_running(server, process, Load(many - few))
    return {
        "boto3_loop_mib": round(loop.rss_mib, 1),
        "messages": [few, many],
        "engine_mib": [round(after_few.rss_mib, 1), round(after_many.rss_mib, 1)],
        "more_than_boto3_loop_mib": round(after_few.rss_mib - loop.rss_mib, 1),
        "growth_mib": round(after_many.rss_mib - after_few.rss_mib, 1),
    }
