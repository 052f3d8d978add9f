"""What a message costs by its body, words or JSON, with the extra `fast` and without: `python bench_bodies.py [--rounds N]`.

fanferro reads a body that is JSON before its handler is called, so it is compared where bodies are words.
"""

from __future__ import annotations

import argparse

from bench_peers import medians, run_rounds
from contenders import BOTO3_LOOP, FANFERRO, OURS, engine, fast_engine, peer
from rig import Load, stub_server

MESSAGES = {256: 12_000, 4_096: 12_000, 65_536: 4_000}
FAST = "engine, lean, orjson"


def main() -> None:
    """Print a line for each body and consumer: the median of the rounds' µs of CPU a message."""
    parser = argparse.ArgumentParser(description="what a message costs by its body")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    rivals = peer(BOTO3_LOOP, "boto3_loop", "boto3"), peer(FANFERRO, "fanferro", "fanferro")
    who = (engine(OURS), fast_engine(FAST), *rivals)
    for each in who:
        if each.missing:
            print(f"{each.name} is left out: {each.missing}")
    with stub_server() as server:
        for as_json in (False, True):
            for size_bytes, messages in MESSAGES.items():
                compared = who[:-1] if as_json else who
                for name, costs in run_rounds(server, compared, Load(messages, size_bytes, as_json=as_json), rounds).items():
                    kind = "JSON" if as_json else "words"
                    print(f"{size_bytes} bytes of {kind}, {name}: {medians(costs)['cpu_us']:.1f} µs", flush=True)


if __name__ == "__main__":
    main()
